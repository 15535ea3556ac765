"""A camera told from the motion of points: made-up drives with a projection of their own."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from roadscan.locate.camera_calibration import Driven, Estimate, calibrate
from roadscan.locate.relative_motion import PointPairs
from roadscan.model.arrays import Floats

WIDTH, HEIGHT = 640, 360
STEP_S = 0.1
SPEED_MPS = 10.0
UNKNOWN = Estimate(70.0, 20.0)
NOISE_PX = 0.15


@dataclass(frozen=True)
class Eye:
    """The camera to be found."""

    hfov_deg: float = 70.0
    height_m: float = 1.35
    pitch_deg: float = 6.0
    yaw_deg: float = 0.0
    roll_deg: float = 0.0

    def see(self, ahead: Floats, left: Floats, up: Floats) -> Floats:
        """Return pixels from the middle (n, 2), NaN behind; by a rotation matrix."""
        p, y, r = np.radians([self.pitch_deg, self.yaw_deg, self.roll_deg])
        body = np.column_stack([-left, self.height_m - up, ahead])
        about_down = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        about_right = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
        about_axis = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
        seen = body @ (about_axis @ about_right @ about_down).T
        focal = WIDTH / 2 / np.tan(np.radians(self.hfov_deg) / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            uv = focal * seen[:, :2] / np.where(seen[:, 2:] > 0.3, seen[:, 2:], np.nan)
        return np.asarray(uv, float)


def drive(
    eye: Eye,
    rates_deg_s: Floats,
    speed_mps: float = SPEED_MPS,
    seed: int = 0,
    later: Eye | None = None,
    nod_deg: float = 0.2,
) -> tuple[PointPairs, Driven]:
    """Drive with these turn rates, one for each pair of frames; from the middle on with `later`."""
    rng = np.random.default_rng(seed)
    count = len(rates_deg_s)
    course = np.concatenate([[0.0], np.cumsum(np.radians(rates_deg_s) * STEP_S)])
    nod = np.convolve(rng.normal(0, nod_deg, count + 9), np.ones(5) / 5**0.5, "same")[: count + 1]
    pairs, before, after = [], [], []
    for k in range(count):
        camera = later if later is not None and k >= count // 2 else eye
        road = rng.uniform([2.5, -6.0, 0.0], [30.0, 6.0, 0.0], (60, 3))
        beside = rng.uniform([5.0, -25.0, 0.0], [80.0, 25.0, 12.0], (70, 3))
        beside[:, 1] += 5.0 * np.sign(beside[:, 1])
        points = np.vstack([road, beside])
        turn = course[k + 1] - course[k]
        gone = speed_mps * STEP_S
        ahead, left = points[:, 0] - gone * np.cos(turn / 2), points[:, 1] - gone * np.sin(turn / 2)
        turned = (
            ahead * np.cos(turn) + left * np.sin(turn),
            left * np.cos(turn) - ahead * np.sin(turn),
        )
        first = replace(camera, pitch_deg=camera.pitch_deg + nod[k]).see(*points.T)
        second = replace(camera, pitch_deg=camera.pitch_deg + nod[k + 1]).see(*turned, points[:, 2])
        shown = np.isfinite(second).all(axis=1)
        for uv in (first, second):
            shown &= (np.abs(uv) < [WIDTH / 2, HEIGHT / 2]).all(axis=1)
        before.append(first[shown])
        after.append(second[shown] + rng.normal(0, NOISE_PX, (int(shown.sum()), 2)))
        pairs.append(np.full(int(shown.sum()), k))
    points = PointPairs(
        STEP_S * (np.arange(count) + 0.5),
        np.full(count, STEP_S),
        np.concatenate(pairs),
        np.concatenate(before),
        np.concatenate(after),
    )
    middle = (course[1:] + course[:-1]) / 2
    return points, Driven(np.full(count, speed_mps * STEP_S), middle)


def bends(*turns_deg: float) -> Floats:
    """Return turn rates: 8 s straight on, then each turn in 4 s and 8 s straight on again."""
    rates = [np.zeros(80)]
    for turn in turns_deg:
        rates += [np.full(40, turn / 4.0), np.zeros(80)]
    return np.concatenate(rates)


CAMERAS = [
    Eye(),
    Eye(hfov_deg=60.0, height_m=1.1, pitch_deg=0.0, yaw_deg=4.0),
    Eye(hfov_deg=120.0, height_m=2.4, pitch_deg=12.0, yaw_deg=-4.0),
    Eye(hfov_deg=105.0, height_m=1.35, pitch_deg=6.0, yaw_deg=2.0, roll_deg=2.0),
    Eye(hfov_deg=85.0, height_m=1.8, pitch_deg=3.0, yaw_deg=-2.0, roll_deg=-3.0),
]


@pytest.mark.parametrize("eye", CAMERAS)
def test_an_unknown_camera_is_found_from_straight_road_and_bends(eye: Eye) -> None:
    points, driven = drive(eye, bends(85.0, -85.0))
    found = calibrate(points, WIDTH, UNKNOWN, driven)
    assert found.pitch_deg.value == pytest.approx(eye.pitch_deg, abs=0.3)
    assert found.yaw_deg.value == pytest.approx(eye.yaw_deg, abs=0.3)
    assert found.roll_deg.value == pytest.approx(eye.roll_deg, abs=0.5)
    assert found.hfov_deg.value == pytest.approx(eye.hfov_deg, rel=0.03)
    assert found.height_m.value == pytest.approx(eye.height_m, rel=0.07)
    assert (found.bends, found.slipped_deg) == (2, 0.0)


@pytest.mark.parametrize("eye", CAMERAS)
def test_the_true_value_lies_within_three_standard_deviations(eye: Eye) -> None:
    points, driven = drive(eye, bends(85.0), seed=3)
    found = calibrate(points, WIDTH, UNKNOWN, driven)
    for name in ("pitch_deg", "yaw_deg", "hfov_deg", "height_m"):
        estimate = getattr(found, name)
        assert abs(estimate.value - getattr(eye, name)) < 3.0 * estimate.sigma, name


def test_without_bends_the_angle_of_view_is_unknown_and_pitch_is_as_unsure_as_it() -> None:
    points, driven = drive(Eye(), np.zeros(200))
    found = calibrate(points, WIDTH, UNKNOWN, driven)
    assert (found.hfov_deg, found.roll_deg) == (None, None)
    assert found.pitch_deg.sigma > 1.0
    known = calibrate(points, WIDTH, Estimate(70.0, 1.5), driven, find_hfov=False)
    assert known.pitch_deg.value == pytest.approx(6.0, abs=0.2)
    assert known.pitch_deg.sigma < 0.3
    assert known.height_m.value == pytest.approx(1.35, rel=0.05)


def test_without_a_track_the_picture_tells_where_it_looks_and_no_more() -> None:
    points, _ = drive(Eye(), bends(85.0))
    found = calibrate(points, WIDTH, Estimate(70.0, 1.5))
    assert found.pitch_deg.value == pytest.approx(6.0, abs=0.3)
    assert (found.hfov_deg, found.height_m, found.bends) == (None, None, 0)


def test_a_vehicle_that_stands_or_backs_or_turns_all_the_time_tells_nothing() -> None:
    still, driven = drive(Eye(), np.zeros(200), speed_mps=0.0, nod_deg=0.0)
    assert calibrate(still, WIDTH, UNKNOWN, driven).pitch_deg is None
    back, driven = drive(Eye(), np.zeros(200), speed_mps=-4.0)
    assert calibrate(back, WIDTH, UNKNOWN, driven).pitch_deg is None
    round_and_round, driven = drive(Eye(), np.full(200, 12.0))
    assert calibrate(round_and_round, WIDTH, UNKNOWN, driven).pitch_deg is None


def test_a_few_seconds_of_straight_road_are_too_few() -> None:
    points, driven = drive(Eye(), np.zeros(40))
    assert calibrate(points, WIDTH, UNKNOWN, driven).pitch_deg is None


def test_no_points_at_all_tell_nothing() -> None:
    nothing = np.zeros((0, 2))
    empty = PointPairs(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), nothing, nothing)
    assert calibrate(empty, WIDTH, UNKNOWN).pitch_deg is None


def test_a_mount_that_slips_is_noticed_and_a_steady_one_is_not() -> None:
    eye = Eye()
    known = Estimate(70.0, 1.5)
    for seed in range(5):
        steady, _ = drive(eye, np.zeros(400), seed=seed)
        assert calibrate(steady, WIDTH, known).slipped_deg == 0.0
    slipped, _ = drive(eye, np.zeros(400), later=replace(eye, pitch_deg=8.0))
    assert calibrate(slipped, WIDTH, known).slipped_deg == pytest.approx(2.0, abs=0.4)


def test_traffic_and_overlays_do_not_count() -> None:
    points, driven = drive(Eye(), np.zeros(200))
    rng = np.random.default_rng(1)
    wild = rng.random(len(points.before)) < 0.25
    moved = points.after + np.where(wild[:, None], rng.normal(0, 15.0, points.after.shape), 0.0)
    frozen = rng.random(len(points.before)) < 0.15
    moved = np.where(frozen[:, None], points.before, moved)
    found = calibrate(replace(points, after=moved), WIDTH, Estimate(70.0, 1.5), driven)
    assert found.pitch_deg.value == pytest.approx(6.0, abs=0.3)
    assert found.yaw_deg.value == pytest.approx(0.0, abs=0.3)
    assert found.height_m.value == pytest.approx(1.35, rel=0.07)
