"""Why cells of a segment were not seen, in what is served; filled when a survey is scored anew."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"


def upgrade() -> None:
    """Add the column, its text ordered by code points as all text (0008)."""
    op.add_column("served_segments", sa.Column("lost", sa.Text()))
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE "served_segments" ALTER "lost" TYPE text COLLATE "C"')
