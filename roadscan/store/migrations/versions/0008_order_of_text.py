"""Text in PostgreSQL in the order of its code points, as SQLite and Python have it.

The order of the database's own language differs from town to town, and with it what a filter
finds and in which order lanes are added up.
"""

from itertools import groupby

from alembic import op

revision = "0008"
down_revision = "0007"

_TEXTS = """
SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
USING (table_schema, table_name) WHERE table_schema = current_schema()
AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying')
AND table_name NOT IN ('alembic_version', 'spatial_ref_sys') ORDER BY 1, 2
"""


def upgrade() -> None:
    """Name the order."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for table, texts in groupby(bind.exec_driver_sql(_TEXTS).all(), key=lambda row: row[0]):
        changes = ", ".join(f'ALTER "{name}" TYPE text COLLATE "C"' for _, name in texts)
        op.execute(f'ALTER TABLE "{table}" {changes}')
