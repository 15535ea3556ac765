"""The first tables, and the R*Tree over the links."""

from alembic import op

from roadscan.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind())
    op.execute("CREATE VIRTUAL TABLE link_bounds USING rtree (id, west, east, south, north)")


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE link_bounds")
    metadata.drop_all(op.get_bind())
