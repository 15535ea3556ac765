"""The table of which surveys have to be scored."""

from sqlalchemy import Column, Float, Integer, Table, Text

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
