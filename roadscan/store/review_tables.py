"""The tables of what reviewers decided; rows are added, never changed."""

from sqlalchemy import Column, Float, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from roadscan.store.tables import metadata

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
