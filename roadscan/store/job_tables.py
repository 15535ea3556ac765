"""The tables of what jobs leave and are told: scorings, checks of drives, a town's settings."""

from sqlalchemy import JSON, Column, Float, Integer, String, Table, Text

from roadscan.store.tables import metadata

scorings = Table(
    "scorings",
    metadata,
    Column("survey", Text, primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("ended_s", Float, nullable=False),
    Column("took_s", Float, nullable=False),
)

drive_checks = Table(
    "drive_checks",
    metadata,
    Column("check_id", String, primary_key=True),
    Column("video_sha256", String, nullable=False, index=True),
    Column("made_s", Float, nullable=False),
    Column("result", JSON, nullable=False),
)

town_settings = Table(
    "town_settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
)
