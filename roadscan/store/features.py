"""The served features: written an edition at a time, read as ready GeoJSON.

A reader sees one edition of a survey's layers or the next, never a part of one; ids and the
places of features within a layer stay the same from one edition to the next as long as the
network does, so a client that pages through a layer meanwhile is not thrown out.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Row,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from roadscan.model.arrays import Ints
from roadscan.store import tables
from roadscan.store.conditions import Condition, clause
from roadscan.store.dialects import Spatial, listed, numbers_of, spatial_of
from roadscan.store.extents import Extent, Span
from roadscan.store.feature_tables import (
    EDITION_BITS,
    FEATURES,
    TIMES,
    edition_layers,
    editions,
    own_columns,
)
from roadscan.store.kept import Kept

ROWS_AT_ONCE: Final = 2000
"""So few that a writer beside us waits for milliseconds."""
KEPT_BYTES: Final = 64 << 20
"""Of lists of features that answered a selection; the next page, or client, asks for them again."""
KEY_BYTES: Final = 8 << 10
"""What the longest filter takes up, counted for each list."""
NOTHING: Final = "nothing"
"""The version of a layer without features that was never written."""


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature as it is served; `values` in the order of its layer's fields, the id first."""

    geojson: str
    """The whole feature in CRS84, with its geometry as the last member."""
    geometry_wkb: bytes | None
    """In CRS84, not rounded."""
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What the layers of a survey were made from."""

    survey: str
    scheme: str
    scheme_version: str
    crs_epsg: int
    latest_s: float
    """End of the last drive: the newest survey is the one with the latest."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a survey as it is served now; extent in CRS84 and UTC epoch seconds."""

    collection: str
    edition: int
    source: Source
    features: int
    version: str
    """Changes with the content, and only with it."""
    bounds_deg: tuple[float, float, float, float] | None
    interval_s: tuple[float, float] | None
    places: int
    """How far the places of its features go; more than there are features where some are gone."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which features of a layer; everything by default. The area is in CRS84."""

    area: shapely.Geometry | None = None
    condition: Condition | None = None


class Placed(NamedTuple):
    """A feature and its place within the layer, from which the next page goes on.

    A tuple: making thousands of frozen dataclasses took longer than reading them.
    """

    place: int
    geojson: str
    geometry_wkb: bytes | None


class FeatureStore:
    """The served layers of all surveys of one town."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spatial = spatial_of(engine)
        self._found = Kept[Ints](KEPT_BYTES, lambda numbers: numbers.nbytes + KEY_BYTES)

    def put_features(self, source: Source, layers: Mapping[str, Iterable[FeatureRow]]) -> None:
        """Serve new layers of a survey in place of those served before.

        They are written in many short transactions and taken over in one. A run that was killed
        leaves an edition that nobody sees; the next one of the survey clears it away.
        """
        with self._engine.begin() as db:
            head = {
                "survey": source.survey,
                "scheme": source.scheme,
                "scheme_version": source.scheme_version,
                "crs_epsg": source.crs_epsg,
                "latest_s": source.latest_s,
                "served": False,
                "stale": False,
            }
            new = insert(editions).values(head).returning(editions.c.edition)
            edition = db.execute(new).scalar_one()
        for collection, rows in layers.items():
            self._put_layer(edition, collection, rows)
        self._take_over(source.survey, edition)

    def clear_ended(self) -> None:
        """Remove the layers of surveys that there are no more."""
        known = exists().where(tables.surveys.c.survey == editions.c.survey)
        with self._engine.connect() as db:
            ended = list(db.scalars(select(editions.c.edition).where(~known)))
        self._clear(ended)

    def unserved(self) -> tuple[str, ...]:
        """Return the surveys with results whose layers were never made, or before the results."""
        current = exists().where(
            editions.c.survey == tables.results.c.survey, editions.c.served, ~editions.c.stale
        )
        query = select(tables.results.c.survey).where(~current).distinct()
        with self._engine.connect() as db:
            return tuple(sorted(db.scalars(query)))

    @contextmanager
    def reading(self) -> Iterator["FeatureReader"]:
        """See the layers as they are at this moment, until the end of the block."""
        with self._engine.connect() as db:
            self._spatial.begin_reading(db)
            yield FeatureReader(db, self._spatial, self._found)

    def _put_layer(self, edition: int, collection: str, rows: Iterable[FeatureRow]) -> None:
        table = FEATURES[collection]
        names = [c.name for c in own_columns(collection)]
        times = [names.index(name) for name in TIMES[collection]]
        digest, count, extent, seen = hashlib.sha256(), 0, Extent(), Span()
        unread = iter(rows)
        while batch := list(islice(unread, ROWS_AT_ONCE)):
            numbers = [(edition << EDITION_BITS) + count + k for k in range(len(batch))]
            bounds = shapely.bounds(shapely.from_wkb([row.geometry_wkb for row in batch]))
            with self._engine.begin() as db:
                db.execute(
                    insert(table),
                    [
                        {
                            "number": number,
                            "geojson": row.geojson,
                            "geometry_wkb": row.geometry_wkb,
                            **dict(zip(names, row.values, strict=True)),
                        }
                        for number, row in zip(numbers, batch, strict=True)
                    ],
                )
                self._spatial.put_bounds(db, table, edition, numbers, bounds)
            for row in batch:
                digest.update(row.geojson.encode())
                seen.add(*(row.values[k] for k in times))
            extent.add(bounds)
            count += len(batch)
        with self._engine.begin() as db:
            head = {
                "edition": edition,
                "collection": collection,
                "features": count,
                "places": count,
                "version": digest.hexdigest()[:16],
            }
            db.execute(insert(edition_layers), head | extent.row() | seen.row())
            self._spatial.gather_statistics(db, table)

    def _take_over(self, survey: str, edition: int) -> None:
        """Serve a finished edition, unless a later one already is, and clear the others away."""
        own = editions.c.survey == survey
        complete = editions.c.served | (editions.c.edition == edition)
        with self._engine.begin() as db:
            newest = db.scalar(select(func.max(editions.c.edition)).where(own, complete))
            latest = editions.c.edition == newest
            db.execute(update(editions).where(own).values(served=latest))
            past = select(editions.c.edition).where(own, editions.c.edition < newest)
            old = {*db.scalars(past), edition} - {newest}
        self._clear(sorted(old))

    def _clear(self, old: Iterable[int]) -> None:
        """Remove editions, a batch at a time."""
        for edition in old:
            for table in FEATURES.values():
                first, last = edition << EDITION_BITS, (edition + 1 << EDITION_BITS) - 1
                within = table.c.number.between(first, last)
                while True:
                    with self._engine.begin() as db:
                        query = select(table.c.number).where(within).order_by(table.c.number)
                        numbers = list(db.scalars(query.limit(ROWS_AT_ONCE)))
                        if not numbers:
                            break
                        part = table.c.number.between(numbers[0], numbers[-1])
                        db.execute(delete(table).where(part))
                        self._spatial.remove_bounds(db, table, numbers[0], numbers[-1])
            with self._engine.begin() as db:
                db.execute(delete(edition_layers).where(edition_layers.c.edition == edition))
                db.execute(delete(editions).where(editions.c.edition == edition))


class FeatureReader:
    """One state of the served layers; see `FeatureStore.reading`."""

    def __init__(self, db: Connection, spatial: Spatial, found: Kept[Ints]) -> None:
        self._db = db
        self._spatial = spatial
        self._found = found

    def layers(self, collection: str) -> tuple[Layer, ...]:
        """Return a layer of every survey, the newest survey first; empty where it has none."""
        return tuple(_layer(row) for row in self._db.execute(_layers_of(collection)).mappings())

    def count(self, layer: Layer, selection: Selection) -> int:
        """Return how many features there are."""
        return layer.features if selection == Selection() else len(self._numbers(layer, selection))

    def places(self, layer: Layer, selection: Selection, after: int | None, limit: int) -> Ints:
        """Return the places of the next features behind a place; `None` begins at the first."""
        begin = 0 if after is None else after + 1
        if selection == Selection() and layer.places == layer.features:
            return np.arange(begin, min(begin + limit, layer.features))
        found = self._numbers(layer, selection) - (layer.edition << EDITION_BITS)
        first = int(np.searchsorted(found, begin))
        return found[first : first + limit]

    def geojson(self, layer: Layer, places: Ints) -> str:
        """Return the features at ascending places as one text, with commas between."""
        at = self._at(layer, places)
        return self._db.scalar(_texts(self._spatial, layer.collection, at.which), at.where) or ""

    def page(self, layer: Layer, places: Ints) -> list[Placed]:
        """Return the features at ascending places."""
        at = self._at(layer, places)
        query = _placed(self._spatial, layer.collection, at.which)
        rows = self._db.execute(query, at.where).all()
        first = layer.edition << EDITION_BITS
        # sorted here: a database sorts whole rows, and slowly
        return [Placed(number - first, *rest) for number, *rest in sorted(rows, key=itemgetter(0))]

    def feature(self, layer: Layer, feature_id: str) -> Placed:
        """Return one feature; KeyError without one of this id."""
        if "\0" in feature_id:  # PostgreSQL has no such text
            raise KeyError(feature_id)
        table = FEATURES[layer.collection]
        query = select(table.c.number, table.c.geojson, table.c.geometry_wkb).where(
            self._own(layer), own_columns(layer.collection)[0] == feature_id
        )
        row = self._db.execute(query).first()
        if row is None:
            raise KeyError(feature_id)
        return Placed(row[0] - (layer.edition << EDITION_BITS), row[1], row[2])

    def values(
        self,
        layer: Layer,
        selection: Selection,
        names: tuple[str, ...] | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> Iterator[Row[Any]]:
        """Yield the geometry (WKB in CRS84) and then the fields of features, in their order.

        All fields unless `names` says which ones, all features unless `after` (a place) or
        `limit` leave some out.
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
        """Return the features of a selection in order; kept for as long as the layer stays."""
        area = None if selection.area is None else shapely.to_wkb(selection.area)
        key = (layer.edition, layer.version, layer.collection, area, selection.condition)
        numbers = self._found.get(key)
        if numbers is None:
            numbers = np.sort(self._find(layer, selection))
            self._found.put(key, numbers)
        return numbers

    def _find(self, layer: Layer, selection: Selection) -> Ints:
        table = FEATURES[layer.collection]
        within, parameters = self._own(layer), {}
        if selection.area is not None:
            found = self._spatial.within(self._db, table, layer.edition, selection.area)
            if selection.condition is None:
                return found
            within = self._spatial.among(table)
            parameters = {"numbers": self._spatial.packed(found.tolist())}
        condition = (
            true()
            if selection.condition is None
            else clause(selection.condition, table, self._spatial)
        )
        query = listed(select(table.c.number).where(within, condition))
        return numbers_of(self._db, query, parameters)

    def _own(self, layer: Layer) -> ColumnElement[bool]:
        first = layer.edition << EDITION_BITS
        return FEATURES[layer.collection].c.number.between(first, first + (1 << EDITION_BITS) - 1)

    def _at(self, layer: Layer, places: Ints) -> "_At":
        numbers = (places + (layer.edition << EDITION_BITS)).tolist()
        if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
            return _At(_in_a_row, {"first": numbers[0], "last": numbers[-1]})
        return _At(_among, {"numbers": self._spatial.packed(numbers)})


Which = Callable[[Spatial, Table], ColumnElement[bool]]


class _At(NamedTuple):
    """Where some features are: a condition with parameters, and their values."""

    which: Which
    where: Mapping[str, Any]


def _in_a_row(_: Spatial, table: Table) -> ColumnElement[bool]:
    first, last = (bindparam(name, type_=BigInteger) for name in ("first", "last"))
    return table.c.number.between(first, last)


def _among(spatial: Spatial, table: Table) -> ColumnElement[bool]:
    return spatial.among(table)


# Each statement is made once, for making one takes longer than answering it.


@cache
def _texts(spatial: Spatial, collection: str, which: Which) -> Select[Any]:
    table = FEATURES[collection]
    query = select(table.c.geojson).where(which(spatial, table)).order_by(table.c.number)
    # a text of all, made by the database: rows of Python objects took twice as long
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
    """Return a column of a layer, as that of an empty one where there is no layer."""
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
