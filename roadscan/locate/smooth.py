"""Smoothing along a drive, symmetric in time so that nothing is delayed."""

from typing import Final

import numpy as np
from scipy.interpolate import make_smoothing_spline

from roadscan.model.arrays import Floats

ACCELERATION_DENSITY: Final = 2.0
"""m2/s3: white acceleration of a car in town, about 1.5 m/s2 over a second."""
ROUNDING_M: Final = 1e-6
"""Fixes that differ by less are one position, repeated by the receiver."""
MIN_NOISE_M: Final = 0.05
"""Least noise assumed; a receiver with less has already smoothed its positions."""
MIN_SPLINE_FIXES: Final = 5
"""Minimum for scipy's smoothing spline."""
HEADING_HALF_M: Final = 5.0
"""Half of the chord that gives the heading: about a vehicle's length to either side."""
HEADING_HALF_MAX_M: Final = 15.0
HEADING_NOISE_FACTOR: Final = 3.0
"""Half the chord is this many times the noise, to keep the heading within about 10 degrees."""


def white_noise_m(t_s: Floats, x_m: Floats, y_m: Floats) -> float:
    """Estimate the noise from fix to fix of a track, one standard deviation per axis.

    Third divided differences remove position, speed and acceleration and leave noise (and the
    jerk of the motion, small at 1 Hz). The median makes it robust to outliers; fixes repeated by
    the receiver carry no information and are ignored. Slow wander is deliberately not included.
    """
    if len(t_s) < MIN_SPLINE_FIXES:
        return 0.0
    t = np.lib.stride_tricks.sliding_window_view(t_s - t_s[0], 4)
    span = t[:, :, None] - t[:, None, :] + np.eye(4)
    weights = 1.0 / span.prod(axis=2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    windows = np.array(
        [np.lib.stride_tricks.sliding_window_view(values - values[0], 4) for values in (x_m, y_m)]
    )
    moved = np.ptp(windows, axis=2).max(axis=0) > ROUNDING_M
    noise = np.abs(np.sum(weights * windows, axis=2))[:, moved]
    # the median of the absolute value of a normal variable is 0.6745 sigma
    return float(np.median(noise) / 0.6745) if noise.size else 0.0


def smooth_positions(
    t_s: Floats, x_m: Floats, y_m: Floats, noise_m: float
) -> tuple[Floats, Floats, Floats]:
    """Smooth one uninterrupted piece; returns x_m, y_m and the speed in m/s at its fixes.

    A cubic smoothing spline with the vehicle's white acceleration as penalty: the same estimate
    as a constant-velocity Kalman smoother (Wahba 1978), without delay.
    """
    if len(t_s) < MIN_SPLINE_FIXES:
        return x_m, y_m, chord_speed(t_s, x_m, y_m)
    noise_m = max(noise_m, MIN_NOISE_M)
    t = t_s - t_s[0]
    # minimises sum (z - f)^2 + noise^2 / q x integral f''^2
    stiffness = noise_m**2 / ACCELERATION_DENSITY
    splines = [make_smoothing_spline(t, values - values[0], lam=stiffness) for values in (x_m, y_m)]
    speed = np.hypot(*(spline.derivative()(t) for spline in splines))
    return x_m[0] + splines[0](t), y_m[0] + splines[1](t), speed


def chord_speed(t_s: Floats, x_m: Floats, y_m: Floats) -> Floats:
    """Return the speed between the neighbours of each fix, m/s; 0 for a single fix."""
    if len(t_s) < 2:
        return np.zeros(len(t_s))
    before = np.maximum(np.arange(len(t_s)) - 1, 0)
    after = np.minimum(np.arange(len(t_s)) + 1, len(t_s) - 1)
    span_m = np.hypot(x_m[after] - x_m[before], y_m[after] - y_m[before])
    speed: Floats = span_m / (t_s[after] - t_s[before])
    return speed


def heading_along_deg(x_m: Floats, y_m: Floats, driven_m: Floats, noise_m: float) -> Floats:
    """Return the heading at each fix of a piece, clockwise from grid north, by distance driven.

    The heading is that of the chord from some metres behind to as many ahead: this avoids noise at
    low speed, and at standstill the heading does not change. NaN if the whole piece does not move.
    """
    half_m = np.clip(HEADING_NOISE_FACTOR * noise_m, HEADING_HALF_M, HEADING_HALF_MAX_M)
    moving = np.concatenate([[True], np.diff(driven_m) > 0.0])
    s_m = driven_m[moving]
    behind_m, ahead_m = driven_m - half_m, driven_m + half_m
    east, north = (
        np.interp(ahead_m, s_m, values[moving]) - np.interp(behind_m, s_m, values[moving])
        for values in (x_m, y_m)
    )
    heading = np.degrees(np.arctan2(east, north)) % 360.0
    heading[np.hypot(east, north) == 0.0] = np.nan
    return _filled(heading)


def _filled(values: Floats) -> Floats:
    """Fill NaN with the previous value, at the beginning with the first known one."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 0:
        return values
    before = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    held: Floats = values[known[np.maximum(before, 0)]]
    return held


def unwrapped_deg(heading_deg: Floats) -> Floats:
    """Return headings without jumps at north; NaN stays NaN."""
    turned = heading_deg.copy()
    known = np.isfinite(turned)
    turned[known] = np.unwrap(turned[known], period=360.0)
    return turned
