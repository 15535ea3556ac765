"""Detection of standstill in a track, so that noise does not count as driving."""

from typing import Final

import numpy as np

from roadscan.model.arrays import Bools, Floats

STANDSTILL_MPS: Final = 3.0 / 3.6
"""Below walking pace a vehicle counts as standing."""
STOP_RADIUS_M: Final = 5.0
"""A crawl that leaves this circle is several stops: no position is off by more than it."""
STOP_NOISE_SIGMAS: Final = 4.0
"""The circle grows with the noise, which a standing receiver would otherwise leave."""
MIN_HALF_S: Final = 2.0
MAX_HALF_S: Final = 10.0
SPEED_NOISE_MPS: Final = 0.2
"""Speed from positions is averaged until its noise is a quarter of the threshold."""


def slow_by_position(t_s: Floats, x_m: Floats, y_m: Floats, noise_m: float) -> Bools:
    """Mark the fixes of a piece that move at less than 3 km/h, without using reported speed.

    The mean position over some seconds before is compared with that after; the noisier the
    receiver, the longer.
    """
    if len(t_s) < 2:
        return np.zeros(len(t_s), dtype=np.bool_)
    half_s = _half_window_s(float(np.median(np.diff(t_s))), noise_m)
    half_s = min(half_s, 0.5 * float(t_s[-1] - t_s[0]))
    # near either end, use the nearest fix with a full window on both sides
    inner_s = np.clip(t_s, t_s[0] + half_s, t_s[-1] - half_s)
    here = np.minimum(np.searchsorted(t_s, inner_s), len(t_s) - 1)
    first = np.searchsorted(t_s, t_s[here] - half_s, side="left")
    end = np.searchsorted(t_s, t_s[here] + half_s, side="right")

    def moved(values: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(values - values[0])])
        before = (total[here + 1] - total[first]) / (here + 1 - first)
        after = (total[end] - total[here]) / (end - here)
        difference: Floats = after - before
        return difference

    slow: Bools = np.hypot(moved(x_m), moved(y_m)) < STANDSTILL_MPS * moved(t_s)
    return slow


def _half_window_s(interval_s: float, noise_m: float) -> float:
    half_s = MIN_HALF_S
    while half_s < MAX_HALF_S:
        per_half = 1.0 + half_s / interval_s
        if noise_m * np.sqrt(2.0 / per_half) < SPEED_NOISE_MPS * half_s:
            break
        half_s += 1.0
    return half_s


def stops(x_m: Floats, y_m: Floats, slow: Bools, noise_m: float) -> list[slice]:
    """Return the stops of a piece as slices of two or more fixes, each within one circle."""
    radius_m = max(STOP_RADIUS_M, STOP_NOISE_SIGMAS * noise_m)
    found: list[slice] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], slow, [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        begin = first
        while begin < end:
            left = _left_circle(x_m, y_m, begin, end, radius_m)
            if left - begin >= 2:
                found.append(slice(begin, left))
            begin = left
    return found


def _left_circle(x_m: Floats, y_m: Floats, first: int, end: int, radius_m: float) -> int:
    """Return the end of the longest stretch from `first` that stays in a circle about its mean."""
    count = np.arange(1, end - first + 1)
    mean_x = np.cumsum(x_m[first:end] - x_m[first]) / count + x_m[first]
    mean_y = np.cumsum(y_m[first:end] - y_m[first]) / count + y_m[first]
    left = np.hypot(x_m[first:end] - mean_x, y_m[first:end] - mean_y) > radius_m
    return first + int(np.argmax(left)) if left.any() else end
