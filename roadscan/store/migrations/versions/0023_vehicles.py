"""A drive has a vehicle, and a link a kind: not every vehicle drives everywhere."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the columns: so far everything was a road and driven by car."""
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.String()
    op.add_column("links", sa.Column("kind", text, nullable=False, server_default="road"))
    op.add_column(
        "links",
        sa.Column("contraflow", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("drives", sa.Column("vehicle", text, nullable=False, server_default="car"))
