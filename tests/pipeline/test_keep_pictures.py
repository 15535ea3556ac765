"""The laws of kept pictures: each damage has its best, none misses the door, none changes."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from roadscan.assess.cells import GridBuilder
from roadscan.assess.damages import find_damages
from roadscan.assess.segmentation import segments_of
from roadscan.detect.people import PeopleFinder
from roadscan.detect.redaction import PAINT_BGR
from roadscan.errors import RoadscanError
from roadscan.locate.driven_route import RoutePosition
from roadscan.model.arrays import Floats, Image
from roadscan.model.damage import Observation
from roadscan.model.frame import Frame
from roadscan.model.stored_picture import Picture, PictureRefusal, PictureView, StoredPicture
from roadscan.pipeline import chunk, keep_pictures
from roadscan.pipeline import run as run_module
from roadscan.pipeline.keep_pictures import WAITING, PictureKeeper, PictureRules
from roadscan.read.camera_file import read_camera
from roadscan.store.tables import pictures
from tests.assess.lanes import AP9K, LANE_M, box, link, network, one_pass, views
from tests.detect.people import Finds, Raises
from tests.pipeline.test_run import run_small
from tests.small_drive import CAMERA, HEIGHT, WIDTH, SmallDrive, results_of

MARK = [150.0, 120.0, 170.0, 176.0]
"""Where the stand-in for the network always finds somebody: on the lane, before the vehicle."""
ROADS = network(link("L", 30.0))


class _Road:
    """An eye on a vehicle that drives at 10 m/s, and is lost for a while."""

    camera, width, height = read_camera(CAMERA), WIDTH, HEIGHT

    class route:  # noqa: N801 -- stands in for an attribute
        @staticmethod
        def position_at(t_s: float) -> RoutePosition | None:
            return None if 6.0 <= t_s < 8.0 else RoutePosition(int(t_s >= 8.0), 10.0 * t_s, 2.0)


def test_besides_damages_the_first_picture_of_every_so_many_metres_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper = _keeper(monkeypatch)
    keeper._rules = PictureRules(PictureView.ROAD, None, every_m=20.0)
    keeper._setup = _Road()  # type: ignore[assignment]
    for tenth in range(0, 120, 3):
        keeper.offer(_frame(tenth / 10), tenth / 10, (), np.empty((0, 5)))
    kept, refused = keeper.finish()
    assert [one.frame_t_s for one in kept] == [0.0, 2.1, 4.2, 8.1, 10.2]
    assert refused == {}


def test_what_is_kept_besides_damages_is_part_of_the_settings_and_off_by_default() -> None:
    keys = {PictureRules(PictureView.ROAD, None, every_m=m).key for m in (0.0, 20.0, 50.0)}
    assert len(keys) == 3
    assert PictureRules(PictureView.ROAD, None).key == "road none"


class _NoPlace:
    """An eye whose place the fakes of this module never ask for."""

    camera, width, height = read_camera(CAMERA), WIDTH, HEIGHT


def _keeper(monkeypatch: pytest.MonkeyPatch) -> PictureKeeper:
    corners = np.array([[13.0, 51.0], [13.1, 51.0], [13.1, 51.1]])
    ground = keep_pictures.GroundShown(np.zeros((3, 2)), keep_pictures.Rows(0, 1), corners)

    def keep(frame: Frame, *_: object) -> Picture:
        return Picture(str(frame.video_t_s).encode(), PictureView.ROAD, 1, 1, 1.0)

    monkeypatch.setattr(keep_pictures, "redacted_picture", keep)
    monkeypatch.setattr(keep_pictures, "ground_shown", lambda *_: ground)
    return PictureKeeper(PictureRules(PictureView.ROAD, None), _NoPlace(), ROADS, AP9K)  # type: ignore[arg-type]


def test_a_camera_that_is_assumed_keeps_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = _keeper(monkeypatch)
    eye = SimpleNamespace(camera=read_camera(None), width=WIDTH, height=HEIGHT)
    keeper._setup = eye  # type: ignore[assignment]
    found = _observations(0.0, [(3.0, 1.0, 0.0, "D40", 0.9, 8.0)])
    keeper.offer(_frame(0.0), 0.0, found, np.empty((0, 4)))
    assert keeper.finish() == ((), {PictureRefusal.CAMERA_ASSUMED: 1})


def _frame(t_s: float) -> Frame:
    return Frame(t_s, np.zeros((1, 1, 3), np.uint8))


seen = st.tuples(
    st.floats(0.0, 28.0),
    st.floats(0.1, 3.0),
    st.floats(-1.5, 1.2),
    st.sampled_from(["D00", "D10", "D20", "D40"]),
    st.sampled_from([0.3, 0.5, 0.9]),
    st.sampled_from([8.0, 20.0, 60.0]),
)
frames = st.lists(st.lists(seen, max_size=3), min_size=1, max_size=14)


def _observations(t_s: float, found: list[tuple[float, ...]]) -> list[Observation]:
    return [
        box(
            t_s,
            (from_m, min(30.0, from_m + length_m)),
            (right_m, right_m + 0.3),
            kind,
            confidence,
            pixels=px,
        )
        for from_m, length_m, right_m, kind, confidence, px in found
    ]


@settings(max_examples=150, deadline=None)
@given(frames)
def test_the_picture_that_shows_a_damage_best_is_always_among_those_kept(
    found: list[list[tuple[float, ...]]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        keeper = _keeper(patch)
        builder = GridBuilder(ROADS, AP9K)
        everything = []
        for number, boxes in enumerate(found):
            observations = _observations(float(number), boxes)
            builder.add_frame((views(float(number), 0, 30),), observations)
            keeper.offer(_frame(float(number)), float(number), observations, np.empty((0, 4)))
            everything += observations
        kept, refused = keeper.finish()
    times = {one.frame_t_s for one in kept}
    (grid,) = builder.grids()
    lane = [s for s in segments_of(ROADS, AP9K) if s.direction.value == "forward"]
    damages = find_damages(one_pass(grid, everything), lane, LANE_M, AP9K)
    assert {damage.best.frame_t_s for damage in damages} <= times
    assert not refused
    # and nothing is kept that shows nothing best
    assert times <= {o.frame_t_s for o in everything}


def test_few_frames_wait_and_a_better_one_replaces_what_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper = _keeper(monkeypatch)
    for number in range(40):
        nearer = box(float(number), (10.2, 10.8), pixels=10.0 + number)
        keeper.offer(_frame(float(number)), float(number), [nearer], np.empty((0, 4)))
        assert len(keeper._waiting) <= WAITING
        assert len(keeper._made) <= 1
    kept, _ = keeper.finish()
    assert [one.frame_t_s for one in kept] == [39.0]


class _Marks(Finds):
    def __init__(self) -> None:
        super().__init__(MARK)


def _with(monkeypatch: pytest.MonkeyPatch, finder: PeopleFinder | None, view: str = "road") -> None:
    rules = PictureRules(PictureView(view), finder)
    monkeypatch.setattr(run_module, "load_picture_rules", lambda *_, **__: rules)


def _stored(out: Path) -> Iterator[bytes]:
    engine = create_engine(f"sqlite:///{out / 'roadscan.db'}")
    with engine.connect() as db:
        yield from db.scalars(select(pictures.c.jpeg))
    engine.dispose()


def _image(jpeg: bytes) -> Image:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def _marked(image: Image) -> bool:
    x1, y1, x2, y2 = (int(side) for side in MARK)
    assert image.shape == (HEIGHT, WIDTH, 3)
    inner = image[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].astype(int)
    return float(np.median(np.abs(inner - PAINT_BGR).max(axis=2))) < 10


@pytest.mark.parametrize("view", ["road", "context"])
def test_every_stored_image_went_through_the_door(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    _with(monkeypatch, PeopleFinder(Finds(), _Marks()), view)
    result = run_small(small_drive, tmp_path)
    stored = [_image(jpeg) for jpeg in _stored(tmp_path)]
    shown = [_image(path.read_bytes()) for path in sorted((tmp_path / "photos").iterdir())]
    files = {path.name for path in tmp_path.rglob("*.jpg")}
    assert len(shown) == len(files) == result.record.pictures.photos > 3
    assert len(stored) == result.record.pictures.kept >= len(set(result.damages["first_seen"])) > 3
    assert all(map(_marked, stored))
    assert all(map(_marked, shown))
    pictures_elsewhere = {p.suffix for p in tmp_path.rglob("*") if p.is_file()} & {".png", ".webp"}
    assert pictures_elsewhere == {".png"}  # the map


def test_each_damage_names_its_photo(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, PeopleFinder(Finds(), Finds()))
    result = run_small(small_drive, tmp_path)
    assert len(result.damages) > 3
    for damage in result.damages.itertuples():
        assert damage.photo == f"photos/{damage.damage_id}.jpg"
        assert (tmp_path / damage.photo).is_file()
    exported = json.loads((tmp_path / "layers" / "damages.geojson").read_text())
    assert {f["properties"]["photo"] for f in exported["features"]} == set(result.damages["photo"])


def test_without_a_network_there_is_no_photo_and_the_account_says_so(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, None)
    result = run_small(small_drive, tmp_path)
    account = json.loads((tmp_path / "run.json").read_text())
    assert not list(tmp_path.rglob("*.jpg"))
    assert not list(_stored(tmp_path))
    assert result.damages["photo"].isna().all()
    assert account["pictures"]["kept"] == account["pictures"]["photos"] == 0
    assert set(account["pictures"]["refused"]) == {"no_privacy_network"}
    assert any("no_privacy_network" in warning for warning in account["warnings"])
    assert any("hidden_by_traffic" in warning for warning in account["warnings"])


def test_a_network_that_fails_over_pictures_costs_the_photos_and_nothing_else(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, PeopleFinder(Finds(), Raises()))
    result = run_small(small_drive, tmp_path)
    assert not list(tmp_path.rglob("*.jpg"))
    assert set(result.record.pictures.refused) == {"privacy_network_failed"}
    assert len(result.damages) > 3


def test_a_network_that_fails_over_frames_leaves_them_unseen(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailsTwice(Finds):
        left = 2

        def detect(self, *given: object) -> list[object]:  # type: ignore[override]
            self.left -= 1
            return (Raises() if self.left >= 0 else Finds()).detect(*given)  # type: ignore[arg-type,return-value]

    _with(monkeypatch, PeopleFinder(FailsTwice(), Finds()))
    result = run_small(small_drive, tmp_path)
    assert result.record.frames.rejected == {"frame_traffic_unknown": 2}


def test_road_under_a_vehicle_leaves_coverage(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = [0.0, 60.0, 100.0, 180.0]
    coverage = {}
    for name, ahead in {
        "hidden": Finds(beside),
        "unsure": Finds(beside, confidence=0.05),
        "clear": Finds(),
    }.items():
        _with(monkeypatch, PeopleFinder(ahead, Finds()))
        result = run_small(small_drive, tmp_path / name)
        coverage[name] = result.segments["coverage"]
    driven = coverage["clear"] > 0.9
    assert driven.sum() > 5
    assert coverage["hidden"][driven].max() < 0.7
    assert (coverage["unsure"] == coverage["clear"]).all()


def test_a_street_driven_behind_a_lorry_is_not_called_not_driven(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, PeopleFinder(Finds([0.0, 0.0, 320.0, 180.0]), Finds()))
    with pytest.raises(RoadscanError, match="frames_unusable"):
        run_small(small_drive, tmp_path)
    account = json.loads((tmp_path / "run.json").read_text())
    assert account["segments"]["assessed"] == 0
    assert account["segments"]["not_assessed"]["frames_unusable"] > 5
    assert account["rejections"]["under_person_or_vehicle"] > 5


def test_photos_of_damages_that_are_no_more_are_removed(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, PeopleFinder(Finds(), Finds()))
    run_small(small_drive, tmp_path)
    before = results_of(tmp_path)
    (tmp_path / "photos" / "0123456789abcdef.jpg").write_bytes(b"of an earlier survey")
    next((tmp_path / "photos").glob("*.jpg")).unlink()
    run_small(small_drive, tmp_path)
    assert results_of(tmp_path) == before


def test_a_refusal_is_counted_once_for_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = _keeper(monkeypatch)
    monkeypatch.setattr(keep_pictures, "redacted_picture", lambda *_: PictureRefusal.NETWORK_FAILED)
    for number in range(3):
        found = [box(float(number), (5.0 * number, 5.0 * number + 1.0))]
        keeper.offer(_frame(float(number)), float(number), found, np.empty((0, 4)))
    kept, refused = keeper.finish()
    assert kept == ()
    assert refused == {PictureRefusal.NETWORK_FAILED: 3}
    assert not any(isinstance(one, StoredPicture) for one in keeper._made.values())


class _StopsAt:
    """Breaks off the run after some frames, as a kill does."""

    def __init__(self, frames: int) -> None:
        self._left = frames

    def begin(self, what: str, total: int) -> None:
        """Take note of nothing."""

    def advance(self, items: int = 1) -> None:
        self._left -= items
        if self._left == 0:
            raise KeyboardInterrupt


def test_neither_chunks_nor_a_stop_midway_change_a_photo(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, PeopleFinder(Finds(), _Marks()))
    run_small(small_drive, tmp_path / "whole")
    monkeypatch.setattr(chunk, "CHUNK_S", 5.0)
    with pytest.raises(KeyboardInterrupt):
        run_small(small_drive, tmp_path / "stopped", progress=_StopsAt(45))
    assert not (tmp_path / "stopped" / "photos").exists()
    run_small(small_drive, tmp_path / "stopped")
    assert results_of(tmp_path / "stopped") == results_of(tmp_path / "whole")


@pytest.mark.parametrize(("view", "looks"), [("road", 1), ("context", 3)])
def test_a_wide_picture_is_cleared_of_whoever_the_frames_beside_it_show(
    monkeypatch: pytest.MonkeyPatch, view: str, looks: int
) -> None:
    keeper = _keeper(monkeypatch)
    given: list[list[Floats]] = []

    def keep(frame: Frame, *rest: object) -> PictureRefusal:
        given.append(list(rest[4]))  # type: ignore[call-overload]
        return PictureRefusal.NO_NETWORK

    monkeypatch.setattr(keep_pictures, "redacted_picture", keep)
    finder = PeopleFinder(Finds(), Finds([1.0, 1.0, 5.0, 9.0]))
    keeper._rules = PictureRules(PictureView(view), finder)
    for number in range(3):
        found = [box(float(number), (5.0, 6.0))] if number == 1 else []
        keeper.offer(_frame(float(number)), float(number), found, np.array([[2.0, 2, 3, 3]]))
    keeper.finish()
    (known,) = given
    assert len(known) == looks
    assert known[0].tolist() == [[2.0, 2.0, 3.0, 3.0]]
    assert all([1.0, 1.0, 5.0, 9.0] in boxes.tolist() for boxes in known[1:])
