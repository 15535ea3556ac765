"""Which change of a survey was the coming of which drive."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column; of drives that came before it is not known, nor asked."""
    op.add_column("survey_drives", sa.Column("change", sa.Integer(), nullable=True))
