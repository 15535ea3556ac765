"""Surveys keep the hit rates of their model; segments show the errors of their scores."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the columns; what was scored before shows no errors until it is scored again."""
    op.add_column("surveys", sa.Column("hit_rates", sa.JSON()))
    for name in ("score_low", "score_high", "class_probability"):
        op.add_column("served_segments", sa.Column(name, sa.Float()))
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("served_segments", sa.Column("finding", text))
