"""Kept pictures, those there are not, and the objections against them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pictures",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("scale", sa.Float(), nullable=False),
        sa.Column("footprint_wkb", sa.LargeBinary(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "frame_t_s"),
    )
    op.create_index("ix_pictures_frame_t_s", "pictures", ["frame_t_s"])
    op.create_table(
        "refused_pictures",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "reason"),
    )
    op.create_table(
        "objections",
        sa.Column("mask_id", sa.String(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outline_wkb", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    for table in ("objections", "refused_pictures", "pictures"):
        op.drop_table(table)
