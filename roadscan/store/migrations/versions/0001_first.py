"""The first tables, and SQLite's R*Tree over the links.

Written out, not taken from tables.py: a migration stays what it was when the tables move on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "chunks",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("from_video_s", sa.Float(), nullable=False),
        sa.Column("to_video_s", sa.Float(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("decoded", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.JSON(), nullable=False),
        sa.Column("detections", sa.Integer(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number"),
    )
    op.create_table(
        "damages",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("damage_id", sa.String(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("damage", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("survey", "number"),
    )
    op.create_index("ix_damages_segment_id", "damages", ["segment_id"], unique=False)
    op.create_table(
        "drives",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("started_s", sa.Float(), nullable=False),
        sa.Column("ended_s", sa.Float(), nullable=False),
        sa.Column("length_m", sa.Float(), nullable=False),
        sa.Column("track_name", sa.Text(), nullable=False),
        sa.Column("track_sha256", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("video", sa.JSON(), nullable=False),
        sa.Column("clock", sa.JSON(), nullable=False),
        sa.Column("camera", sa.JSON(), nullable=False),
        sa.Column("path_wkb", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256"),
    )
    op.create_table(
        "grids",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "drive_id", "settings_sha256", "number", "usable", "link_id", "direction"
        ),
    )
    op.create_index("ix_grids_link_id", "grids", ["link_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("street_key", sa.Text(), nullable=False),
        sa.Column("road_class", sa.String(), nullable=False),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("lane_width_m", sa.Float(), nullable=False),
        sa.Column("lane_width_source", sa.String(), nullable=False),
        sa.Column("forward", sa.Boolean(), nullable=False),
        sa.Column("backward", sa.Boolean(), nullable=False),
        sa.Column("outside_town", sa.Boolean(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("geometry_wkb", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("network_sha256", "number"),
    )
    op.create_table(
        "networks",
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("crs_epsg", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_sha256"),
    )
    op.create_table(
        "observations",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("from_offset_m", sa.Float(), nullable=False),
        sa.Column("to_offset_m", sa.Float(), nullable=False),
        sa.Column("left_min_m", sa.Float(), nullable=False),
        sa.Column("left_max_m", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=False),
        sa.Column("x1", sa.Float(), nullable=False),
        sa.Column("y1", sa.Float(), nullable=False),
        sa.Column("x2", sa.Float(), nullable=False),
        sa.Column("y2", sa.Float(), nullable=False),
        sa.Column("box_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "position"),
    )
    op.create_index("ix_observations_link_id", "observations", ["link_id"], unique=False)
    op.create_table(
        "rejected_boxes",
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("frame_t_s", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("x1", sa.Float(), nullable=False),
        sa.Column("y1", sa.Float(), nullable=False),
        sa.Column("x2", sa.Float(), nullable=False),
        sa.Column("y2", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "position"),
    )
    op.create_table(
        "results",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("segment", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("survey", "number"),
    )
    op.create_table(
        "survey_drives",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("drive_id", sa.String(), nullable=False),
        sa.Column("settings_sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("survey", "drive_id"),
    )
    op.create_table(
        "surveys",
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("network_sha256", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_kinds", sa.JSON(), nullable=False),
        sa.Column("scheme_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("survey"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE link_bounds USING rtree (id, west, east, south, north)")
