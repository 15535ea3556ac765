"""A vehicle that reverses, and one that turns round: told apart by the picture."""

import numpy as np
import pytest

from roadscan.locate.apparent_motion import Motion
from roadscan.locate.clean_track import clean_track
from roadscan.locate.clock import FoundClock, find_clock
from roadscan.locate.clock_guesses import guesses_for
from roadscan.locate.reversing import backwards_m, reversing, turn_rounds, without
from tests.locate.drives import (
    CRS_EPSG,
    STARTED_S,
    TrueDrive,
    metric_track,
    motion_of,
    track_of,
)


def refuse_truck() -> TrueDrive:
    """Ahead round a bend, a stop, 20 s backwards round the same bend, a stop, ahead again."""
    t_s = np.arange(0.0, 95.0, 0.02)
    speed_at = [(0, 8), (20, 8), (25, 4), (30, 6), (36, 0), (40, 0), (44, -4), (56, -4), (60, 0)]
    speed_at += [(64, 0), (72, 9), (90, 9), (99, 4)]
    speed = np.interp(t_s, *np.array(speed_at, dtype=np.float64).T)
    along_m = np.cumsum(speed) * 0.02
    heading = 0.5 + 1.2 / (1.0 + np.exp(-(along_m - 185.0) / 6.0))
    return TrueDrive(
        STARTED_S + t_s,
        410_000.0 + np.cumsum(speed * np.sin(heading)) * 0.02,
        5_650_000.0 + np.cumsum(speed * np.cos(heading)) * 0.02,
        speed,
        np.gradient(heading, 0.02),
        heading,
    )


@pytest.mark.parametrize("noise_m", [0.3, 1.5])
@pytest.mark.parametrize("seed", range(4))
def test_what_was_driven_backwards_is_found_and_left_out(noise_m: float, seed: int) -> None:
    drive, rng = refuse_truck(), np.random.default_rng(seed)
    track = track_of(drive, rng, noise_m=noise_m)
    path = clean_track(track, CRS_EPSG)
    turns_s = turn_rounds(path)
    motion = motion_of(drive, ((0.0, 94.0),), STARTED_S, rng)
    ((from_s, to_s),) = reversing(path, turns_s, motion, STARTED_S)

    assert 34.0 < from_s - STARTED_S < 46.0
    assert 55.0 < to_s - STARTED_S < 66.0
    assert backwards_m(path, ((from_s, to_s),)) == pytest.approx(64.0, abs=8.0)
    rest = clean_track(without(track, ((from_s, to_s),)), CRS_EPSG)
    (gap,) = rest.gaps
    assert (gap.from_s, gap.to_s) == pytest.approx((from_s, to_s), abs=6.0)


def test_a_vehicle_that_turns_round_does_not_reverse() -> None:
    drive = refuse_truck()
    path = clean_track(track_of(drive, np.random.default_rng(0), noise_m=0.5), CRS_EPSG)
    ahead = TrueDrive(
        *(getattr(drive, name) for name in ("t_s", "x_m", "y_m")),
        np.abs(drive.speed_mps),
        drive.turn_radps,
        drive.heading_rad,
    )
    motion = motion_of(ahead, ((0.0, 94.0),), STARTED_S, np.random.default_rng(0))

    assert len(turn_rounds(path)) == 2
    assert reversing(path, turn_rounds(path), motion, STARTED_S) == ()


def test_a_track_without_a_turn_round_is_not_looked_at() -> None:
    t_s = STARTED_S + np.arange(60.0)
    path = clean_track(
        metric_track(t_s, 410_000.0 + 9.0 * np.arange(60), np.zeros(60) + 5.65e6), CRS_EPSG
    )
    nothing = np.zeros(0)

    assert turn_rounds(path) == ()
    still = Motion(nothing, nothing, nothing, nothing, np.zeros(0, np.int64))
    assert reversing(path, (), still, STARTED_S) == ()


@pytest.mark.parametrize("offset_s", [-3.3, 1.4])
def test_the_clock_is_found_although_the_vehicle_reverses(offset_s: float) -> None:
    drive, rng = refuse_truck(), np.random.default_rng(2)
    path = clean_track(track_of(drive, rng, noise_m=0.5), CRS_EPSG)
    motion = motion_of(drive, ((12.0, 82.0),), STARTED_S + offset_s, rng)
    clock = find_clock(motion, path, guesses_for(STARTED_S, 94.0))

    assert isinstance(clock, FoundClock)
    assert clock.start_s == pytest.approx(STARTED_S + offset_s, abs=3.0 * clock.sigma_s)
