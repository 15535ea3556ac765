"""The tables on SQLite and PostgreSQL; those of the layers are in layers/feature_tables.py."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
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
    Column("kind", String, nullable=False, server_default="road"),
    Column("contraflow", Boolean, nullable=False, server_default=false()),
    # null in networks that were read before these were stored
    Column("register", JSON),
    Column("junctions", JSON),
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
    Column("vehicle", String, nullable=False, server_default="car"),
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
    Column("pass_number", Integer, nullable=False, server_default="0"),
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
    Column("pass_number", Integer, nullable=False, server_default="0"),
    Column("cells", LargeBinary, nullable=False),
    PrimaryKeyConstraint(
        "drive_id", "settings_sha256", "number", "usable", "link_id", "direction", "pass_number"
    ),
)

surveys = Table(
    "surveys",
    metadata,
    Column("survey", Text, primary_key=True),
    Column("network_sha256", String, nullable=False),
    Column("model_name", String, nullable=False),
    Column("model_kinds", JSON, nullable=False),
    Column("scheme_text", Text, nullable=False),
    Column("hit_rates", JSON),
)

survey_drives = Table(
    "survey_drives",
    metadata,
    Column("survey", Text, nullable=False),
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    # the change of the survey (scorings.wanted) that only added this drive, if any
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


accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("created_s", Float, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("account_id", String, nullable=False, index=True),
    Column("expires_s", Float, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("account_id", String, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("role", String, nullable=False),
    Column("secret_sha256", String, nullable=False, unique=True),
    Column("created_s", Float, nullable=False),
    Column("expires_s", Float, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("expires_s", Float, nullable=False),
)

outside_logins = Table(
    "outside_logins",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account_id", String, nullable=False, unique=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Float, nullable=False, index=True),
    Column("name_key", Text, nullable=False),
    Column("address", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", Text, nullable=False),
)


files = Table(
    "files",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("survey", Text, nullable=False),
    Column("owner_id", String, nullable=False, index=True),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_s", Float, nullable=False, index=True),
    Column("taken_by", String, nullable=False),
    Column("purged_s", Float),
    Column("upload_id", String, nullable=False),
)

file_places = Table(
    "file_places",
    metadata,
    Column("drop_id", String, nullable=False),
    Column("folder", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("survey", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("drop_files", Integer, nullable=False),
    PrimaryKeyConstraint("drop_id", "folder", "name", "sha256", "survey"),
)

# a file is stored once, but each survey that it was sent for works it, or withdraws it, by itself
survey_files = Table(
    "survey_files",
    metadata,
    Column("sha256", String, nullable=False),
    Column("survey", Text, nullable=False),
    Column("owner_id", String, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_s", Float, nullable=False),
    Column("taken_by", String, nullable=False),
    Column("vehicle", String, nullable=False, server_default="car"),
    PrimaryKeyConstraint("sha256", "survey"),
)


scorings = Table(
    "scorings",
    metadata,
    Column("survey", Text, primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("ended_s", Float, nullable=False),
    Column("took_s", Float, nullable=False),
)


pictures = Table(
    "pictures",
    metadata,
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("frame_t_s", Float, nullable=False, index=True),
    Column("view", String, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("scale", Float, nullable=False),
    Column("footprint_wkb", LargeBinary, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "frame_t_s"),
)

refused_pictures = Table(
    "refused_pictures",
    metadata,
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number", "reason"),
)

objections = Table(
    "objections",
    metadata,
    Column("mask_id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("outline_wkb", LargeBinary, nullable=False),
)


review_decisions = Table(
    "review_decisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("verdict", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("undoes", Integer, index=True),
    Column("survey", Text, nullable=False, index=True),
    Column("damage_id", String, nullable=False),
    Column("segment_id", String, nullable=False),
    Column("kind_before", String, nullable=False),
)

review_boxes = Table(
    "review_boxes",
    metadata,
    Column("decision", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("drive_id", String, nullable=False),
    Column("frame_t_s", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("x1", Float, nullable=False),
    Column("y1", Float, nullable=False),
    Column("x2", Float, nullable=False),
    Column("y2", Float, nullable=False),
    PrimaryKeyConstraint("decision", "position"),
    Index("ix_review_boxes_frame", "drive_id", "frame_t_s"),
)


network_versions = Table(
    "network_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("network_sha256", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("put_by", Text, nullable=False),
    Column("at_s", Float, nullable=False),
)

# one row: when a worker last saw the clock, and how far it moved on while none saw it
town_clock = Table(
    "town_clock",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("seen_s", Float, nullable=False),
    Column("unconfirmed_s", Float, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("worker_id", String, primary_key=True),
    Column("beat_s", Float, nullable=False),
    Column("scheduled_s", Float),
    Column("setbacks", Text, nullable=False, server_default="[]"),
)


traces = Table(
    "traces",
    metadata,
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    Column("every_m", Float, nullable=False),
    Column("pictures", Text, nullable=False),
    Column("format", String, nullable=False),
    Column("fixes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256"),
)

found_frames = Table(
    "found_frames",
    metadata,
    Column("drive_id", String, nullable=False),
    Column("settings_sha256", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("frames", LargeBinary, nullable=False),
    PrimaryKeyConstraint("drive_id", "settings_sha256", "number"),
)
