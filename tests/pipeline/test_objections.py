"""Objections: an area of which no picture is kept, whether it came before or after the pictures."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from pyproj import Transformer

from roadscan.detect.people import PeopleFinder
from roadscan.errors import RoadscanError
from roadscan.model.stored_picture import PictureView
from roadscan.pipeline import run as run_module
from roadscan.pipeline.keep_pictures import PictureRules
from roadscan.pipeline.objections import object_in_folder
from roadscan.pipeline.run import RunResult
from roadscan.store.sqlite import open_store
from roadscan.store.town.accounts import Accounts
from tests.detect.people import Finds
from tests.pipeline.test_run import run_small
from tests.small_drive import EPSG, NORTH_M, WEST_M, SmallDrive, results_of


@pytest.fixture(scope="module", autouse=True)
def nobody_about() -> Iterator[None]:
    rules = PictureRules(PictureView.ROAD, PeopleFinder(Finds(), Finds()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "load_picture_rules", lambda *_, **__: rules)
        yield


@pytest.fixture(scope="module")
def first_results(
    small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory, nobody_about: None
) -> RunResult:
    return run_small(small_drive, tmp_path_factory.mktemp("first") / "out")


@pytest.fixture
def before(first_results: RunResult, tmp_path: Path) -> RunResult:
    """Copy the results of a run without objections."""
    return replace(first_results, out=shutil.copytree(first_results.out, tmp_path / "out"))


def area_along(path: Path, from_m: float, to_m: float, beside_m: float = 6.0) -> Path:
    """Write an area that covers the street between two places along it."""
    corners = shapely.box(
        WEST_M + from_m, NORTH_M - beside_m, WEST_M + to_m, NORTH_M + beside_m
    ).exterior.coords
    lonlat = Transformer.from_crs(EPSG, 4326, always_xy=True)
    ring = [list(lonlat.transform(x, y)) for x, y in corners]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return path


def photos(out: Path) -> set[str]:
    return {path.name for path in (out / "photos").glob("*.jpg")}


def record(out: Path) -> list[tuple[str, str, str]]:
    with open_store(out) as store:
        log = Accounts(store.engine, lambda: 0.0).audit_log(10)
        return [(entry.who, entry.action, entry.subject) for entry in log]


def test_pictures_of_an_area_are_gone_and_those_elsewhere_stay(
    before: RunResult, tmp_path: Path
) -> None:
    had, scores = photos(tmp_path / "out"), before.segments["score"]
    done = object_in_folder(tmp_path / "out", area_along(tmp_path / "a.geojson", 140.0, 165.0))
    left = photos(tmp_path / "out")
    assert done.new == done.areas == 1
    assert done.removed > 0
    assert left < had
    assert left
    after = before.damages.set_index("damage_id")
    assert set(after.index[after["photo"].notna()]) == {Path(name).stem for name in left}
    on_area = after[(after["link_id"] == "HS-2") & (after["offset_m"].between(12.0, 33.0))]
    assert len(on_area)
    assert on_area["photo"].isna().all()
    assert before.segments["score"].equals(scores)


def test_before_or_after_the_drive_it_comes_to_the_same(
    small_drive: SmallDrive, before: RunResult, tmp_path: Path
) -> None:
    area = area_along(tmp_path / "a.geojson", 140.0, 165.0)
    first = run_small(small_drive, tmp_path / "objected before", objections=area)
    object_in_folder(before.out, area)
    assert results_of(first.out) == results_of(before.out)
    assert set(first.record.pictures.refused) == {"objection"}


def test_an_area_once_given_holds_for_later_runs(small_drive: SmallDrive, tmp_path: Path) -> None:
    area = area_along(tmp_path / "a.geojson", 0.0, 300.0)
    run_small(small_drive, tmp_path / "out", objections=area)
    assert photos(tmp_path / "out") == set()
    later = run_small(small_drive, tmp_path / "out", every_m=4.0)
    assert photos(tmp_path / "out") == set()
    assert later.record.pictures.kept == 0


def test_who_drives_by_without_showing_the_area_keeps_the_pictures(
    before: RunResult, tmp_path: Path
) -> None:
    had = photos(tmp_path / "out")
    done = object_in_folder(tmp_path / "out", area_along(tmp_path / "a.geojson", 300.0, 320.0))
    assert done.removed == 0
    assert photos(tmp_path / "out") == had


def test_what_was_done_is_on_record_once(before: RunResult, tmp_path: Path) -> None:
    area = area_along(tmp_path / "a.geojson", 140.0, 165.0)
    assert record(tmp_path / "out") == []
    done = object_in_folder(tmp_path / "out", area)
    entry = (
        "roadscan objections",
        "objections",
        f"1 new areas of 1, {done.removed} pictures removed",
    )
    assert record(tmp_path / "out") == [entry]
    object_in_folder(tmp_path / "out", area)
    assert record(tmp_path / "out") == [entry]


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    area = area_along(tmp_path / "a.geojson", 0.0, 1.0)
    with pytest.raises(RoadscanError, match="file_missing"):
        object_in_folder(tmp_path, area)
    assert not (tmp_path / "roadscan.db").exists()
