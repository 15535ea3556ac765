"""Spatial queries and other SQL that differ between SQLite and PostgreSQL, a class for each.

SQLite has an R*Tree for each table, with the edition as a third dimension, so that layers of
earlier surveys of the same streets cost nothing; a Python function makes the exact test.
PostgreSQL has a PostGIS geometry generated from the same WKB, with a GiST index.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, Protocol

import numpy as np
import shapely
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    Engine,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    table,
)

from roadscan.model.arrays import Floats, Ints


class Spatial(Protocol):
    """The SQL of a database for spatial queries and text."""

    def __hash__(self) -> int:
        """Return a hash, as instances are keys of the statement caches."""

    def begin_reading(self, db: Connection) -> None:
        """Start a snapshot that lasts until the connection is returned."""

    def put_bounds(
        self, db: Connection, features: Table, edition: int, numbers: Sequence[int], bounds: Floats
    ) -> None:
        """Index bounds (n x 4 in CRS84: west, south, east, north); NaN without a geometry."""

    def remove_bounds(self, db: Connection, features: Table, first: int, last: int) -> None:
        """Remove the bounds of a range of features."""

    def gather_statistics(self, db: Connection, features: Table) -> None:
        """Update the query planner's statistics after a bulk insert."""

    def within(self, db: Connection, features: Table, edition: int, area: shapely.Geometry) -> Ints:
        """Return the features of an edition that intersect an area, or have no geometry."""

    def intersects(self, features: Table, area: shapely.Geometry) -> ColumnElement[bool]:
        """Return the condition that a feature intersects an area, in any edition."""

    def among(self, features: Table) -> ColumnElement[bool]:
        """Return the condition that a feature is in the parameter `numbers`; see `packed`."""

    def packed(self, numbers: list[int]) -> str:
        """Return numbers as one parameter."""

    def like(self, text: Column[Any], pattern: str) -> ColumnElement[bool]:
        """Return the condition that text matches a LIKE pattern; case-sensitive."""


def spatial_of(engine: Engine) -> Spatial:
    """Return the SQL for the database of an engine."""
    return _SPATIAL[engine.dialect.name]


def listed(query: Select[Any]) -> Select[Any]:
    """Return a query for the numbers that another query finds, unordered, as one text.

    Creating a Python object for each row took longer than finding them.
    """
    numbers = query.subquery().c[0]
    return select(func.aggregate_strings(cast(numbers, Text), ","))


def numbers_of(db: Connection, query: Select[Any], parameters: Mapping[str, Any]) -> Ints:
    """Return the numbers that a query made by `listed` finds."""
    return np.fromstring(db.scalar(query, parameters) or "", np.int64, sep=",")


_EDGES: Final = ("west", "south", "east", "north")
_ASKED: Final = {name: bindparam(name, type_=Double) for name in _EDGES}
"""The edges of the requested area, as parameters."""
_EVERYWHERE: Final = np.array([-1e9, -1e9, 1e9, 1e9])
TESTED_AT_ONCE: Final = 10_000
"""Geometries tested against an area in one batch."""


class _Sqlite:
    def begin_reading(self, db: Connection) -> None:
        if "intersects" not in db.connection.info:
            driver: Any = db.connection.driver_connection
            driver.create_function("roadscan_intersects", 2, _intersects, deterministic=True)
            db.connection.info["intersects"] = True
        db.exec_driver_sql("BEGIN")

    def put_bounds(
        self, db: Connection, features: Table, edition: int, numbers: Sequence[int], bounds: Floats
    ) -> None:
        # OGC API - Features: a bbox also selects features without a geometry
        boxes = np.where(np.isnan(bounds), _EVERYWHERE, bounds)[:, [0, 2, 1, 3]].tolist()
        names = ("number", "west", "east", "south", "north", "edition_from", "edition_to")
        placed = [
            dict(zip(names, (number, *box, edition, edition), strict=True))
            for number, box in zip(numbers, boxes, strict=True)
        ]
        db.execute(insert(_bounds(features)), placed)

    def remove_bounds(self, db: Connection, features: Table, first: int, last: int) -> None:
        bounds = _bounds(features)
        db.execute(delete(bounds).where(bounds.c.number.between(first, last)))

    def gather_statistics(self, db: Connection, features: Table) -> None:
        """Do nothing: the order of these queries does not depend on statistics."""

    def within(self, db: Connection, features: Table, edition: int, area: shapely.Geometry) -> Ints:
        if shapely.is_empty(area):
            return np.array([], np.int64)
        # bounds inside a box suffice without the geometry, as the tree rounds bounds outwards
        is_box = shapely.area(area) > 0 and shapely.box(*shapely.bounds(area)).equals(area)
        near_by = _near_box if is_box else _near_area
        placed = numbers_of(db, near_by(features), {"edition": edition} | _edges(area))
        found, near = [placed[placed & 1 == 1] >> 1], placed[placed & 1 == 0] >> 1
        shapely.prepare(area)
        for begin in range(0, len(near), TESTED_AT_ONCE):
            some = near[begin : begin + TESTED_AT_ONCE]
            rows = db.execute(_shapes(features), {"numbers": self.packed(some.tolist())}).all()
            shapes = shapely.from_wkb([wkb for _, wkb in rows])
            touches = shapely.is_missing(shapes) | shapely.intersects(area, shapes)
            found.append(np.array([number for number, _ in rows], np.int64)[touches])
        return np.concatenate(found)

    def intersects(self, features: Table, area: shapely.Geometry) -> ColumnElement[bool]:
        bounds = _bounds(features)
        edges = {name: literal(value) for name, value in _edges(area).items()}
        near = select(bounds.c.number).where(_overlaps(bounds, edges))
        return and_(features.c.number.in_(near), _touches(features, area))

    def among(self, features: Table) -> ColumnElement[bool]:
        listed = func.json_each(bindparam("numbers", type_=Text)).table_valued("value")
        return features.c.number.in_(select(listed.c.value))

    def packed(self, numbers: list[int]) -> str:
        return json.dumps(numbers)

    def like(self, text: Column[Any], pattern: str) -> ColumnElement[bool]:
        return text.op("GLOB", is_comparison=True)(_glob(pattern))


class _Postgis:
    def begin_reading(self, db: Connection) -> None:
        db.execution_options(isolation_level="REPEATABLE READ")

    def put_bounds(
        self, db: Connection, features: Table, edition: int, numbers: Sequence[int], bounds: Floats
    ) -> None:
        """Do nothing: the geometry is generated from the WKB, and indexed."""

    def remove_bounds(self, db: Connection, features: Table, first: int, last: int) -> None:
        """Do nothing: the index follows the table."""

    def gather_statistics(self, db: Connection, features: Table) -> None:
        db.exec_driver_sql(f"ANALYZE {features.name}")

    def within(self, db: Connection, features: Table, edition: int, area: shapely.Geometry) -> Ints:
        parameters = {"edition": edition, "area": shapely.to_wkb(area)}
        return numbers_of(db, _within_area(features), parameters)

    def intersects(self, features: Table, area: shapely.Geometry) -> ColumnElement[bool]:
        return _geom_intersects(features, literal(shapely.to_wkb(area)))

    def among(self, features: Table) -> ColumnElement[bool]:
        listed = bindparam("numbers", type_=Text)
        return features.c.number == any_(cast(listed, ARRAY(BigInteger)))

    def packed(self, numbers: list[int]) -> str:
        # as text: the driver writes the numbers of an array one by one
        return "{" + ",".join(map(str, numbers)) + "}"

    def like(self, text: Column[Any], pattern: str) -> ColumnElement[bool]:
        open_end = (len(pattern) - len(pattern.rstrip("\\"))) % 2
        return text.like(pattern + "\\" * open_end, escape="\\")


@cache
def _within_area(features: Table) -> Select[Any]:
    return listed(
        select(features.c.number).where(
            # an expression, so that no index is used: a bitmap of the whole edition was slowest
            features.c.number.bitwise_rshift(literal(32, Integer)) == bindparam("edition"),
            # on the indexed column itself, or the index would not be used for either
            or_(
                _geom(features).is_(None),
                _geom_intersects(features, bindparam("area", type_=LargeBinary)),
            ),
        )
    )


def _geom_intersects(features: Table, area_wkb: ColumnElement[Any]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = func.ST_Intersects(
        _geom(features), func.ST_GeomFromWKB(area_wkb, 4326)
    )
    return found


def _geom(features: Table) -> ColumnElement[Any]:
    return literal_column(f"{features.name}.geom")


_SPATIAL: Final[dict[str, Spatial]] = {"sqlite": _Sqlite(), "postgresql": _Postgis()}


@cache
def _bounds(features: Table) -> Any:
    names = ("west", "east", "south", "north", "edition_from", "edition_to")
    return table(
        f"{features.name}_bounds", column("number", BigInteger), *(column(name) for name in names)
    )


def _edges(area: shapely.Geometry) -> dict[str, float]:
    return dict(zip(_EDGES, shapely.bounds(area).tolist(), strict=True))


# Statements are cached: building one takes longer than running it.


@cache
def _near_box(features: Table) -> Select[Any]:
    """Find features near a box: twice the number, plus one if it certainly lies inside."""
    bounds = _bounds(features)
    inside = and_(
        bounds.c.west >= _ASKED["west"],
        bounds.c.east <= _ASKED["east"],
        bounds.c.south >= _ASKED["south"],
        bounds.c.north <= _ASKED["north"],
    )
    return _near(features, cast(inside, Integer))


@cache
def _near_area(features: Table) -> Select[Any]:
    """Find features near an area: twice the number, as none lies inside for certain."""
    return _near(features, literal(0))


def _near(features: Table, inside: ColumnElement[int]) -> Select[Any]:
    bounds = _bounds(features)
    # one query of the tree, so the flag is packed into the number
    query = select(2 * bounds.c.number + inside).where(
        bounds.c.edition_from <= bindparam("edition"),
        bounds.c.edition_to >= bindparam("edition"),
        _overlaps(bounds, _ASKED),
    )
    return listed(query)


@cache
def _shapes(features: Table) -> Select[Any]:
    query = select(features.c.number, features.c.geometry_wkb)
    return query.where(_SPATIAL["sqlite"].among(features))


def _overlaps(bounds: Any, edges: Mapping[str, ColumnElement[float]]) -> ColumnElement[bool]:
    return and_(
        bounds.c.west <= edges["east"],
        bounds.c.east >= edges["west"],
        bounds.c.south <= edges["north"],
        bounds.c.north >= edges["south"],
    )


def _touches(features: Table, area: shapely.Geometry) -> ColumnElement[bool]:
    wkb: ColumnElement[Any] = bindparam(None, shapely.to_wkb(area), unique=True)
    found: ColumnElement[bool] = func.roadscan_intersects(features.c.geometry_wkb, wkb)
    return found


def _intersects(geometry_wkb: bytes | None, area_wkb: bytes) -> bool | None:
    if geometry_wkb is None:
        return None
    return bool(shapely.intersects(_prepared(area_wkb), shapely.from_wkb(geometry_wkb)))


@lru_cache(maxsize=64)
def _prepared(wkb: bytes) -> shapely.Geometry:
    area = shapely.from_wkb(wkb)
    shapely.prepare(area)
    return area


def _glob(pattern: str) -> str:
    """Return a LIKE pattern as a GLOB pattern: SQLite's own LIKE ignores case."""
    found, letters = [], iter(pattern)
    for letter in letters:
        plain = next(letters, letter) if letter == "\\" else None
        if plain is None and letter in "%_":
            found.append({"%": "*", "_": "?"}[letter])
        else:
            taken = plain or letter
            found.append(f"[{taken}]" if taken in "*?[" else taken)
    return "".join(found)
