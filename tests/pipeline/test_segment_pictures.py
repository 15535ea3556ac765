"""Which pictures a segment shows: those that its own lane was photographed on, in their order."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from roadscan.assess.scheme import parse_scheme
from roadscan.detect.people import PeopleFinder
from roadscan.locate.camera_projection import near_field
from roadscan.model.road import Direction, Segment
from roadscan.model.stored_picture import LanePicture, PictureView
from roadscan.pipeline import run as run_module
from roadscan.pipeline.keep_pictures import PictureRules
from roadscan.pipeline.objections import object_in_folder
from roadscan.pipeline.rematch import rematch_drive
from roadscan.pipeline.segment_pictures import PictureAlong, pictures_along
from roadscan.read.camera_file import read_camera
from roadscan.store.erasure import erase_drive
from roadscan.store.sqlite import open_store
from roadscan.store.store import Store
from tests.assess.lanes import link, network
from tests.detect.people import Finds
from tests.pipeline.test_objections import area_along
from tests.pipeline.test_run import run_small
from tests.small_drive import CAMERA, HEIGHT, LINKS, SPEED_MPS, STARTED_S, WIDTH, SmallDrive

SURVEY = "small drive"
BEGAN_M = 5.0
"""Where on the street the vehicle is when the video begins."""
EVERY_M = 20.0


@pytest.fixture(scope="module")
def ran(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rules = PictureRules(PictureView.ROAD, PeopleFinder(Finds(), Finds()), every_m=EVERY_M)
    out = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run_module, "load_picture_rules", lambda *_, **__: rules)
        run_small(small_drive, out)
    return out


@pytest.fixture
def store(ran: Path) -> Iterator[Store]:
    with open_store(ran) as opened:
        yield opened


def shown_by(store: Store, segments: tuple[Segment, ...]) -> list[tuple[Segment, PictureAlong]]:
    return [
        (segment, one) for segment in segments for one in pictures_along(store, SURVEY, segment)
    ]


def test_each_picture_lies_where_the_vehicle_was_and_none_is_lost(store: Store) -> None:
    near = near_field(read_camera(CAMERA), WIDTH, HEIGHT, 3.5)
    assert near is not None
    shown = shown_by(store, store.assessment(SURVEY).segments)
    for segment, one in shown:
        along_m = BEGAN_M + SPEED_MPS * (one.picture.frame_t_s - STARTED_S)
        from_m = along_m + near.near_m - LINKS[segment.link_id][0]
        assert one.from_m == pytest.approx(from_m, abs=2.5)
        assert one.to_m - one.from_m <= near.far_m - near.near_m + 1e-9
        assert segment.from_m < one.to_m
        assert segment.to_m > one.from_m
    assert len({one.picture.frame_t_s for _, one in shown}) == store.pictures.count(SURVEY)


def test_where_nothing_was_found_the_road_is_shown_all_the_same(store: Store) -> None:
    assessment = store.assessment(SURVEY)
    damaged = {damage.segment_id for damage in assessment.damages}
    sound = [
        segment
        for segment, result in zip(assessment.segments, assessment.results, strict=True)
        if result.coverage > 0.9 and segment.segment_id not in damaged
    ]
    assert sound
    assert all(pictures_along(store, SURVEY, segment) for segment in sound)


def test_the_other_direction_and_a_street_not_driven_have_none(store: Store) -> None:
    others = tuple(
        segment
        for segment in store.assessment(SURVEY).segments
        if segment.direction is Direction.BACKWARD or segment.link_id == "SW-1"
    )
    assert len(others) > 10
    assert shown_by(store, others) == []


def test_pictures_are_in_the_direction_of_travel(store: Store) -> None:
    whole = Segment("", "HS-1", Direction.FORWARD, 0.0, 130.0)
    places = [one.from_m for one in pictures_along(store, SURVEY, whole)]
    assert len(places) > 5
    assert places == sorted(places)


def test_against_the_street_the_far_end_has_the_smaller_offset() -> None:
    near = near_field(read_camera(CAMERA), WIDTH, HEIGHT, 3.5)
    assert near is not None
    taken = [
        LanePicture("d", t_s, row, row + 3, read_camera(CAMERA), WIDTH, HEIGHT, 640, 360)
        for t_s, row in ((1.0, 22), (2.0, 12), (3.0, 0))
    ]
    pictures = SimpleNamespace(on_lane=lambda *_: tuple(taken))
    store = SimpleNamespace(
        pictures=pictures,
        survey=lambda _: SimpleNamespace(network_sha256=""),
        network_part=lambda *_: network(replace(link("L", 30.0), lane_width_m=3.5)),
    )
    whole = Segment("", "L", Direction.BACKWARD, 0.0, 30.0)
    shown = pictures_along(store, SURVEY, whole)  # type: ignore[arg-type]
    depth_m = near.far_m - near.near_m
    assert [one.picture for one in shown] == taken
    assert [one.to_m for one in shown] == [25.0, 15.0, 3.0]
    assert [one.from_m for one in shown] == [25.0 - depth_m, 15.0 - depth_m, 0.0]


def test_an_objection_takes_them_from_the_segment(ran: Path, tmp_path: Path) -> None:
    whole = Segment("", "HS-2", Direction.FORWARD, 0.0, 130.0)
    out = Path(shutil.copytree(ran, tmp_path / "out"))
    with open_store(out) as store:
        before = pictures_along(store, SURVEY, whole)
    object_in_folder(out, area_along(tmp_path / "a.geojson", 160.0, 175.0))
    with open_store(out) as store:
        left = pictures_along(store, SURVEY, whole)
    assert 0 < len(left) < len(before)
    assert not [one for one in left if one.from_m < 45.0 and one.to_m > 30.0]


def test_an_erased_drive_takes_them_along(ran: Path, tmp_path: Path) -> None:
    whole = Segment("", "HS-1", Direction.FORWARD, 0.0, 130.0)
    with open_store(Path(shutil.copytree(ran, tmp_path / "out"))) as store:
        known = store.survey(SURVEY)
        shown = pictures_along(store, SURVEY, whole)
        assert shown
        erase_drive(store.engine, known.drives[0].drive_id)
        store.put_survey(known)
        assert pictures_along(store, SURVEY, whole) == ()


def test_on_another_network_the_same_pictures_are_shown(ran: Path, tmp_path: Path) -> None:
    with open_store(Path(shutil.copytree(ran, tmp_path / "out"))) as store:
        known = store.survey(SURVEY)
        scheme = parse_scheme(known.scheme_text)
        roads = store.network(known.network_sha256)
        other = replace(roads, sha256="0" * 64, links=roads.links[:2])
        store.put_network(other)
        moved = rematch_drive(store, known.drives[0], "moved", other, scheme)
        store.put_survey(replace(known, name="moved", network_sha256="0" * 64, drives=(moved,)))
        for link_id in ("HS-1", "HS-2"):
            whole = Segment("", link_id, Direction.FORWARD, 0.0, 130.0)
            before = pictures_along(store, SURVEY, whole)
            assert [one.picture.frame_t_s for one in before] == [
                one.picture.frame_t_s for one in pictures_along(store, "moved", whole)
            ]
            assert before


def test_a_drive_that_is_no_longer_of_the_survey_shows_nothing(ran: Path, tmp_path: Path) -> None:
    whole = Segment("", "HS-1", Direction.FORWARD, 0.0, 130.0)
    with open_store(Path(shutil.copytree(ran, tmp_path / "out"))) as store:
        assert pictures_along(store, SURVEY, whole)
        store.put_survey(replace(store.survey(SURVEY), drives=()))
        assert pictures_along(store, SURVEY, whole) == ()
