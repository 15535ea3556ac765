"""The tables of what drives are matched to another network by."""

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
