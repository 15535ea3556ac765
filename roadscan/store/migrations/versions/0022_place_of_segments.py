"""Segments show how well their place is known, and what is wrong with it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns; what was scored before shows neither until it is scored again."""
    op.add_column("served_segments", sa.Column("accuracy_m", sa.Float()))
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("served_segments", sa.Column("concern", text))
