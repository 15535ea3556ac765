"""The first version of the tables against the code, and against a store made before it.

`store_19d5de4.db.xz` is the store of a small drive (`tests/small_drive.py`) that commit 19d5de4
ran, published, reviewed and put into a town; `store_19d5de4_postgis.txt` is the schema that it made
on PostGIS, as `schema_lines` writes it.
"""

import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from roadscan.errors import RoadscanError
from roadscan.model.damage import Verdict
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Selection
from roadscan.store.sqlite import FILE, share_store
from roadscan.store.store import Store
from roadscan.store.tables import metadata
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions
from tests.databases import open_on
from tests.store.schema import schema_lines

DATA = Path(__file__).parents[1] / "data"
SURVEY = "Herbst"


def unpack_old_store(folder: Path) -> Path:
    path = folder / FILE
    path.write_bytes(lzma.decompress((DATA / "store_19d5de4.db.xz").read_bytes()))
    return path


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Store]:
    unpack_old_store(tmp_path)
    with share_store(tmp_path) as opened:
        yield opened


def test_the_first_version_has_the_tables_of_the_code(tmp_path: Path) -> None:
    with open_on("sqlite", tmp_path) as store, store.engine.connect() as db:
        found = compare_metadata(MigrationContext.configure(db), metadata)
    beside = "_bounds"  # the R*Trees, which only SQLite has
    assert [change for change in found if beside not in getattr(change[1], "name", "")] == []


def test_a_new_store_on_sqlite_has_the_schema_of_an_old_one(tmp_path: Path, old: Store) -> None:
    with (
        open_on("sqlite", tmp_path / "new") as new,
        new.engine.connect() as here,
        old.engine.connect() as there,
    ):
        assert schema_lines(here) == schema_lines(there)


@pytest.mark.postgis
def test_a_new_store_on_postgis_has_the_schema_of_an_old_one(tmp_path: Path) -> None:
    with open_on("postgis", tmp_path) as store, store.engine.connect() as db:
        old = (DATA / "store_19d5de4_postgis.txt").read_text(encoding="utf-8")
        changed = set(schema_lines(db)) ^ set(old.splitlines())
    since = (
        "grids", "links", "observations", "served_",  # migrations 0018 to 0020
        "file_places", "survey_files", "town_clock",  # migration 0021
        "drives", "surveys", "workers",  # migrations 0023 to 0026
    )  # fmt: skip
    assert [line for line in sorted(changed) if not any(name in line for name in since)] == []


def test_an_old_store_opens_with_its_survey_and_its_review(old: Store) -> None:
    assert old.surveys() == (SURVEY,)
    (drive,) = old.drives(SURVEY)
    assert drive.survey == SURVEY
    assert len(list(old.lane_passes(SURVEY))) == 2
    assessment = old.assessment(SURVEY)
    assert len(assessment.damages) == 6
    assert sum(result.score.score is not None for result in assessment.results) > 0
    (decision,) = old.reviews.of(SURVEY)
    assert decision.ruling.verdict is Verdict.REJECTED


def test_an_old_store_opens_with_its_layers(old: Store) -> None:
    with LayerStore(old.engine).reading() as reader:
        for name in ("segments", "damages", "drives", "cells"):
            (layer,) = reader.layers(name)
            places = reader.places(layer, Selection(), None, 10_000)
            assert len(reader.page(layer, places)) == layer.features > 0


def test_an_old_store_opens_with_its_town(old: Store) -> None:
    (network,) = NetworkVersions(old.engine, lambda: 0.0).all()
    assert old.has_network(network.network_sha256)
    accounts = Accounts(old.engine, lambda: 0.0)
    assert [account.name for account in accounts.all()] == ["Ada"]
    assert [line.action for line in accounts.audit_log(9)] == ["network_in_force"]


def test_files_from_before_belong_to_the_survey_that_they_were_sent_for(tmp_path: Path) -> None:
    path = unpack_old_store(tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        for sha256, name, kind in (("v", "a.mp4", "video"), ("t", "a.gpx", "track")):
            db.execute(
                "INSERT INTO files VALUES (?, 9, ?, ?, 'Herbst', 'o', 'Uli', 5.0, '', NULL, 'u')",
                (sha256, name, kind),
            )
            db.execute("INSERT INTO file_places VALUES ('', '', ?, ?, 0)", (name, sha256))
    with share_store(tmp_path) as opened:
        (drive,) = Files(opened.engine).waiting()
    assert (drive.video.survey, drive.video.owner_id, drive.video.uploaded_s) == (SURVEY, "o", 5.0)
    assert drive.track is not None
    assert drive.track.sha256 == "t"


@pytest.mark.parametrize("version", ["0001", "0016"])
def test_a_store_from_before_the_first_version_is_refused_untouched(
    tmp_path: Path, version: str
) -> None:
    path = unpack_old_store(tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")  # as every store that was opened once
        db.execute("UPDATE alembic_version SET version_num = ?", (version,))
    before = path.read_bytes()
    with pytest.raises(RoadscanError, match="too old") as refused, share_store(tmp_path):
        pass
    assert refused.value.code == "store_version"
    assert path.read_bytes() == before
