"""Which served features have no geometry, as an index: a box finds them too.

The index of geometries was looked through as a whole for them, which took a third of a box's time.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

_TABLES = ("served_segments", "served_damages", "served_drives", "served_cells")


def upgrade() -> None:
    """Make the index on PostgreSQL; SQLite's tree has them everywhere."""
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"CREATE INDEX ix_{table}_nowhere ON {table} (number) WHERE geom IS NULL")
