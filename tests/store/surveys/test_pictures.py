from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import insert

from roadscan.model.damage import Observation
from roadscan.model.drive import ChunkResult, FrameCounts
from roadscan.model.stored_picture import (
    ObjectionMask,
    Picture,
    PictureRefusal,
    PictureView,
    StoredPicture,
)
from roadscan.store import tables
from roadscan.store.store import Store
from tests.assess.lanes import box
from tests.databases import DATABASES, open_on

SQUARE = np.array([[13.0, 51.0], [13.001, 51.0], [13.001, 51.001], [13.0, 51.001]])


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with open_on(request.param, tmp_path) as opened:
        with opened.engine.begin() as db:
            for survey, drive in (("town", "d1"), ("town", "d2"), ("other", "d1")):
                row = {"survey": survey, "drive_id": drive, "settings_sha256": "s"}
                db.execute(insert(tables.survey_drives), row)
        yield opened


def picture(name: str) -> Picture:
    return Picture(name.encode(), PictureView.ROAD, 640, 360, 0.5)


def chunk(
    drive_id: str,
    number: int,
    observations: tuple[Observation, ...],
    kept: tuple[StoredPicture, ...],
    refused: dict[PictureRefusal, int] | None = None,
) -> ChunkResult:
    return ChunkResult(
        drive_id=drive_id,
        number=number,
        from_video_s=0.0,
        to_video_s=60.0,
        frames=FrameCounts(1, 1, 1, {}),
        detections=len(observations),
        observed=len(observations),
        observations=observations,
        rejections=(),
        grids=(),
        unusable=(),
        pictures=kept,
        refused_pictures=refused or {},
    )


def shown(t_s: float, name: str, east: float = 0.0) -> StoredPicture:
    return StoredPicture(t_s, picture(name), SQUARE + np.array([east, 0.0]))


def mask(from_lon: float, to_lon: float) -> ObjectionMask:
    area = shapely.box(from_lon, 50.9, to_lon, 51.1)
    return ObjectionMask(f"{from_lon}", "", bytes(shapely.to_wkb(area)))


def test_a_picture_is_found_by_what_was_seen_in_it(store: Store) -> None:
    seen, unseen = box(1.0, (2.0, 3.0)), box(2.0, (2.0, 3.0))
    store.put_chunk(chunk("d1", 0, (seen, unseen), (shown(1.0, "a"),)), "s")
    assert store.pictures.of("town", seen) == picture("a")
    assert store.pictures.has("town", seen)
    assert store.pictures.of("town", unseen) is None
    assert not store.pictures.has("town", unseen)
    assert store.pictures.of("nowhere", seen) is None


def test_two_drives_at_one_moment_are_told_apart(store: Store) -> None:
    one, other = box(1.0, (2.0, 3.0), pixels=10.0), box(1.0, (2.0, 3.0), pixels=11.0)
    store.put_chunk(chunk("d1", 0, (one,), (shown(1.0, "one"),)), "s")
    store.put_chunk(chunk("d2", 0, (other,), (shown(1.0, "other"),)), "s")
    assert store.pictures.of("town", one) == picture("one")
    assert store.pictures.of("town", other) == picture("other")


def test_a_chunk_done_again_replaces_its_pictures(store: Store) -> None:
    seen = box(1.0, (2.0, 3.0))
    refused = {PictureRefusal.OBJECTION: 2}
    store.put_chunk(chunk("d1", 0, (seen,), (shown(1.0, "a"), shown(3.0, "b")), refused), "s")
    store.put_chunk(chunk("d1", 1, (), (), {PictureRefusal.OBJECTION: 1}), "s")
    assert store.pictures.count("town") == 2
    assert store.pictures.refused("town") == {PictureRefusal.OBJECTION: 3}
    store.put_chunk(chunk("d1", 0, (seen,), (shown(1.0, "c"),)), "s")
    assert store.pictures.count("town") == 1
    assert store.pictures.of("town", seen) == picture("c")
    assert store.pictures.refused("town") == {PictureRefusal.OBJECTION: 1}


def test_pictures_of_other_settings_are_not_those_of_the_survey(store: Store) -> None:
    seen = box(1.0, (2.0, 3.0))
    store.put_chunk(chunk("d1", 0, (seen,), (shown(1.0, "a"),)), "other settings")
    assert store.pictures.count("town") == 0
    assert store.pictures.of("town", seen) is None


def test_removing_takes_what_shows_an_area_and_nothing_else(store: Store) -> None:
    kept = (shown(1.0, "west"), shown(2.0, "touches", 0.0009), shown(3.0, "east", 0.01))
    store.put_chunk(chunk("d1", 0, (), kept), "s")
    area = shapely.from_wkb(mask(13.0012, 13.005).outline_wkb)
    assert store.pictures.remove_within(area) == 1
    assert store.pictures.count("town") == 2
    assert store.pictures.remove_within(area) == 0


def test_an_objection_is_kept_once(store: Store) -> None:
    first, second = mask(13.0, 13.1), mask(14.0, 14.1)
    assert store.pictures.put_objections([first, first]) == 1
    assert store.pictures.put_objections([second, first]) == 1
    assert store.pictures.objections() == (first, second)
    assert store.pictures.put_objections([]) == 0


def test_a_picture_is_found_whatever_a_reviewer_calls_what_it_shows(store: Store) -> None:
    seen = box(1.0, (2.0, 3.0), kind="D40")
    store.put_chunk(chunk("d1", 0, (seen,), (shown(1.0, "a"),)), "s")
    assert store.pictures.of("town", replace(seen, kind="Repair")) == picture("a")
