"""Selections of features: conditions that depend on no query language, and their SQL.

Values are bound parameters and names are columns of the layer's table: no external text
becomes part of a statement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

import shapely
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Double,
    Integer,
    Table,
    and_,
    false,
    literal,
    not_,
    or_,
    true,
)

from roadscan.store.layers.dialects import Spatial

Value = str | float | bool


class Operator(StrEnum):
    """Comparison of a property with a value."""

    EQ = "="
    NE = "<>"
    LT = "<"
    GT = ">"
    LE = "<="
    GE = ">="


_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], ColumnElement[bool]]]] = {
    Operator.EQ: lambda column, value: column == value,
    Operator.NE: lambda column, value: column != value,
    Operator.LT: lambda column, value: column < value,
    Operator.GT: lambda column, value: column > value,
    Operator.LE: lambda column, value: column <= value,
    Operator.GE: lambda column, value: column >= value,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """A property compares with a value."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Like:
    """Text matches a pattern: % any characters, _ one; a backslash escapes the next character."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """A property has one of some values."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """A property has no value."""

    field: str


@dataclass(frozen=True, slots=True)
class Intersects:
    """The geometry intersects an area in CRS84; WKB, so that equal conditions compare equal."""

    area_wkb: bytes


@dataclass(frozen=True, slots=True)
class Both:
    """All conditions hold."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """At least one condition holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """A condition does not hold; for a property without a value both are unknown, as in SQL."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Always:
    """TRUE or FALSE."""

    holds: bool


Condition = Compare | Like | OneOf | IsNull | Intersects | Both | Either | Not | Always


def clause(condition: Condition, table: Table, spatial: Spatial) -> ColumnElement[bool]:  # noqa: PLR0911 -- one line for each kind of condition
    """Return the SQL of a condition; KeyError for a property that the layer does not have."""
    match condition:
        case Compare(field, operator, value):
            return _COMPARE[operator](table.c[field], _bound(table.c[field], value))
        case Like(field, pattern):
            return spatial.like(table.c[field], pattern)
        case OneOf(field, values):
            return table.c[field].in_([_bound(table.c[field], value) for value in values])
        case IsNull(field):
            return table.c[field].is_(None)
        case Intersects(area_wkb):
            return spatial.intersects(table, shapely.from_wkb(area_wkb))
        case Both(parts):
            return and_(true(), *(clause(part, table, spatial) for part in parts))
        case Either(parts):
            return or_(false(), *(clause(part, table, spatial) for part in parts))
        case Not(part):
            return not_(clause(part, table, spatial))
        case Always(holds):
            return true() if holds else false()


def _bound(column: Column[Any], value: Value) -> Any:
    """Bind a number as it is: PostgreSQL rejects one too large for the column, and rounds 1.5."""
    if isinstance(column.type, Integer) and not isinstance(value, str):
        return literal(value, BigInteger() if isinstance(value, int) else Double())
    return value


NOTHING: Final = "nothing"
"""The version of a layer that was never written and is therefore empty."""


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature to be served."""

    feature_id: str
    geojson: str
    """The whole feature in CRS84, with its geometry as the last member."""
    geometry_wkb: bytes | None
    """In CRS84, not rounded."""
    values: Mapping[str, Any]
    """Values by the names of its layer's fields."""


@dataclass(frozen=True, slots=True)
class Source:
    """The survey that layers were made from."""

    survey: str
    scheme: str
    scheme_version: str
    crs_epsg: int
    latest_s: float
    """End of the last drive: the newest survey is the one with the latest."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A served layer of a survey; extent in CRS84 and UTC epoch seconds."""

    collection: str
    edition: int
    source: Source
    features: int
    version: str
    """Changes with the content, and only with it."""
    bounds_deg: tuple[float, float, float, float] | None
    interval_s: tuple[float, float] | None
    places: int
    """Number of places; exceeds the number of features after some were removed."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of a layer's features, by default all. The area is in CRS84."""

    area: shapely.Geometry | None = None
    condition: Condition | None = None


class ServedFeature(NamedTuple):
    """A feature and its place in the layer, from which the next page continues.

    A tuple: creating thousands of frozen dataclasses took longer than reading them.
    """

    place: int
    geojson: str
    geometry_wkb: bytes | None
