"""The clock fit: right within its own uncertainty, or it says why it does not know."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.apparent_motion import Motion, apparent_motion
from roadscan.locate.clean_track import clean_track
from roadscan.locate.clock import FoundClock, NoClock, choose_windows, find_clock
from roadscan.locate.clock_guesses import ROLLOVER_S, ClockGuess, guesses_for
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
BUDGET_S = 72.0


def path_of(
    seed: int, *, noise_m: float = 1.0, with_speed: bool = False, rate_hz: float = 1.0
) -> DrivePath:
    rng = np.random.default_rng(seed)
    drive = town_drive()
    return clean_track(
        track_of(drive, rng, noise_m=noise_m, rate_hz=rate_hz, with_speed=with_speed), CRS_EPSG
    )


def motion_in(path: DrivePath, offset_s: float, seed: int = 0) -> Motion:
    windows = choose_windows(path, VIDEO_ZERO_S - offset_s, DURATION_S, BUDGET_S)
    return motion_of(town_drive(), windows, VIDEO_ZERO_S, np.random.default_rng(seed))


def clock_of(motion: Motion, path: DrivePath, created_s: float | None) -> FoundClock | NoClock:
    return find_clock(motion, path, guesses_for(created_s, DURATION_S))


def found(motion: Motion, path: DrivePath, created_s: float | None) -> FoundClock:
    clock = clock_of(motion, path, created_s)
    assert isinstance(clock, FoundClock)
    return clock


@pytest.mark.parametrize("offset_s", [-6.3, -1.4, 0.0, 1.4, 3.05])
def test_the_start_is_found_within_two_tenths_of_a_second(offset_s: float) -> None:
    path = path_of(1, with_speed=True)
    clock = found(motion_in(path, offset_s), path, VIDEO_ZERO_S - offset_s)
    assert clock.why == "camera"
    assert clock.start_s == pytest.approx(VIDEO_ZERO_S, abs=0.2)
    assert clock.correlation > 0.9


@pytest.mark.parametrize(
    ("created_s", "why"),
    [
        (VIDEO_ZERO_S + DURATION_S + 1.4, "end"),
        (VIDEO_ZERO_S - 3600.0 + 1.4, "zone"),
        (VIDEO_ZERO_S + 12_600.0, "zone"),
        (VIDEO_ZERO_S + DURATION_S + 7200.0, "zone"),
        (VIDEO_ZERO_S - ROLLOVER_S, "rollover"),
        (VIDEO_ZERO_S - 12.3, "track"),
        (VIDEO_ZERO_S + 86_400.0 + 777.0, "track"),
        (None, "track"),
    ],
)
def test_a_clock_that_is_far_off_is_found(created_s: float | None, why: str) -> None:
    path = path_of(1, with_speed=True)
    clock = found(motion_in(path, 0.0), path, created_s)
    assert clock.why == why
    assert clock.start_s == pytest.approx(VIDEO_ZERO_S, abs=0.2)


def test_a_part_that_has_the_date_of_the_one_before_is_found_after_it() -> None:
    path = path_of(1, with_speed=True)
    guesses = guesses_for(VIDEO_ZERO_S - 721.0, DURATION_S, continues_s=VIDEO_ZERO_S - 1.0)
    clock = find_clock(motion_in(path, 0.0), path, guesses)
    assert isinstance(clock, FoundClock)
    assert clock.why == "chapter"


@pytest.mark.parametrize("noise_m", [0.5, 1.5, 2.5])
def test_the_uncertainty_is_honest(noise_m: float) -> None:
    normalised = []
    for seed in range(12):
        path = path_of(seed, noise_m=noise_m)
        clock = clock_of(motion_in(path, 1.4, seed), path, VIDEO_ZERO_S - 1.4)
        if isinstance(clock, FoundClock):
            normalised.append((clock.start_s - VIDEO_ZERO_S) / clock.sigma_s)
    assert len(normalised) >= 9
    assert np.abs(normalised).max() < 3.0
    assert np.sqrt(np.mean(np.square(normalised))) < 1.6


def test_the_start_is_found_in_pictures() -> None:
    path = path_of(3, with_speed=True)
    rng = np.random.default_rng(5)
    motion = apparent_motion(filmed(town_drive(), VIDEO_ZERO_S, VIDEO_ZERO_S + 60.0, rng))
    clock = found(motion, path, VIDEO_ZERO_S - 1.4)
    assert clock.start_s == pytest.approx(VIDEO_ZERO_S, abs=0.2)


@settings(max_examples=15, deadline=None)
@given(st.integers(-40, 40).map(lambda tenths: tenths / 10.0))
def test_a_track_that_is_later_shifts_the_start_by_as_much(later_s: float) -> None:
    path = path_of(6, with_speed=True)
    motion = motion_in(path, 0.0)
    later = replace(path, t_s=path.t_s + later_s)
    here, there = found(motion, path, VIDEO_ZERO_S), found(motion, later, VIDEO_ZERO_S)
    assert there.start_s - here.start_s == pytest.approx(later_s, abs=0.03)


def test_the_scale_of_the_apparent_motion_does_not_matter() -> None:
    path = path_of(2)
    motion = motion_in(path, 1.4)
    scaled = replace(motion, turn=7.0 * motion.turn, speed=0.01 * motion.speed)
    here, there = found(motion, path, VIDEO_ZERO_S), found(scaled, path, VIDEO_ZERO_S)
    assert there.start_s == pytest.approx(here.start_s, abs=1e-6)


@pytest.mark.parametrize("rate_hz", [0.25, 0.2])
def test_fixes_every_four_or_five_seconds_are_enough(rate_hz: float) -> None:
    path = path_of(1, noise_m=0.5, rate_hz=rate_hz)
    clock = found(motion_in(path, 0.0), path, VIDEO_ZERO_S - 1.4)
    assert clock.start_s == pytest.approx(VIDEO_ZERO_S, abs=1.0)
    assert abs(clock.start_s - VIDEO_ZERO_S) < 3.0 * clock.sigma_s


def why_not(motion: Motion, path: DrivePath, created_s: float | None = VIDEO_ZERO_S) -> str:
    clock = clock_of(motion, path, created_s)
    assert isinstance(clock, NoClock)
    return clock.why


def test_a_straight_drive_at_one_speed_tells_no_time() -> None:
    t_s = np.arange(0.0, 80.0, 0.02)
    steady = driven(t_s, np.full(len(t_s), 12.0), np.zeros(len(t_s)))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        path = clean_track(track_of(steady, rng, noise_m=1.0), CRS_EPSG)
        windows = choose_windows(path, VIDEO_ZERO_S, DURATION_S, BUDGET_S)
        motion = motion_of(steady, windows, VIDEO_ZERO_S, rng)
        assert why_not(motion, path) in {"little_driven", "little_seen"}


def test_pictures_that_say_nothing_confirm_nothing() -> None:
    path = path_of(1)
    rng = np.random.default_rng(0)
    seen = motion_in(path, 0.0)
    n = len(seen.t_s)
    assert why_not(apparent_motion([]), path) == "little_seen"
    unknown = np.full(n, np.nan)
    assert why_not(replace(seen, turn=unknown, speed=unknown), path) == "little_seen"
    assert why_not(replace(seen, turn=np.zeros(n), speed=np.zeros(n)), path) == "little_seen"
    noise = replace(seen, turn=rng.normal(size=n), speed=rng.normal(size=n))
    assert why_not(noise, path) == "no_fit"


def test_a_camera_that_looks_back_is_told_apart() -> None:
    path = path_of(1, with_speed=True)
    seen = motion_in(path, 0.0)
    assert why_not(replace(seen, speed=-seen.speed), path) == "looks_back"


def test_pictures_that_are_mirrored_are_told_apart() -> None:
    path = path_of(1, with_speed=True)
    seen = motion_in(path, 0.0)
    assert why_not(replace(seen, turn=-seen.turn), path) == "mirrored"


def test_a_drive_that_is_not_on_the_track_is_found_nowhere() -> None:
    path = path_of(1, with_speed=True)
    t_s = np.arange(0.0, 80.0, 0.02)
    speed = np.interp(t_s, [0, 9, 13, 30, 34, 50, 56, 80], [9, 9, 4, 13, 0, 0, 12, 12])
    turn = np.interp(t_s, [0, 9, 11, 13, 60, 62, 64, 80], [0, 0, -0.7, 0, 0, 0.6, 0, 0])
    other = driven(t_s, speed, turn)
    motion = motion_of(other, ((0.0, 72.0),), VIDEO_ZERO_S, np.random.default_rng(0))
    assert why_not(motion, path) == "no_fit"
    assert why_not(motion, path, None) == "no_fit"


def test_a_few_events_are_not_enough() -> None:
    path = path_of(1, with_speed=True)
    motion = motion_of(town_drive(), ((44.0, 60.0),), VIDEO_ZERO_S, np.random.default_rng(0))
    assert why_not(motion, path) == "too_short"


def test_of_two_drives_that_are_alike_none_is_chosen() -> None:
    once = path_of(1, with_speed=True)
    fields = ("x_m", "y_m", "speed_mps", "heading_deg", "driven_m", "accuracy_m")
    again = {name: np.tile(getattr(once, name), 2) for name in fields}
    twice = replace(
        once,
        t_s=np.concatenate([once.t_s, once.t_s + 300.0]),
        piece=np.concatenate([once.piece, once.piece + 1]),
        **again,
    )
    seen = motion_in(once, 0.0)
    assert why_not(seen, twice, None) == "several"


def test_a_track_of_days_is_searched_around_the_guesses() -> None:
    once = path_of(1, with_speed=True)
    late = replace(once, t_s=once.t_s + 5.0 * 86_400.0)
    fields = ("x_m", "y_m", "speed_mps", "heading_deg", "driven_m", "accuracy_m")
    both = replace(
        once,
        t_s=np.concatenate([once.t_s, late.t_s]),
        piece=np.concatenate([once.piece, once.piece + 1]),
        **{name: np.tile(getattr(once, name), 2) for name in fields},
    )
    clock = found(motion_in(once, 0.0), both, VIDEO_ZERO_S + 5.0 * 86_400.0 - 3.0)
    assert clock.start_s == pytest.approx(VIDEO_ZERO_S + 5.0 * 86_400.0, abs=0.2)


def test_a_gap_in_the_track_is_not_filled() -> None:
    path = path_of(1)
    windows = choose_windows(path, VIDEO_ZERO_S, DURATION_S, BUDGET_S)
    from_s, to_s = 20.0, 60.0
    outside = (path.t_s < VIDEO_ZERO_S + from_s - 12.0) | (path.t_s > VIDEO_ZERO_S + to_s + 12.0)
    track = track_of(town_drive(), np.random.default_rng(1), noise_m=1.5)
    there = np.isin(track.t_s, path.t_s[outside])
    names = ("t_s", "lon_deg", "lat_deg", "speed_mps", "course_deg", "accuracy_m", "part")
    holed = clean_track(replace(track, **{k: getattr(track, k)[there] for k in names}), CRS_EPSG)
    seen = motion_of(town_drive(), windows, VIDEO_ZERO_S, np.random.default_rng(0))
    assert isinstance(clock_of(seen, holed, VIDEO_ZERO_S), NoClock)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 300.0), st.floats(0.0, 120.0), st.floats(-200.0, 200.0))
def test_windows_keep_to_video_and_budget(
    duration_s: float, budget_s: float, late_s: float
) -> None:
    windows = choose_windows(path_of(1), VIDEO_ZERO_S + late_s, duration_s, budget_s)
    assert sum(to_s - from_s for from_s, to_s in windows) <= budget_s + 1e-9
    last_s = 0.0
    for from_s, to_s in sorted(windows):
        assert last_s <= from_s < to_s <= duration_s + 1e-9
        last_s = to_s


def test_windows_show_the_turns() -> None:
    ((from_s, to_s),) = choose_windows(path_of(1, with_speed=True), STARTED_S, 80.0, 24.0)
    turns_s = ((20.0, 24.0), (54.0, 58.0))
    assert any(from_s < first_s and last_s < to_s for first_s, last_s in turns_s)


def test_a_larger_budget_is_spread_over_the_drive() -> None:
    windows = sorted(choose_windows(path_of(1), STARTED_S, 80.0, 50.0))
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
    t_s = np.arange(0.0, 59.9, 0.1)
    heading = np.unwrap(np.arctan2(truth["v_east_mps"], truth["v_north_mps"]))
    motion = Motion(
        t_s=t_s,
        turn=np.interp(boot_s[0] + t_s, boot_s, np.gradient(heading, boot_s)),
        speed=np.interp(boot_s[0] + t_s, wheels["t_boot_s"], wheels["speed_mps"]),
        quality=np.ones(len(t_s)),
        window=np.zeros(len(t_s), dtype=np.int64),
    )
    clock = find_clock(motion, path, (ClockGuess("camera", np.array([started_s])),))
    assert isinstance(clock, FoundClock)
    assert clock.start_s - started_s == pytest.approx(offset_s, abs=0.2)
    assert abs(clock.start_s - started_s - offset_s) < 3.0 * clock.sigma_s


def test_pictures_of_a_camera_that_looks_back_are_told_apart() -> None:
    drive, path = town_drive(), path_of(3, with_speed=True)
    frames = list(filmed(drive, VIDEO_ZERO_S, VIDEO_ZERO_S + 70.0, np.random.default_rng(5)))
    last_s = frames[-1].video_t_s
    back = [replace(frame, video_t_s=last_s - frame.video_t_s) for frame in frames[::-1]]
    t_s = 2.0 * VIDEO_ZERO_S + last_s - path.t_s[::-1]
    turned = {name: getattr(path, name)[::-1] for name in ("x_m", "y_m", "speed_mps", "accuracy_m")}
    other_way = replace(
        path,
        t_s=t_s,
        heading_deg=(path.heading_deg[::-1] + 180.0) % 360.0,
        driven_m=path.driven_m[-1] - path.driven_m[::-1],
        piece=path.piece.max() - path.piece[::-1],
        **turned,
    )
    assert why_not(apparent_motion(back), other_way) == "looks_back"
