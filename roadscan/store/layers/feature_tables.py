"""The tables of the served layers: one row per feature, with its GeoJSON prepared.

Features belong to an edition of their survey's layers. A new edition is written beside the one
being served, a batch at a time, and takes its place in one short transaction.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from roadscan.model.layers import LAYERS
from roadscan.model.layers.field import FieldType, LayerSchema
from roadscan.model.time import iso_utc
from roadscan.store.tables import metadata

EDITION_BITS: Final = 32
"""A feature's number is its edition, shifted by this much, plus its place in the layer."""


class UtcTime(TypeDecorator[str]):
    """A time: ISO 8601 in UTC in the program, epoch seconds in the database, for comparisons."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> float | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Return epoch seconds; ValueError if it is not a time."""
        return None if value is None else epoch_s(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Return the time as the layers show it."""
        return None if value is None else iso_utc(value)


def epoch_s(iso: str) -> float:
    """Return a time with zone as UTC epoch seconds; ValueError if it is not one."""
    time = datetime.fromisoformat(iso)
    if time.tzinfo is None:
        raise ValueError(f"{iso} has no time zone")
    return time.astimezone(UTC).timestamp()


editions = Table(
    "editions",
    metadata,
    Column("edition", Integer, primary_key=True),
    Column("survey", Text, nullable=False, index=True),
    Column("scheme", Text, nullable=False),
    Column("scheme_version", Text, nullable=False),
    Column("crs_epsg", Integer, nullable=False),
    Column("latest_s", Float, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False),
    sqlite_autoincrement=True,  # numbers are never reused
)

edition_layers = Table(
    "edition_layers",
    metadata,
    Column("edition", Integer, nullable=False),
    Column("collection", String, nullable=False),
    Column("features", Integer, nullable=False),
    Column("places", Integer, nullable=False),
    Column("version", String, nullable=False),
    Column("west", Float),
    Column("south", Float),
    Column("east", Float),
    Column("north", Float),
    Column("from_s", Float),
    Column("to_s", Float),
    PrimaryKeyConstraint("edition", "collection"),
)


SQL_TYPES: Final[Mapping[FieldType, TypeEngine[Any]]] = {
    FieldType.TEXT: Text(),
    FieldType.NUMBER: Float(),
    FieldType.INTEGER: Integer(),
    FieldType.BOOLEAN: Boolean(),
    FieldType.TIME: UtcTime(),
}


def _features(schema: LayerSchema[Any]) -> Table:
    """Return the table of a layer; its second column is the feature's id."""
    name = f"served_{schema.name}"
    number = BigInteger().with_variant(Integer, "sqlite")
    table = Table(
        name,
        metadata,
        Column("number", number, primary_key=True, autoincrement=False),
        *(Column(field.name, SQL_TYPES[field.type]) for field in schema.fields),
        Column("geometry_wkb", LargeBinary),
        Column("geojson", Text, nullable=False),
    )
    Index(f"ix_{name}_{schema.id_field}", table.c[schema.id_field], table.c.number)
    return table


FEATURES: Final[Mapping[str, Table]] = {name: _features(LAYERS[name]) for name in LAYERS}
"""The table of each layer, in the order in which they are listed."""


def own_columns(collection: str) -> tuple[Column[Any], ...]:
    """Return the columns of the properties in order; the first is the feature's id."""
    columns = FEATURES[collection].c
    return tuple(columns[field.name] for field in LAYERS[collection].fields)
