"""The served layers: written an edition at a time.

A reader sees either one edition of a survey's layers or the next, never a mixture. As long as the
network does not change, ids and places of features stay the same between editions, so a client
can go on paging through a layer while a new edition is published.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

import shapely
from sqlalchemy import Engine, delete, exists, func, insert, select, update

from roadscan.model.layers import LAYERS
from roadscan.store import tables
from roadscan.store.database import truncate_log
from roadscan.store.layers.dialects import spatial_of
from roadscan.store.layers.extents import Extent, Span
from roadscan.store.layers.feature_tables import (
    EDITION_BITS,
    FEATURES,
    edition_layers,
    editions,
)
from roadscan.store.layers.reader import ROWS_AT_ONCE, LayerReader, cached_finder
from roadscan.store.layers.selection import FeatureRow, Selection, Source


class LayerStore:
    """The served layers of all surveys of one town."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spatial = spatial_of(engine)
        self._find = cached_finder()

    def put_features(self, source: Source, layers: Mapping[str, Iterable[FeatureRow]]) -> None:
        """Serve new layers of a survey in place of earlier ones.

        They are written in many short transactions and go live in one. A run that was killed leaves
        an edition that is never served; publishing the survey again removes it.
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
        self._go_live(source.survey, edition)

    def clear_ended(self) -> None:
        """Remove the layers of surveys that no longer exist."""
        known = exists().where(tables.surveys.c.survey == editions.c.survey)
        with self._engine.connect() as db:
            ended = list(db.scalars(select(editions.c.edition).where(~known)))
        self._clear(ended)
        truncate_log(self._engine)

    def unserved(self) -> tuple[str, ...]:
        """Return the surveys whose layers are missing or older than their results."""
        current = exists().where(
            editions.c.survey == tables.results.c.survey, editions.c.served, ~editions.c.stale
        )
        query = select(tables.results.c.survey).where(~current).distinct()
        with self._engine.connect() as db:
            return tuple(sorted(db.scalars(query)))

    def first_ids(self, survey: str, count: int) -> tuple[str, ...]:
        """Return the ids of the first segments served for a survey; none if it has no layers."""
        with self.reading() as reader:
            for layer in reader.layers("segments"):
                if layer.source.survey == survey:
                    names = (LAYERS["segments"].id_field,)
                    rows = reader.values(layer, Selection(), names, limit=count)
                    return tuple(str(feature_id) for _, feature_id in map(tuple, rows))
        return ()

    @contextmanager
    def reading(self) -> Iterator[LayerReader]:
        """Read a snapshot of the layers within the block."""
        with self._engine.connect() as db:
            self._spatial.begin_reading(db)
            yield LayerReader(db, self._spatial, self._find)

    def _put_layer(self, edition: int, collection: str, rows: Iterable[FeatureRow]) -> None:
        table = FEATURES[collection]
        begin, end = LAYERS[collection].times
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
                            **row.values,
                        }
                        for number, row in zip(numbers, batch, strict=True)
                    ],
                )
                self._spatial.put_bounds(db, table, edition, numbers, bounds)
            for row in batch:
                digest.update(row.geojson.encode())
                seen.add(row.values[begin], row.values[end])
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

    def _go_live(self, survey: str, edition: int) -> None:
        """Serve a finished edition, unless a later one is served already, and remove the others."""
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
