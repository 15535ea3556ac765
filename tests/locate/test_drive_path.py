"""Sample times: one every so many metres driven, wherever the drive is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.clean_track import clean_track
from roadscan.locate.drive_path import sample_times, state_at
from roadscan.model.track import DrivePath
from tests.locate.drives import CRS_EPSG, STARTED_S, metric_track, town_drive, track_of


def town_path(*, noise_m: float = 1.0) -> DrivePath:
    track = track_of(town_drive(), np.random.default_rng(4), noise_m=noise_m, with_speed=True)
    return clean_track(track, CRS_EPSG)


def interrupted_path() -> DrivePath:
    t_s = STARTED_S + np.r_[0:20, 40:70].astype(np.float64)
    return clean_track(
        metric_track(t_s, np.full(50, 410_000.0), 5_650_000.0 + 10.0 * (t_s - STARTED_S)), CRS_EPSG
    )


@pytest.mark.parametrize("every_m", [0.5, 3.0, 7.7, 100.0])
def test_times_increase_and_lie_as_many_metres_apart(every_m: float) -> None:
    path = town_path()
    times = sample_times(path, every_m, path.t_s[0], path.t_s[-1] + 1.0)
    assert len(times) == int(path.driven_m[-1] / every_m)
    assert (np.diff(times) > 0.0).all()
    driven_m = state_at(path, times).driven_m
    # float64 seconds since 1970 resolve a quarter of a microsecond
    np.testing.assert_allclose(driven_m, every_m * np.arange(1, len(times) + 1), atol=1e-4)


def test_nothing_is_looked_at_while_standing() -> None:
    path = town_path()
    times = sample_times(path, 3.0, path.t_s[0], path.t_s[-1])
    assert not ((times > STARTED_S + 41.0) & (times < STARTED_S + 47.5)).any()
    assert (times > STARTED_S + 3.0).all()


def test_a_vehicle_that_never_moves_is_never_looked_at() -> None:
    rng = np.random.default_rng(2)
    t_s = STARTED_S + np.arange(100)
    noise_m = rng.normal(0.0, 1.5, (2, 100))
    path = clean_track(metric_track(t_s, 410_000 + noise_m[0], 5_650_000 + noise_m[1]), CRS_EPSG)
    assert len(sample_times(path, 3.0, path.t_s[0], path.t_s[-1])) == 0


def test_no_time_lies_in_a_gap() -> None:
    path = interrupted_path()
    times = sample_times(path, 3.0, path.t_s[0], path.t_s[-1])
    assert (state_at(path, times).piece >= 0).all()
    assert ((times <= STARTED_S + 19.0) | (times >= STARTED_S + 40.0)).all()
    assert len(times) == pytest.approx(path.driven_m[-1] / 3.0, abs=1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5.0, 90.0), max_size=6), st.sampled_from([1.0, 3.0, 10.0]))
def test_a_drive_cut_into_chunks_is_looked_at_at_the_same_times(
    cuts: list[float], every_m: float
) -> None:
    path = interrupted_path()
    edges = STARTED_S + np.array([-10.0, *sorted(cuts), 100.0])
    chunks = [sample_times(path, every_m, a, b) for a, b in pairwise(edges)]
    whole = sample_times(path, every_m, edges[0], edges[-1])
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
