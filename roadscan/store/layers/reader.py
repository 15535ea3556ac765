"""Reads served features, as prepared GeoJSON or as the values of their fields."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache
from operator import itemgetter
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from cachetools import LRUCache, cached
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Row,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
)

from roadscan.model.arrays import Ints
from roadscan.store.layers.dialects import Spatial, listed, numbers_of
from roadscan.store.layers.feature_tables import (
    EDITION_BITS,
    FEATURES,
    edition_layers,
    editions,
    own_columns,
)
from roadscan.store.layers.selection import NOTHING, Layer, Selection, ServedFeature, Source, clause

ROWS_AT_ONCE: Final = 2000
"""Few enough that a concurrent writer waits only milliseconds."""
CACHE_BYTES: Final = 64 << 20
"""Cache size for the results of selections, which the next page or client requests again."""
KEY_BYTES: Final = 8 << 10
"""Size of the longest filter, added for each cached result."""

FindFeatures = Callable[[Connection, Spatial, Layer, Selection], Ints]


class LayerReader:
    """A snapshot of the served layers; see `LayerStore.reading`."""

    def __init__(self, db: Connection, spatial: Spatial, find: FindFeatures) -> None:
        self._db = db
        self._spatial = spatial
        self._find = find

    def layers(self, collection: str) -> tuple[Layer, ...]:
        """Return this layer of every survey, newest survey first; empty if a survey lacks it."""
        return tuple(_layer(row) for row in self._db.execute(_layers_of(collection)).mappings())

    def count(self, layer: Layer, selection: Selection) -> int:
        """Return the number of features that a selection finds."""
        return layer.features if selection == Selection() else len(self._numbers(layer, selection))

    def places(self, layer: Layer, selection: Selection, after: int | None, limit: int) -> Ints:
        """Return the places of the next features after a place; None starts at the first."""
        begin = 0 if after is None else after + 1
        if selection == Selection() and layer.places == layer.features:
            return np.arange(begin, min(begin + limit, layer.features))
        found = self._numbers(layer, selection) - (layer.edition << EDITION_BITS)
        first = int(np.searchsorted(found, begin))
        return found[first : first + limit]

    def geojson(self, layer: Layer, places: Ints) -> str:
        """Return the features at ascending places as one text, separated by commas."""
        at = self._at(layer, places)
        return self._db.scalar(_texts(self._spatial, layer.collection, at.which), at.where) or ""

    def page(self, layer: Layer, places: Ints) -> list[ServedFeature]:
        """Return the features at ascending places."""
        at = self._at(layer, places)
        query = _placed(self._spatial, layer.collection, at.which)
        rows = self._db.execute(query, at.where).all()
        first = layer.edition << EDITION_BITS
        # sorted here, as a database sorts whole rows, which is slow
        return [
            ServedFeature(number - first, *rest)
            for number, *rest in sorted(rows, key=itemgetter(0))
        ]

    def feature(self, layer: Layer, feature_id: str) -> ServedFeature:
        """Return one feature; KeyError without one of this id."""
        if "\0" in feature_id:  # PostgreSQL rejects such text
            raise KeyError(feature_id)
        table = FEATURES[layer.collection]
        query = select(table.c.number, table.c.geojson, table.c.geometry_wkb).where(
            _of_edition(layer), own_columns(layer.collection)[0] == feature_id
        )
        row = self._db.execute(query).first()
        if row is None:
            raise KeyError(feature_id)
        return ServedFeature(row[0] - (layer.edition << EDITION_BITS), row[1], row[2])

    def values(
        self,
        layer: Layer,
        selection: Selection,
        names: tuple[str, ...] | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> Iterator[Row[Any]]:
        """Yield the geometry (WKB in CRS84) and then the fields of features, in their order.

        `names` selects fields; `after` (a place) and `limit` select features.
        """
        table = FEATURES[layer.collection]
        columns = [c for c in own_columns(layer.collection) if names is None or c.name in names]
        places = self.places(layer, selection, after, layer.features if limit is None else limit)
        at = self._at(layer, places)
        query = select(table.c.geometry_wkb, *columns).where(at.which(self._spatial, table))
        query, streamed = query.order_by(table.c.number), {"yield_per": ROWS_AT_ONCE}
        with self._db.execute(query, at.where, execution_options=streamed) as found:
            yield from found

    def _numbers(self, layer: Layer, selection: Selection) -> Ints:
        return self._find(self._db, self._spatial, layer, selection)

    def _at(self, layer: Layer, places: Ints) -> "_At":
        numbers = (places + (layer.edition << EDITION_BITS)).tolist()
        if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
            return _At(_in_a_row, {"first": numbers[0], "last": numbers[-1]})
        return _At(_among, {"numbers": self._spatial.packed(numbers)})


def cached_finder() -> FindFeatures:
    """Return `_find_features` with an LRU cache, limited by bytes and safe to share by threads."""
    found: LRUCache[Any, Ints] = LRUCache(CACHE_BYTES, lambda numbers: numbers.nbytes + KEY_BYTES)
    return cached(found, key=_cache_key, lock=Lock())(_find_features)


def _cache_key(_: Connection, __: Spatial, layer: Layer, selection: Selection) -> Hashable:
    area = None if selection.area is None else shapely.to_wkb(selection.area)
    return layer.edition, layer.version, layer.collection, area, selection.condition


def _find_features(db: Connection, spatial: Spatial, layer: Layer, selection: Selection) -> Ints:
    """Return the numbers of the features that a selection finds, in ascending order."""
    table = FEATURES[layer.collection]
    within, parameters = _of_edition(layer), {}
    if selection.area is not None:
        found = spatial.within(db, table, layer.edition, selection.area)
        if selection.condition is None:
            return np.sort(found)
        within = spatial.among(table)
        parameters = {"numbers": spatial.packed(found.tolist())}
    condition = (
        true() if selection.condition is None else clause(selection.condition, table, spatial)
    )
    query = listed(select(table.c.number).where(within, condition))
    return np.sort(numbers_of(db, query, parameters))


def _of_edition(layer: Layer) -> ColumnElement[bool]:
    first = layer.edition << EDITION_BITS
    return FEATURES[layer.collection].c.number.between(first, first + (1 << EDITION_BITS) - 1)


Which = Callable[[Spatial, Table], ColumnElement[bool]]


class _At(NamedTuple):
    """A condition with parameters that selects features by number, and the parameters' values."""

    which: Which
    where: Mapping[str, Any]


def _in_a_row(_: Spatial, table: Table) -> ColumnElement[bool]:
    first, last = (bindparam(name, type_=BigInteger) for name in ("first", "last"))
    return table.c.number.between(first, last)


def _among(spatial: Spatial, table: Table) -> ColumnElement[bool]:
    return spatial.among(table)


# Statements are cached: building one takes longer than running it.


@cache
def _texts(spatial: Spatial, collection: str, which: Which) -> Select[Any]:
    table = FEATURES[collection]
    query = select(table.c.geojson).where(which(spatial, table)).order_by(table.c.number)
    # joined by the database: rows of Python objects took twice as long
    return select(func.aggregate_strings(query.subquery().c.geojson, ","))


@cache
def _placed(spatial: Spatial, collection: str, which: Which) -> Select[Any]:
    table = FEATURES[collection]
    query = select(table.c.number, table.c.geojson, table.c.geometry_wkb)
    return query.where(which(spatial, table))


@cache
def _layers_of(collection: str) -> Select[Any]:
    own = (
        editions.c.edition == edition_layers.c.edition,
        edition_layers.c.collection == collection,
    )
    of_layer = (c for c in edition_layers.c if c.name not in {"edition", "collection"})
    return (
        select(*editions.c, literal(collection).label("collection"), *map(_or_nothing, of_layer))
        .outerjoin(edition_layers, and_(*own))
        .where(editions.c.served)
        .order_by(editions.c.latest_s.desc(), editions.c.survey)
    )


def _or_nothing(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column of a layer, with the value of an empty layer where it is missing."""
    if column.nullable:
        return column
    empty = 0 if isinstance(column.type, Integer) else NOTHING
    return func.coalesce(column, empty).label(column.name)


def _layer(found: RowMapping) -> Layer:
    source = Source(
        found["survey"],
        found["scheme"],
        found["scheme_version"],
        found["crs_epsg"],
        found["latest_s"],
    )
    bounds = (found["west"], found["south"], found["east"], found["north"])
    return Layer(
        found["collection"],
        found["edition"],
        source,
        found["features"],
        found["version"],
        None if bounds[0] is None else bounds,
        None if found["from_s"] is None else (found["from_s"], found["to_s"]),
        found["places"],
    )
