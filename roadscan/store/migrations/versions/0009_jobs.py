"""Which surveys have to be scored, and what the last scoring of each took."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "scorings",
        sa.Column("survey", sa.Text(), primary_key=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("ended_s", sa.Float(), nullable=False),
        sa.Column("took_s", sa.Float(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE "scorings" ALTER "survey" TYPE text COLLATE "C"')
