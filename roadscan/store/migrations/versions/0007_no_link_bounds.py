"""Without the R*Tree over the links: what is searched by place are the served features."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Remove it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE link_bounds")
