"""Time until the layers show a drive that joins a large survey.

    python -m benchmarks.joining out/demo [--segments 100000] [--no-postgis]

Adds so many segments to the network of a results folder, scores and publishes the survey, and has a
copy of the drive join: once by the lanes that it viewed, as in production, and once by scoring and
publishing the whole survey, which gives the same layers.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

from roadscan.assess.scheme import parse_scheme
from roadscan.model.layers import LAYERS
from roadscan.model.road import Link, Network
from roadscan.model.survey import DriveKey, Survey
from roadscan.pipeline.rematch import rematch_drive
from roadscan.pipeline.score_survey import score_new_drives, score_survey
from roadscan.publish.served_features import publish_features
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import open_town
from roadscan.store.erasure import OF_DRIVE
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Selection
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from roadscan.store.tables import survey_drives
from tests.databases import copy_into
from tests.throwaway_postgres import throwaway_postgres

SURVEY = "Bench"
LINK_M, APART_M = 80.0, 100.0
SEGMENTS_OF_LINK = 8
AWAY_M = np.array([3000.0, 3000.0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--no-postgis", action="store_true", help="SQLite only")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} from others")
    with tempfile.TemporaryDirectory(prefix="roadscan-bench-") as temporary, ExitStack() as stack:
        towns = {"SQLite": ServeSettings(data=Path(temporary) / "sqlite")}
        if not given.no_postgis:
            address = stack.enter_context(throwaway_postgres(durable=True))
            towns["PostGIS"] = ServeSettings(data=Path(temporary) / "postgis", database=address)
        for name, settings in towns.items():
            settings.data.mkdir()
            with open_town(settings) as town:
                copy_into(town.store, given.folder)
                _measure(name, town.store, given.segments)


def _measure(name: str, store: Store, segments: int) -> None:
    features, scorings = LayerStore(store.engine), Scorings(store.engine, time.time)
    survey = _large_survey(store, segments)
    whole_s = _timed(lambda: _score_all(store, features))
    scorings.mark_done(SURVEY, scorings.status(SURVEY).requested, whole_s)
    store.join_survey(replace(survey, drives=(_copy(store, survey.drives[0]),)))
    before = _shown(features)
    followed_s = _timed(lambda: _follow(store, scorings))
    followed = _shown(features)
    whole_s = _timed(lambda: _score_all(store, features))
    if followed != _shown(features) or len(followed - before) < len(followed) // 1000:
        raise SystemExit("the layers differ from those of a full scoring")
    count = store.totals(SURVEY).segments
    length_km = store.drives(SURVEY)[0].length_m / 1000
    print(
        f"{name}: a drive of {length_km:.2f} km joins {count} segments: {followed_s:.2f} s; "
        f"scoring and publishing all: {whole_s:.2f} s, {whole_s / followed_s:.0f} times as long"
    )


def _large_survey(store: Store, segments: int) -> Survey:
    (name,) = store.surveys()
    small = store.survey(name)
    scheme = parse_scheme(small.scheme_text)
    network = _enlarged(store.network(small.network_sha256), segments)
    store.put_network(network)
    key = rematch_drive(store, small.drives[0], SURVEY, network, scheme)
    survey = replace(small, name=SURVEY, network_sha256=network.sha256, drives=(key,))
    store.join_survey(survey)
    return survey


def _enlarged(network: Network, segments: int) -> Network:
    """Return a network with streets in rows beside it."""
    pattern = network.links[0]
    first = np.max([link.xy_m.max(axis=0) for link in network.links], axis=0) + AWAY_M
    across = int((segments / SEGMENTS_OF_LINK) ** 0.5)

    def link(number: int) -> Link:
        corner = first + APART_M * np.array([number % across, number // across])
        ends = corner + np.array([[0.0, 0.0], [LINK_M, 0.0]])
        return replace(
            pattern,
            link_id=f"row/{number}",
            xy_m=ends,
            forward=True,
            backward=True,
            outside_town=False,
            level=0,
        )

    more = tuple(link(number) for number in range(segments // SEGMENTS_OF_LINK))
    return replace(network, links=network.links + more, sha256="be" * 32)


def _copy(store: Store, key: DriveKey) -> DriveKey:
    """Keep a drive once more, under another id."""
    copied = DriveKey("copy", key.settings_sha256)
    this = {"drive_id": key.drive_id, "settings_sha256": key.settings_sha256}
    with store.engine.begin() as db:
        for table in OF_DRIVE:
            if table is survey_drives or "settings_sha256" not in table.c:
                continue
            rows = [dict(row) for row in db.execute(select(table).filter_by(**this)).mappings()]
            if rows:
                db.execute(insert(table), [row | {"drive_id": copied.drive_id} for row in rows])
    return copied


def _score_all(store: Store, features: LayerStore) -> None:
    publish_features(store, features, score_survey(store, SURVEY))


def _shown(features: LayerStore) -> frozenset[str]:
    with features.reading() as reader:
        layers = [layer for name in LAYERS for layer in reader.layers(name)]
        return frozenset(
            placed.geojson
            for layer in layers
            if layer.source.survey == SURVEY
            for placed in reader.page(layer, reader.places(layer, Selection(), None, 10**7))
        )


def _follow(store: Store, scorings: Scorings) -> None:
    if score_new_drives(store, scorings, SURVEY) is None:
        raise SystemExit("the drive was not scored by its lanes")


def _timed(body: Callable[[], None]) -> float:
    began = time.perf_counter()
    body()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
