"""Workers say when their scheduler last ran, and what it could not schedule."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the columns; each worker fills them as soon as it runs."""
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("workers", sa.Column("scheduled_s", sa.Float))
    op.add_column("workers", sa.Column("setbacks", text, nullable=False, server_default="[]"))
