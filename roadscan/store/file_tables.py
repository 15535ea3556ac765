"""The tables of the files that were sent in, and of where they lay before."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from roadscan.store.tables import metadata

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
    Column("drop_files", Integer, nullable=False),
    PrimaryKeyConstraint("drop_id", "folder", "name", "sha256"),
)
