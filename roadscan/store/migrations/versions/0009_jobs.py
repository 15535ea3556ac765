"""What jobs leave and are told: scorings asked for, checks of drives, a town's settings.

With it, where along the road a picture was taken that is kept whatever it shows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXTS = {
    "scorings": ("survey",),
    "drive_checks": ("check_id", "video_sha256"),
    "town_settings": ("name",),
    "road_pictures": ("drive_id", "settings_sha256", "link_id", "direction"),
}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "scorings",
        sa.Column("survey", sa.Text(), primary_key=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("ended_s", sa.Float(), nullable=False),
        sa.Column("took_s", sa.Float(), nullable=False),
    )
    op.create_table(
        "drive_checks",
        sa.Column("check_id", sa.String(), primary_key=True),
        sa.Column("video_sha256", sa.String(), nullable=False),
        sa.Column("made_s", sa.Float(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
    )
    op.create_index("ix_drive_checks_video_sha256", "drive_checks", ["video_sha256"])
    op.create_table(
        "town_settings",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.JSON(), nullable=False),
    )
    op.create_table(
        "road_pictures",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("offset_m", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "frame_t_s"),
    )
    op.create_index("ix_road_pictures_link_id", "road_pictures", ["link_id"])
    if op.get_bind().dialect.name == "postgresql":
        for table, names in _TEXTS.items():
            changes = ", ".join(f'ALTER "{name}" TYPE text COLLATE "C"' for name in names)
            op.execute(f'ALTER TABLE "{table}" {changes}')
