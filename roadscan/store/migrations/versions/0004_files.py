"""Files that staff have sent in, and where they lay before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "files",
        sa.Column("sha256", sa.String(), primary_key=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False, index=True),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_s", sa.Float(), nullable=False, index=True),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.Column("purged_s", sa.Float()),
        sa.Column("upload_id", sa.String(), nullable=False),
    )
    op.create_table(
        "file_places",
        sa.Column("drop_id", sa.String(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False, index=True),
        sa.Column("drop_files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drop_id", "folder", "name", "sha256"),
    )
