"""Whoever sends a drive says which vehicle drove."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the column: what was sent before was driven by car."""
    # sorted by code points, as every text is (migration 0017)
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.String()
    column = sa.Column("vehicle", text, nullable=False, server_default="car")
    op.add_column("survey_files", column)
