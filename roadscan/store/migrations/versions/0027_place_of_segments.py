"""Segments show how well their place is known, and what is wrong with it."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the columns; all is scored again: what passes found counts otherwise now."""
    op.add_column("served_segments", sa.Column("accuracy_m", sa.Float()))
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("served_segments", sa.Column("concern", text))
    op.execute("UPDATE editions SET stale = true")
    op.execute("UPDATE scorings SET wanted = wanted + 1")
