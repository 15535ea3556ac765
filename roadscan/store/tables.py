"""The tables, as SQLite and PostgreSQL share them; bounds for searching are each one's own."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

metadata = MetaData()

networks = Table(
    "networks",
    metadata,
    Column("network_sha256", String, primary_key=True),
    Column("crs_epsg", Integer, nullable=False),
    Column("source", Text, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("network_sha256", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("link_id", String, nullable=False),
    Column("street", Text, nullable=False),
    Column("street_key", Text, nullable=False),
    Column("road_class", String, nullable=False),
    Column("surface", String, nullable=False),
    Column("lane_width_m", Float, nullable=False),
    Column("lane_width_source", String, nullable=False),
    Column("forward", Boolean, nullable=False),
    Column("backward", Boolean, nullable=False),
    Column("outside_town", Boolean, nullable=False),
    Column("level", Integer, nullable=False),
    Column("geometry_wkb", LargeBinary, nullable=False),
    PrimaryKeyConstraint("network_sha256", "number"),
)

drives = Table(
    "drives",
    metadata,
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    Column("survey", Text, nullable=False),
    Column("started_s", Float, nullable=False),
    Column("ended_s", Float, nullable=False),
    Column("length_m", Float, nullable=False),
    Column("track_name", Text, nullable=False),
    Column("track_sha256", String, nullable=False),
    Column("model_name", String, nullable=False),
    Column("model_sha256", String, nullable=False),
    Column("video", JSON, nullable=False),
    Column("clock", JSON, nullable=False),
    Column("camera", JSON, nullable=False),
    Column("path_wkb", LargeBinary, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256"),
)


def _chunk_key() -> tuple[Column[str], Column[str], Column[int]]:
    return (
        Column("drive_id", String, nullable=False),
        Column("settings_sha256", String, nullable=False),
        Column("number", Integer, nullable=False),
    )


chunks = Table(
    "chunks",
    metadata,
    *_chunk_key(),
    Column("from_video_s", Float, nullable=False),
    Column("to_video_s", Float, nullable=False),
    Column("planned", Integer, nullable=False),
    Column("decoded", Integer, nullable=False),
    Column("usable", Integer, nullable=False),
    Column("rejected", JSON, nullable=False),
    Column("detections", Integer, nullable=False),
    Column("observed", Integer, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number"),
)


def _box() -> tuple[Column[float], ...]:
    return tuple(Column(name, Float, nullable=False) for name in ("x1", "y1", "x2", "y2"))


observations = Table(
    "observations",
    metadata,
    *_chunk_key(),
    Column("position", Integer, nullable=False),
    Column("frame_t_s", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("link_id", String, nullable=False, index=True),
    Column("direction", String, nullable=False),
    Column("from_offset_m", Float, nullable=False),
    Column("to_offset_m", Float, nullable=False),
    Column("left_min_m", Float, nullable=False),
    Column("left_max_m", Float, nullable=False),
    Column("accuracy_m", Float, nullable=False),
    *_box(),
    Column("box_number", Integer, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "position"),
)

rejected_boxes = Table(
    "rejected_boxes",
    metadata,
    *_chunk_key(),
    Column("position", Integer, nullable=False),
    Column("frame_t_s", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("confidence", Float, nullable=False),
    *_box(),
    Column("reason", String, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "position"),
)

grids = Table(
    "grids",
    metadata,
    *_chunk_key(),
    Column("usable", Boolean, nullable=False),
    Column("link_id", String, nullable=False, index=True),
    Column("direction", String, nullable=False),
    Column("cells", LargeBinary, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "usable", "link_id", "direction"),
)

surveys = Table(
    "surveys",
    metadata,
    Column("survey", Text, primary_key=True),
    Column("network_sha256", String, nullable=False),
    Column("model_name", String, nullable=False),
    Column("model_kinds", JSON, nullable=False),
    Column("scheme_text", Text, nullable=False),
)

survey_drives = Table(
    "survey_drives",
    metadata,
    Column("survey", Text, nullable=False),
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    # the change of the survey (scorings.wanted) that was this drive's coming and nothing else
    Column("change", Integer),
    PrimaryKeyConstraint("survey", "drive_id"),
)

results = Table(
    "results",
    metadata,
    Column("survey", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("segment_id", String, nullable=False, index=True),
    Column("segment", JSON, nullable=False),
    Column("result", JSON, nullable=False),
    PrimaryKeyConstraint("survey", "number"),
)

damages = Table(
    "damages",
    metadata,
    Column("survey", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("damage_id", String, nullable=False),
    Column("segment_id", String, nullable=False, index=True),
    Column("damage", JSON, nullable=False),
    PrimaryKeyConstraint("survey", "number"),
)
