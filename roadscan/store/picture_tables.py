"""The tables of kept pictures, of those there are not, and of the objections against them."""

from sqlalchemy import (
    Column,
    Float,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from roadscan.store.tables import metadata

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
