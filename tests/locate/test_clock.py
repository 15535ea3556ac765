"""The clock fit: right within its own uncertainty, or it says that it does not know."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.apparent_motion import Motion, apparent_motion
from roadscan.locate.clean_track import clean_track
from roadscan.locate.clock import choose_windows, fit_clock
from roadscan.model.track import DrivePath, Track
from tests.locate.drives import (
    CRS_EPSG,
    STARTED_S,
    driven,
    filmed,
    motion_of,
    town_drive,
    track_of,
)

VIDEO_ZERO_S = STARTED_S + 4.0
"""True UTC time of the first frame."""
DURATION_S = 72.0
BUDGET_S = 24.0


def path_of(seed: int, *, noise_m: float = 1.0, with_speed: bool = False) -> DrivePath:
    rng = np.random.default_rng(seed)
    return clean_track(
        track_of(town_drive(), rng, noise_m=noise_m, with_speed=with_speed), CRS_EPSG
    )


def motion_in(path: DrivePath, offset_s: float, seed: int = 0) -> Motion:
    windows = choose_windows(path, VIDEO_ZERO_S - offset_s, DURATION_S, BUDGET_S)
    return motion_of(town_drive(), windows, VIDEO_ZERO_S, np.random.default_rng(seed))


@pytest.mark.parametrize("offset_s", [-6.3, -1.4, 0.0, 1.4, 3.05])
def test_the_offset_is_found_within_two_tenths_of_a_second(offset_s: float) -> None:
    path = path_of(1, with_speed=True)
    fit = fit_clock(motion_in(path, offset_s), path, VIDEO_ZERO_S - offset_s)
    assert fit.source == "motion"
    assert fit.warnings == ()
    assert fit.offset_s == pytest.approx(offset_s, abs=0.2)
    assert fit.started_s + fit.offset_s == pytest.approx(VIDEO_ZERO_S, abs=0.2)
    assert fit.correlation > 0.9


@pytest.mark.parametrize("noise_m", [0.5, 1.5, 2.5])
def test_the_uncertainty_is_honest(noise_m: float) -> None:
    normalised = []
    for seed in range(12):
        path = path_of(seed, noise_m=noise_m)
        fit = fit_clock(motion_in(path, 1.4, seed), path, VIDEO_ZERO_S - 1.4)
        if fit.source == "motion":
            normalised.append((fit.offset_s - 1.4) / fit.sigma_s)
    assert len(normalised) >= 9
    assert np.abs(normalised).max() < 3.0
    assert np.sqrt(np.mean(np.square(normalised))) < 1.6


def test_the_offset_is_found_in_pictures() -> None:
    path = path_of(3, with_speed=True)
    rng = np.random.default_rng(5)
    motion = apparent_motion(filmed(town_drive(), VIDEO_ZERO_S + 11, VIDEO_ZERO_S + 27, rng))
    motion = replace(motion, t_s=motion.t_s + 11.0)
    fit = fit_clock(motion, path, VIDEO_ZERO_S - 1.4)
    assert fit.source == "motion"
    assert fit.offset_s == pytest.approx(1.4, abs=0.2)


@settings(max_examples=15, deadline=None)
@given(st.integers(-40, 40).map(lambda tenths: tenths / 10.0))
def test_a_track_that_is_later_shifts_the_offset_by_as_much(later_s: float) -> None:
    path = path_of(6, with_speed=True)
    motion = motion_in(path, 0.0)
    later = replace(path, t_s=path.t_s + later_s)
    here = fit_clock(motion, path, VIDEO_ZERO_S)
    there = fit_clock(motion, later, VIDEO_ZERO_S)
    assert there.source == here.source == "motion"
    assert there.offset_s - here.offset_s == pytest.approx(later_s, abs=0.03)


def test_the_scale_of_the_apparent_motion_does_not_matter() -> None:
    path = path_of(2)
    motion = motion_in(path, 1.4)
    scaled = replace(motion, turn=7.0 * motion.turn, speed=0.01 * motion.speed)
    here = fit_clock(motion, path, VIDEO_ZERO_S - 1.4)
    there = fit_clock(scaled, path, VIDEO_ZERO_S - 1.4)
    assert there.offset_s == pytest.approx(here.offset_s, abs=1e-6)


def is_unconfirmed(motion: Motion, path: DrivePath) -> bool:
    fit = fit_clock(motion, path, VIDEO_ZERO_S)
    assert (fit.source == "motion") == (fit.warnings == ())
    if fit.source == "motion":
        return False
    assert fit.source == "container"
    assert fit.warnings == ("clock_not_confirmed",)
    assert fit.offset_s == 0.0
    assert fit.sigma_s > 5.0
    return True


def test_a_straight_drive_at_one_speed_tells_no_time() -> None:
    t_s = np.arange(0.0, 80.0, 0.02)
    steady = driven(t_s, np.full(len(t_s), 12.0), np.zeros(len(t_s)))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        path = clean_track(track_of(steady, rng, noise_m=1.0), CRS_EPSG)
        windows = choose_windows(path, VIDEO_ZERO_S, DURATION_S, BUDGET_S)
        assert is_unconfirmed(motion_of(steady, windows, VIDEO_ZERO_S, rng), path)


def test_pictures_that_say_nothing_confirm_nothing() -> None:
    path = path_of(1)
    rng = np.random.default_rng(0)
    seen = motion_in(path, 0.0)
    n = len(seen.t_s)
    assert is_unconfirmed(apparent_motion([]), path)
    assert is_unconfirmed(replace(seen, turn=np.full(n, np.nan), speed=np.full(n, np.nan)), path)
    assert is_unconfirmed(replace(seen, turn=np.zeros(n), speed=np.zeros(n)), path)
    assert is_unconfirmed(replace(seen, turn=rng.normal(size=n), speed=rng.normal(size=n)), path)


def test_a_turn_that_the_picture_does_not_show_is_not_explained_away() -> None:
    path = path_of(1, with_speed=True)
    seen = motion_in(path, 0.0)
    assert is_unconfirmed(replace(seen, turn=-seen.turn), path)


def test_an_offset_beyond_the_search_is_not_confirmed() -> None:
    path = path_of(1, with_speed=True)
    windows = choose_windows(path, VIDEO_ZERO_S, DURATION_S, BUDGET_S)
    elsewhere = motion_of(town_drive(), windows, VIDEO_ZERO_S + 25.0, np.random.default_rng(0))
    assert is_unconfirmed(elsewhere, path)


def test_a_gap_in_the_track_is_not_filled() -> None:
    path = path_of(1)
    windows = choose_windows(path, VIDEO_ZERO_S, DURATION_S, BUDGET_S)
    (from_s, to_s), *_ = windows
    outside = (path.t_s < VIDEO_ZERO_S + from_s - 12.0) | (path.t_s > VIDEO_ZERO_S + to_s + 12.0)
    track = track_of(town_drive(), np.random.default_rng(1), noise_m=1.5)
    there = np.isin(track.t_s, path.t_s[outside])
    names = ("t_s", "lon_deg", "lat_deg", "speed_mps", "course_deg", "accuracy_m", "part")
    holed = clean_track(replace(track, **{k: getattr(track, k)[there] for k in names}), CRS_EPSG)
    seen = motion_of(town_drive(), windows, VIDEO_ZERO_S, np.random.default_rng(0))
    assert is_unconfirmed(seen, holed)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 300.0), st.floats(0.0, 120.0), st.floats(-200.0, 200.0))
def test_windows_keep_to_video_and_budget(
    duration_s: float, budget_s: float, late_s: float
) -> None:
    windows = choose_windows(path_of(1), VIDEO_ZERO_S + late_s, duration_s, budget_s)
    assert sum(to_s - from_s for from_s, to_s in windows) <= budget_s + 1e-9
    last_s = 0.0
    for from_s, to_s in windows:
        assert last_s <= from_s < to_s <= duration_s + 1e-9
        last_s = to_s


def test_windows_show_the_turns() -> None:
    ((from_s, to_s),) = choose_windows(path_of(1, with_speed=True), STARTED_S, 80.0, 24.0)
    turns_s = ((20.0, 24.0), (54.0, 58.0))
    assert any(from_s < first_s and last_s < to_s for first_s, last_s in turns_s)


def test_a_larger_budget_is_spread_over_the_drive() -> None:
    windows = choose_windows(path_of(1), STARTED_S, 80.0, 50.0)
    assert len(windows) == 2
    assert windows[0][1] <= 40.0 <= windows[1][0]


@pytest.mark.real
@pytest.mark.parametrize("offset_s", [-3.0, 1.4])
@pytest.mark.parametrize("with_speed", [True, False])
def test_wheel_speed_and_a_real_receiver_agree_on_the_time(
    real_data: Path,
    offset_s: float,
    with_speed: bool,  # noqa: FBT001
) -> None:
    fixes, truth, wheels = (
        np.genfromtxt(real_data / "video" / f"comma2k19_{name}.csv", delimiter=",", names=True)
        for name in ("gnss_ublox", "truth", "can_speed")
    )
    nothing = np.full(len(fixes), np.nan)
    track = Track(
        t_s=fixes["utc_ms"] / 1000.0,
        lon_deg=fixes["lon"],
        lat_deg=fixes["lat"],
        speed_mps=fixes["speed_mps"] if with_speed else nothing,
        course_deg=nothing,
        accuracy_m=nothing,
        part=np.zeros(len(fixes), dtype=np.int64),
        format="csv",
    )
    path = clean_track(track, 32610)
    boot_s = truth["t_boot_s"]
    started_s = boot_s[0] + float(np.median(track.t_s - fixes["t_boot_s"])) - offset_s
    ((from_s, to_s),) = choose_windows(path, started_s, 59.9, BUDGET_S)
    t_s = np.arange(from_s, to_s, 0.1)
    heading = np.unwrap(np.arctan2(truth["v_east_mps"], truth["v_north_mps"]))
    motion = Motion(
        t_s=t_s,
        turn=np.interp(boot_s[0] + t_s, boot_s, np.gradient(heading, boot_s)),
        speed=np.interp(boot_s[0] + t_s, wheels["t_boot_s"], wheels["speed_mps"]),
        quality=np.ones(len(t_s)),
        window=np.zeros(len(t_s), dtype=np.int64),
    )
    fit = fit_clock(motion, path, started_s)
    assert fit.source == "motion"
    assert fit.offset_s == pytest.approx(offset_s, abs=0.2)
    assert abs(fit.offset_s - offset_s) < 3.0 * fit.sigma_s
