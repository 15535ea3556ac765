"""The tables of a town's own affairs: the networks in force, the workers at work."""

from sqlalchemy import Column, Float, Integer, String, Table, Text

from roadscan.store.tables import metadata

network_versions = Table(
    "network_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("network_sha256", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("put_by", Text, nullable=False),
    Column("at_s", Float, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("worker_id", String, primary_key=True),
    Column("beat_s", Float, nullable=False),
)
