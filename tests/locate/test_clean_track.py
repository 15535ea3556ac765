"""A track cleaned: order, outliers, standstill, gaps, and what real receivers come to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from roadscan.errors import RoadscanError
from roadscan.locate.clean_track import clean_track
from roadscan.locate.drive_path import state_at
from roadscan.model.arrays import Floats
from roadscan.model.track import Track
from tests.locate.drives import (
    CRS_EPSG,
    STARTED_S,
    driven,
    metric_track,
    town_drive,
    track_of,
)

UTM_SAN_FRANCISCO = 32610


def straight(n: int = 60, speed_mps: float = 10.0) -> tuple[Floats, Floats, Floats]:
    t_s = STARTED_S + np.arange(n)
    return t_s, np.full(n, 410_000.0), 5_650_000.0 + speed_mps * np.arange(n)


def clean_straight(speed_mps: float = 10.0, n: int = 60) -> Track:
    return metric_track(*straight(n, speed_mps))


def only(track: Track, which: Floats) -> Track:
    return replace(
        track,
        **{
            name: getattr(track, name)[which]
            for name in (
                "t_s",
                "lon_deg",
                "lat_deg",
                "speed_mps",
                "course_deg",
                "accuracy_m",
                "part",
            )
        },
    )


def test_a_clean_drive_is_kept_as_it_is() -> None:
    path = clean_track(clean_straight(), CRS_EPSG)
    assert path.counts.kept == path.counts.fixes == 60
    assert path.gaps == ()
    np.testing.assert_allclose(path.driven_m, 10.0 * np.arange(60), atol=0.01)
    np.testing.assert_allclose(path.speed_mps, 10.0, atol=0.01)
    assert np.abs((path.heading_deg + 180.0) % 360.0 - 180.0).max() < 0.01


def test_heading_is_clockwise_from_grid_north() -> None:
    t_s, _, y_m = straight()
    eastwards = metric_track(t_s, 410_000.0 + (y_m - y_m[0]), np.full(60, y_m[0]))
    np.testing.assert_allclose(clean_track(eastwards, CRS_EPSG).heading_deg, 90.0, atol=0.01)


def test_duplicates_and_steps_back_in_time_are_dropped_and_counted() -> None:
    track = clean_straight()
    order = np.concatenate([np.arange(30), [29, 20, 21], np.arange(30, 60)])
    path = clean_track(only(track, order), CRS_EPSG)
    assert path.counts.not_increasing == 3
    np.testing.assert_array_equal(path.t_s, track.t_s)


def test_a_time_far_ahead_costs_only_itself() -> None:
    track = clean_straight()
    times = track.t_s.copy()
    times[5] += 1e6
    path = clean_track(replace(track, t_s=times), CRS_EPSG)
    assert path.counts.not_increasing == 1
    assert path.counts.kept == 59


@pytest.mark.parametrize("wrong", [0, 1, 30, 58, 59])
@pytest.mark.parametrize("off_m", [40.0, 300.0, 50_000.0])
def test_one_outlier_costs_only_itself(wrong: int, off_m: float) -> None:
    t_s, x_m, y_m = straight()
    x_m[wrong] += off_m
    path = clean_track(metric_track(t_s, x_m, y_m), CRS_EPSG)
    assert path.counts.outlier_speed + path.counts.outlier_acceleration == 1
    assert path.counts.kept == 59
    assert path.gaps == ()
    np.testing.assert_allclose(path.x_m, 410_000.0, atol=0.05)


def test_a_cause_is_counted_under_its_name() -> None:
    t_s, x_m, y_m = straight()
    x_m[10] += 5000.0
    x_m[40] += 40.0
    counts = clean_track(metric_track(t_s, x_m, y_m), CRS_EPSG).counts
    assert (counts.outlier_speed, counts.outlier_acceleration) == (1, 1)


def test_every_second_fix_wrong_leaves_the_others() -> None:
    t_s, x_m, y_m = straight()
    rng = np.random.default_rng(1)
    x_m[1::2] += rng.uniform(1000.0, 9000.0, 30)
    path = clean_track(metric_track(t_s, x_m, y_m), CRS_EPSG)
    assert path.counts.kept == 30
    np.testing.assert_allclose(path.x_m, 410_000.0, atol=0.05)


def test_a_jump_splits_the_track_and_loses_nothing() -> None:
    t_s, x_m, y_m = straight()
    x_m[30:] += 2000.0
    path = clean_track(metric_track(t_s, x_m, y_m), CRS_EPSG)
    assert path.counts.kept == 60
    assert [(gap.from_s, gap.to_s, gap.reason) for gap in path.gaps] == [(t_s[29], t_s[30], "jump")]
    assert path.driven_m[-1] == pytest.approx(29 * 10.0 * 2, abs=0.1)


def test_a_missed_fix_or_two_is_no_gap() -> None:
    track = clean_straight()
    path = clean_track(only(track, np.delete(np.arange(60), [20, 21, 40])), CRS_EPSG)
    assert path.gaps == ()


def test_a_slow_receiver_has_gaps_of_its_own_measure() -> None:
    track = clean_straight(n=200)
    every_4_s = only(track, np.arange(0, 200, 4))
    assert clean_track(only(every_4_s, np.delete(np.arange(50), 20)), CRS_EPSG).gaps == ()
    assert len(clean_track(only(every_4_s, np.delete(np.arange(50), [20, 21])), CRS_EPSG).gaps) == 1


def test_a_gap_is_never_bridged() -> None:
    track = clean_straight()
    path = clean_track(only(track, np.r_[0:20, 30:60]), CRS_EPSG)
    assert [(gap.from_s - STARTED_S, gap.to_s - STARTED_S) for gap in path.gaps] == [(19.0, 30.0)]
    assert path.gaps[0].reason == "no_fix"
    inside = state_at(path, STARTED_S + np.array([19.0, 19.01, 25.0, 29.99, 30.0]))
    np.testing.assert_array_equal(inside.piece, [0, -1, -1, -1, 1])
    np.testing.assert_array_equal(np.isnan(inside.x_m), [False, True, True, True, False])
    assert path.driven_m[-1] == pytest.approx((19 + 29) * 10.0, abs=0.1)


def test_parts_of_the_file_split_only_where_they_are_interrupted() -> None:
    t_s, x_m, y_m = straight()
    part = (np.arange(60) >= 30).astype(np.float64)
    assert clean_track(metric_track(t_s, x_m, y_m, part=part), CRS_EPSG).gaps == ()
    later = np.where(part > 0, t_s + 3.0, t_s)
    gaps = clean_track(metric_track(later, x_m, y_m, part=part), CRS_EPSG).gaps
    assert [gap.reason for gap in gaps] == ["new_part"]


@pytest.mark.parametrize("noise_m", [0.5, 1.5, 3.0])
def test_noise_at_standstill_adds_no_metres(noise_m: float) -> None:
    rng = np.random.default_rng(3)
    t_s = STARTED_S + np.arange(300)
    x_m, y_m = 410_000.0 + rng.normal(0, noise_m, 300), 5_650_000.0 + rng.normal(0, noise_m, 300)
    path = clean_track(metric_track(t_s, x_m, y_m), CRS_EPSG)
    assert path.driven_m[-1] == 0.0
    assert path.counts.standstill == 298
    np.testing.assert_allclose(path.x_m, x_m.mean(), atol=1e-3)
    np.testing.assert_array_equal(path.t_s, t_s[[0, -1]])


def _drift(count: int, sigma_m: float, tau_s: float, rng: np.random.Generator) -> Floats:
    """The error (2, n) of a receiver whose satellites wander, once a second."""
    kept = np.exp(-1.0 / tau_s)
    error = rng.normal(0.0, sigma_m, (2, count))
    for k in range(1, count):
        error[:, k] = kept * error[:, k - 1] + np.sqrt(1.0 - kept**2) * error[:, k]
    return error


@pytest.mark.parametrize("with_speed", [False, True])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("sigma_m", "tau_s", "stand_s"), [(8.0, 60.0, 600), (5.0, 30.0, 180)])
def test_a_receiver_that_drifts_at_standstill_drives_nowhere(
    sigma_m: float, tau_s: float, stand_s: int, seed: int, *, with_speed: bool
) -> None:
    rng = np.random.default_rng(seed)
    speed = np.concatenate([np.full(30, 8.0), np.zeros(stand_s), np.full(30, 8.0)])
    t_s = STARTED_S + np.arange(len(speed))
    along_m = np.concatenate([[0.0], np.cumsum(speed[:-1])])
    x_m, y_m = np.stack([410_000.0 + along_m, np.full(len(speed), 5_650_000.0)]) + _drift(
        len(speed), sigma_m, tau_s, rng
    )
    said = np.abs(speed + rng.normal(0.0, 0.1, len(speed))) if with_speed else None
    path = clean_track(metric_track(t_s, x_m, y_m, said), CRS_EPSG)

    # the errors of the first and of the last fix stay in it: without a speed nobody can tell them
    assert path.driven_m[-1] == pytest.approx(along_m[-1], abs=8.0 if with_speed else 6.0 * sigma_m)


def test_a_speed_that_is_stuck_at_zero_is_not_believed() -> None:
    t_s, x_m, y_m = straight()
    stuck = np.where(np.arange(60) < 30, 10.0, 0.0)
    path = clean_track(metric_track(t_s, x_m, y_m, stuck), CRS_EPSG)
    assert path.driven_m[-1] == pytest.approx(590.0, abs=1.0)


def test_stop_and_go_round_a_corner_keeps_its_metres() -> None:
    drive_on = np.full(8, 8.0)
    hops = np.r_[drive_on, np.tile(np.r_[np.zeros(12), np.full(4, 3.0)], 12), drive_on]
    along_m = np.concatenate([[0.0], np.cumsum(hops)])
    corner_m = along_m[-1] / 2
    rng = np.random.default_rng(1)
    x_m = 410_000.0 + np.minimum(along_m, corner_m) + rng.normal(0.0, 0.5, len(along_m))
    y_m = 5_650_000.0 + np.maximum(along_m - corner_m, 0.0) + rng.normal(0.0, 0.5, len(along_m))
    path = clean_track(metric_track(STARTED_S + np.arange(len(x_m)), x_m, y_m), CRS_EPSG)

    assert path.driven_m[-1] == pytest.approx(along_m[-1], rel=0.1)
    state = state_at(path, STARTED_S + np.arange(len(x_m)))
    assert np.hypot(state.x_m - x_m, state.y_m - y_m).max() < 8.0


def test_the_vehicle_is_at_its_stop_as_long_as_it_stands() -> None:
    drive = town_drive()
    rng = np.random.default_rng(5)
    path = clean_track(track_of(drive, rng, noise_m=1.0, with_speed=True), CRS_EPSG)
    standing_s = STARTED_S + np.array([41.0, 44.0, 47.0])
    state = state_at(path, standing_s)
    assert np.ptp(state.x_m) == np.ptp(state.y_m) == np.ptp(state.driven_m) == 0.0
    assert np.ptp(state.heading_deg) == 0.0
    np.testing.assert_array_equal(state.speed_mps, 0.0)
    assert state.x_m[0] == pytest.approx(np.interp(standing_s[0], drive.t_s, drive.x_m), abs=1.5)


def test_a_crawl_is_not_one_place() -> None:
    t_s, x_m, y_m = straight(n=120, speed_mps=0.6)
    path = clean_track(metric_track(t_s, x_m, y_m), CRS_EPSG)
    state = state_at(path, t_s)
    assert np.abs(state.y_m - y_m).max() <= 7.0
    assert path.driven_m[-1] == pytest.approx(0.6 * 119, abs=8.0)


@pytest.mark.parametrize(("noise_m", "with_speed"), [(1.5, True), (1.5, False), (3.0, False)])
def test_noise_does_not_lengthen_a_drive(noise_m: float, with_speed: bool) -> None:  # noqa: FBT001
    drive = town_drive()
    track = track_of(drive, np.random.default_rng(7), noise_m=noise_m, with_speed=with_speed)
    path = clean_track(track, CRS_EPSG)
    length_m = float(np.interp(track.t_s[-1], drive.t_s, np.cumsum(drive.speed_mps) * 0.02))
    assert path.driven_m[-1] == pytest.approx(length_m, rel=0.015)


def test_smoothing_makes_positions_better_and_heading_usable() -> None:
    drive = town_drive()
    track = track_of(drive, np.random.default_rng(9), noise_m=1.5)
    path = clean_track(track, CRS_EPSG)
    state = state_at(path, track.t_s)
    x_m, y_m, heading = (
        np.interp(track.t_s, drive.t_s, values)
        for values in (drive.x_m, drive.y_m, np.degrees(drive.heading_rad))
    )
    raw_m = 1.5 * np.sqrt(np.pi / 2)
    assert np.mean(np.hypot(state.x_m - x_m, state.y_m - y_m)) < 0.7 * raw_m
    off_deg = np.abs((state.heading_deg - heading + 180.0) % 360.0 - 180.0)
    assert np.median(off_deg) < 4.0


def test_a_speed_that_is_not_in_metres_per_second_is_not_believed() -> None:
    t_s, x_m, y_m = straight()
    path = clean_track(metric_track(t_s, x_m, y_m, np.full(60, 36.0)), CRS_EPSG)
    np.testing.assert_allclose(path.speed_mps, 10.0, atol=0.01)
    standing = clean_track(metric_track(t_s, x_m, y_m, np.zeros(60)), CRS_EPSG)
    assert standing.driven_m[-1] == pytest.approx(590.0, abs=0.1)


def test_an_accuracy_that_is_missing_is_assumed_and_one_that_is_there_is_kept() -> None:
    track = clean_straight()
    stated = np.where(np.arange(60) < 30, 1.2, np.nan)
    path = clean_track(replace(track, accuracy_m=stated), CRS_EPSG)
    np.testing.assert_array_equal(path.accuracy_m, np.where(np.arange(60) < 30, 1.2, 3.0))


def test_fixes_at_null_island_are_dropped_and_a_track_of_them_refused() -> None:
    track = clean_straight()
    lon, lat = track.lon_deg.copy(), track.lat_deg.copy()
    lon[:4] = lat[:4] = 0.0
    assert clean_track(replace(track, lon_deg=lon, lat_deg=lat), CRS_EPSG).counts.no_position == 4
    with pytest.raises(RoadscanError) as refused:
        clean_track(replace(track, lon_deg=0.0 * lon, lat_deg=0.0 * lat), CRS_EPSG)
    assert refused.value.code == "track_null_island"


def test_a_track_without_two_fixes_is_refused() -> None:
    for fixes in (np.arange(0), np.arange(1)):
        with pytest.raises(RoadscanError) as refused:
            clean_track(only(clean_straight(), fixes), CRS_EPSG)
        assert refused.value.code == "track_too_short"


@pytest.mark.parametrize("fixes", [2, 3, 4, 5])
def test_a_handful_of_fixes_is_a_path(fixes: int) -> None:
    path = clean_track(clean_straight(n=fixes), CRS_EPSG)
    assert path.driven_m[-1] == pytest.approx(10.0 * (fixes - 1), abs=0.01)
    assert np.isfinite(path.heading_deg).all()


def test_state_turns_the_shorter_way_through_north() -> None:
    t_s = np.arange(0.0, 40.0, 0.02)
    drive = driven(t_s, np.full(len(t_s), 10.0), np.full(len(t_s), -0.05))
    path = clean_track(track_of(drive, np.random.default_rng(0)), CRS_EPSG)
    state = state_at(path, drive.t_s[100:1900])
    true_deg = np.degrees(drive.heading_rad[100:1900])
    assert np.abs((state.heading_deg - true_deg + 180.0) % 360.0 - 180.0).max() < 1.0


rough = st.tuples(
    st.floats(0.0, 1e9, allow_nan=False),
    st.sampled_from([0.0, 5.0, 60.0, 5e3, 1e6]),
    st.sampled_from([-3.0, 0.0, 0.05, 1.0, 1.0, 1.0, 4.0, 30.0]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rough, min_size=2, max_size=60), st.integers(0, 2**31))
def test_whatever_comes_a_path_keeps_its_laws(
    steps: list[tuple[float, float, float]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    t_s = STARTED_S + np.cumsum([step for _, _, step in steps])
    off_m = np.array([size * np.cos(angle) for angle, size, _ in steps])
    x_m = 410_000.0 + rng.normal(0, 1, len(steps)) + off_m
    track = metric_track(t_s, x_m, 5_650_000.0 + 10.0 * np.arange(len(steps)))
    assume(np.any(np.diff(track.t_s) > 0.0))
    path = clean_track(track, CRS_EPSG)
    counts = path.counts
    dropped = counts.not_increasing + counts.no_position + counts.outlier_speed
    dropped += counts.outlier_acceleration + counts.standstill
    assert counts.kept + dropped == counts.fixes == len(track.t_s)
    assert counts.kept == len(path.t_s)
    assert (np.diff(path.t_s) > 0.0).all()
    assert (np.diff(path.driven_m) >= 0.0).all()
    assert len(path.gaps) == path.piece[-1]
    apart = np.flatnonzero(np.diff(path.piece))
    assert [(gap.from_s, gap.to_s) for gap in path.gaps] == [
        (path.t_s[i], path.t_s[i + 1]) for i in apart
    ]
    for gap in path.gaps:
        assert state_at(path, np.array([0.5 * (gap.from_s + gap.to_s)])).piece[0] == -1
    state = state_at(path, path.t_s)
    np.testing.assert_array_equal(state.x_m, path.x_m)
    np.testing.assert_array_equal(state.piece, path.piece)


@settings(max_examples=20, deadline=None)
@given(st.integers(-1_000_000, 1_000_000))
def test_a_track_at_another_time_is_the_same_path(later_s: int) -> None:
    track = track_of(town_drive(), np.random.default_rng(2), noise_m=1.0)
    here = clean_track(track, CRS_EPSG)
    there = clean_track(replace(track, t_s=track.t_s + later_s), CRS_EPSG)
    np.testing.assert_allclose(there.x_m, here.x_m, atol=1e-6)
    np.testing.assert_allclose(there.driven_m, here.driven_m, atol=1e-6)


@pytest.mark.real
@pytest.mark.parametrize(
    ("receiver", "median_m", "p95_m"), [("ublox", 1.5, 2.1), ("qcom", 3.5, 10.0)]
)
def test_a_real_drive_cleaned_stays_by_its_truth(
    real_data: Path, receiver: str, median_m: float, p95_m: float
) -> None:
    folder = real_data / "video"
    fixes = np.genfromtxt(folder / f"comma2k19_gnss_{receiver}.csv", delimiter=",", names=True)
    truth = np.genfromtxt(folder / "comma2k19_truth.csv", delimiter=",", names=True)
    nothing = np.full(len(fixes), np.nan)
    t_s = fixes["utc_ms"] / 1000.0
    track = Track(
        t_s=t_s,
        lon_deg=fixes["lon"],
        lat_deg=fixes["lat"],
        speed_mps=fixes["speed_mps"],
        course_deg=nothing,
        accuracy_m=nothing,
        part=np.zeros(len(fixes), dtype=np.int64),
        format="csv",
    )
    path = clean_track(track, UTM_SAN_FRANCISCO)
    assert path.counts.kept == len(fixes)
    assert path.gaps == ()
    to_metres = Transformer.from_crs(4326, UTM_SAN_FRANCISCO, always_xy=True)
    x_m, y_m = to_metres.transform(truth["lon"], truth["lat"])
    utc_of_boot_s = float(np.median(t_s - fixes["t_boot_s"]))
    state = state_at(path, truth["t_boot_s"] + utc_of_boot_s)
    covered = state.piece >= 0
    assert covered.mean() > 0.95
    off_m = np.hypot(state.x_m - x_m, state.y_m - y_m)[covered]
    assert np.median(off_m) < median_m
    assert np.quantile(off_m, 0.95) < p95_m
    true_m = np.hypot(np.diff(x_m), np.diff(y_m))[covered[1:]].sum()
    assert path.driven_m[-1] == pytest.approx(true_m, rel=0.025)
    true_deg = np.degrees(np.arctan2(truth["v_east_mps"], truth["v_north_mps"]))
    off_deg = np.abs((state.heading_deg - true_deg + 180.0) % 360.0 - 180.0)[covered]
    assert np.quantile(off_deg, 0.95) < 3.0
