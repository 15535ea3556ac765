"""Smoothing: as much as the receiver's own noise asks for, and never with a delay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.smooth import (
    chord_speed,
    heading_along_deg,
    smooth_positions,
    unwrapped_deg,
    white_noise_m,
)


@pytest.mark.parametrize("noise_m", [0.3, 1.5, 5.0])
def test_the_noise_of_a_receiver_is_found_beside_the_motion(noise_m: float) -> None:
    rng = np.random.default_rng(1)
    t_s = np.arange(600.0)
    x_m = 500.0 * np.sin(t_s / 40.0) + rng.normal(0.0, noise_m, 600)
    y_m = 12.0 * t_s + rng.normal(0.0, noise_m, 600)
    assert white_noise_m(t_s, x_m, y_m) == pytest.approx(noise_m, rel=0.15)


def test_outliers_and_held_fixes_do_not_change_the_noise() -> None:
    rng = np.random.default_rng(2)
    t_s = np.arange(600.0)
    x_m, y_m = rng.normal(0.0, 1.5, 600), rng.normal(0.0, 1.5, 600)
    x_m[::50] += 10_000.0
    x_m[300:], y_m[300:] = 0.0, 0.0
    assert white_noise_m(t_s, x_m, y_m) == pytest.approx(1.5, rel=0.25)


def test_a_noiseless_track_stays_where_it_is() -> None:
    t_s = np.arange(100.0)
    x_m, y_m = 200.0 * np.cos(t_s / 20.0), 200.0 * np.sin(t_s / 20.0)
    smooth_x, smooth_y, speed = smooth_positions(t_s, x_m, y_m, 0.0)
    assert np.hypot(smooth_x - x_m, smooth_y - y_m).max() < 0.02
    np.testing.assert_allclose(speed[2:-2], 10.0, rtol=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 5.0))
def test_time_reversed_gives_the_path_reversed(seed: int, noise_m: float) -> None:
    rng = np.random.default_rng(seed)
    t_s = np.cumsum(rng.uniform(0.1, 2.0, 40))
    x_m, y_m = 10.0 * t_s + rng.normal(0, noise_m, 40), rng.normal(0, noise_m, 40)
    forth = smooth_positions(t_s, x_m, y_m, noise_m)
    back = smooth_positions(-t_s[::-1], x_m[::-1], y_m[::-1], noise_m)
    for there, returned in zip(forth, back, strict=True):
        np.testing.assert_allclose(returned[::-1], there, atol=1e-5)


def test_a_corner_is_seen_in_its_middle() -> None:
    driven_m = np.arange(0.0, 100.0, 1.0)
    east_m, north_m = np.maximum(driven_m - 50.0, 0.0), np.minimum(driven_m, 50.0)
    heading = heading_along_deg(east_m, north_m, driven_m, 0.0)
    assert heading[50] == pytest.approx(45.0)
    np.testing.assert_allclose(heading[:45], 0.0, atol=1e-9)
    np.testing.assert_allclose(heading[56:], 90.0, atol=1e-9)


def test_heading_is_held_through_standstill() -> None:
    driven_m = np.concatenate(
        [np.arange(0.0, 30.0, 5.0), np.full(10, 30.0), np.arange(35.0, 60, 5)]
    )
    heading = heading_along_deg(driven_m, np.zeros(len(driven_m)), driven_m, 1.0)
    np.testing.assert_allclose(heading, 90.0)


def test_what_never_moves_has_no_heading() -> None:
    nothing = np.zeros(5)
    assert np.isnan(heading_along_deg(nothing, nothing, nothing, 1.0)).all()


def test_headings_are_unwrapped_past_what_is_unknown() -> None:
    turned = unwrapped_deg(np.array([350.0, np.nan, 10.0, 30.0]))
    np.testing.assert_array_equal(turned, [350.0, np.nan, 370.0, 390.0])


def test_few_fixes_have_a_speed_too() -> None:
    t_s = np.array([0.0, 2.0, 3.0])
    np.testing.assert_allclose(chord_speed(t_s, 4.0 * t_s, 3.0 * t_s), 5.0)
    np.testing.assert_array_equal(chord_speed(t_s[:1], t_s[:1], t_s[:1]), [0.0])
