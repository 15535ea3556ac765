"""Changes to a few features of the served layers, in the caller's transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from roadscan.model.layers import LAYERS
from roadscan.store.layers.dialects import Spatial, spatial_of
from roadscan.store.layers.extents import Extent, Span
from roadscan.store.layers.feature_tables import (
    EDITION_BITS,
    FEATURES,
    edition_layers,
    editions,
    own_columns,
)
from roadscan.store.layers.selection import FeatureRow

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LayerPatch:
    """Changes of a layer: ids of features to remove, and features to add or replace."""

    removed: tuple[str, ...]
    rows: tuple[FeatureRow, ...]


def served_edition(db: Connection, survey: str) -> int | None:
    """Return the edition of a survey's layers if it is served and shows the current results."""
    this = (editions.c.survey == survey) & editions.c.served & ~editions.c.stale
    return db.scalar(select(editions.c.edition).where(this))


def mark_stale(db: Connection, survey: str) -> None:
    """Record that the results of a survey are newer than its layers."""
    db.execute(update(editions).where(editions.c.survey == survey).values(stale=True))


def patch_layers(db: Connection, edition: int, patches: Mapping[str, LayerPatch]) -> None:
    """Change features of an edition; existing ones keep their places, new ones are appended.

    A layer's version changes with it; its extents only ever grow.
    """
    spatial = spatial_of(db.engine)
    for collection, patch in patches.items():
        _patch(db, spatial, edition, collection, patch)


def _patch(
    db: Connection, spatial: Spatial, edition: int, collection: str, patch: LayerPatch
) -> None:
    table = FEATURES[collection]
    head = (
        db.execute(select(edition_layers).filter_by(edition=edition, collection=collection))
        .mappings()
        .one()
    )
    known = _known(
        db, collection, edition, [*patch.removed, *(row.feature_id for row in patch.rows)]
    )
    changed = [
        row
        for row in patch.rows
        if row.feature_id not in known or known[row.feature_id].geojson != row.geojson
    ]
    gone = sorted(known[one].number for one in patch.removed if one in known)
    if not changed and not gone:
        return
    for number in gone:
        db.execute(delete(table).where(table.c.number == number))
        spatial.remove_bounds(db, table, number, number)
    first = (edition << EDITION_BITS) + head["places"]
    new = [row for row in changed if row.feature_id not in known]
    same = [row for row in changed if row.feature_id in known]
    if new:
        numbers = list(range(first, first + len(new)))
        rows = [_row(row) | {"number": n} for n, row in zip(numbers, new, strict=True)]
        db.execute(insert(table), rows)
        spatial.put_bounds(db, table, edition, numbers, _bounds(new))
    if same:
        numbers = [known[row.feature_id].number for row in same]
        this = update(table).where(table.c.number == bindparam("at"))
        db.execute(this, [_row(row) | {"at": n} for n, row in zip(numbers, same, strict=True)])
        moved = [row for row in same if known[row.feature_id].geometry_wkb != row.geometry_wkb]
        _move(db, spatial, table, edition, moved, [known[row.feature_id].number for row in moved])
    _update_layer(db, dict(head), len(new) - len(gone), len(new), patch.removed, changed)


def _update_layer(
    db: Connection,
    head: dict[str, Any],
    more: int,
    new: int,
    removed: Sequence[str],
    changed: Sequence[FeatureRow],
) -> None:
    """Update the count, extent and version in the layer's own row."""
    digest = hashlib.sha256(head["version"].encode())
    for text in (*removed, *(row.geojson for row in changed)):
        digest.update(text.encode() + b"\n")
    extent, span = Extent(), Span()
    if head["west"] is not None:
        extent.add(np.array([[head[name] for name in ("west", "south", "east", "north")]]))
    extent.add(_bounds(changed))
    for time in (head["from_s"], head["to_s"]):
        if time is not None:
            span.include(time)
    begin, end = LAYERS[head["collection"]].times
    for row in changed:
        span.add(row.values[begin], row.values[end])
    this = (edition_layers.c.edition == head["edition"]) & (
        edition_layers.c.collection == head["collection"]
    )
    values = {
        "features": head["features"] + more,
        "places": head["places"] + new,
        "version": digest.hexdigest()[:16],
    }
    db.execute(update(edition_layers).where(this).values(values | extent.row() | span.row()))


def _move(
    db: Connection,
    spatial: Spatial,
    table: Table,
    edition: int,
    moved: Sequence[FeatureRow],
    numbers: Sequence[int],
) -> None:
    for number in numbers:
        spatial.remove_bounds(db, table, number, number)
    if moved:
        spatial.put_bounds(db, table, edition, numbers, _bounds(moved))


class _Known(NamedTuple):
    """A feature that is already served."""

    number: int
    geojson: str
    geometry_wkb: bytes | None


def _known(db: Connection, collection: str, edition: int, ids: Sequence[str]) -> dict[str, _Known]:
    """Return those of the given features that exist, by id."""
    table, feature_id = FEATURES[collection], own_columns(collection)[0]
    first = edition << EDITION_BITS
    within = table.c.number.between(first, first + (1 << EDITION_BITS) - 1)
    found: dict[str, _Known] = {}
    for begin in range(0, len(ids), _AT_ONCE):
        some = feature_id.in_(ids[begin : begin + _AT_ONCE])
        columns = (feature_id, table.c.number, table.c.geojson, table.c.geometry_wkb)
        rows = db.execute(select(*columns).where(within, some))
        found |= {name: _Known(*rest) for name, *rest in rows}
    return found


def _row(row: FeatureRow) -> dict[str, Any]:
    return {"geojson": row.geojson, "geometry_wkb": row.geometry_wkb, **row.values}


def _bounds(rows: Sequence[FeatureRow]) -> Any:
    return shapely.bounds(shapely.from_wkb([row.geometry_wkb for row in rows]))
