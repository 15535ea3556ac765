"""Detection of standstill in a track, so that noise does not count as driving."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from roadscan.model.arrays import Bools, Floats

STANDSTILL_MPS: Final = 3.0 / 3.6
"""Below walking pace a vehicle counts as standing."""
STOP_RADIUS_M: Final = 5.0
"""A crawl that leaves this circle becomes several stops, so no position is off by more."""
STOP_NOISE_SIGMAS: Final = 4.0
"""The circle grows with the noise, which a standing receiver would otherwise leave."""
MIN_HALF_S: Final = 2.0
MAX_HALF_S: Final = 10.0
STAY_HALF_S: Final = 10.0
"""Half of the time for which a standing vehicle stays in a circle that a walk would leave."""
DRIFT_M: Final = 15.0
"""A standing receiver of 8 m (one standard deviation) rarely drifts farther to either side."""
BETWEEN_S: Final = 20.0
"""Apparent motion between two slow stretches that is only drift lasts no longer than this."""
END_FIXES: Final = 10
"""Number of fixes from which the position of either end of a stretch is taken."""
AXIS_M: Final = 20.0
"""Distance over which the direction of travel towards a stop is taken."""
COS_TURN: Final = 0.5
"""Ways to and from a stop that differ by more than 60 degrees belong to two roads."""
SPEED_NOISE_MPS: Final = 0.2
"""Speed from positions is averaged until its noise is a quarter of the threshold."""


def slow_by_position(t_s: Floats, x_m: Floats, y_m: Floats, noise_m: float) -> Bools:
    """Mark the fixes of a piece that move at less than 3 km/h, without using reported speed.

    The mean position over some seconds before a fix is compared with that over as many seconds
    after it; the noisier the receiver, the longer.
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
    # out and back is no standstill
    within_m = STANDSTILL_MPS * half_s + STOP_NOISE_SIGMAS * max(noise_m, 1.0)
    for k in np.flatnonzero(slow).tolist():
        x, y = x_m[first[k] : end[k]], y_m[first[k] : end[k]]
        slow[k] = np.hypot(x - x.mean(), y - y.mean()).max() <= within_m
    return slow


def _half_window_s(interval_s: float, noise_m: float) -> float:
    half_s = MIN_HALF_S
    while half_s < MAX_HALF_S:
        per_half = 1.0 + half_s / interval_s
        if noise_m * np.sqrt(2.0 / per_half) < SPEED_NOISE_MPS * half_s:
            break
        half_s += 1.0
    return half_s


def stays(t_s: Floats, x_m: Floats, y_m: Floats) -> Bools:
    """Mark the fixes of a piece around which the vehicle does not leave a small circle for long.

    A receiver that drifts while it stands seems to walk for seconds, now this way, now that; a
    vehicle that drives on leaves the circle.
    """
    radius_m = STANDSTILL_MPS * STAY_HALF_S
    first = np.searchsorted(t_s, t_s - STAY_HALF_S, side="left")
    end = np.searchsorted(t_s, t_s + STAY_HALF_S, side="right")
    stay = (t_s - STAY_HALF_S >= t_s[0]) & (t_s + STAY_HALF_S <= t_s[-1]) & (end - first > 2)
    for k in np.flatnonzero(stay).tolist():
        x, y = x_m[first[k] : end[k]], y_m[first[k] : end[k]]
        stay[k] = np.hypot(x - x.mean(), y - y.mean()).max() <= radius_m
    marked: Bools = stay
    return marked


def gets_away(t_s: Floats, xy_m: Floats, still: Bools) -> bool:
    """Tell whether a vehicle marked as standing moves farther than drift and a walk could."""
    for first, end in _runs(still):
        moved_m = np.hypot(*(xy_m[:, end - 1] - xy_m[:, first]))
        if moved_m > 2.0 * DRIFT_M + STANDSTILL_MPS * (t_s[end - 1] - t_s[first]):
            return True
    return False


def _runs(marked: Bools) -> list[tuple[int, int]]:
    """Return [first, end) of the stretches that are marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Standing:
    """A piece with each stop in one place: positions and the steps between fixes, in metres."""

    x_m: Floats
    y_m: Floats
    step_m: Floats
    stops: tuple[slice, ...]
    """Two or more fixes each, in order."""


def standing(
    t_s: Floats, raw_m: Floats, smooth_m: Floats, slow: Bools, moves: Bools, noise_m: float
) -> Standing:
    """Put each stop of a piece in its place: the mean of its unsmoothed fixes `raw_m` (2, n).

    `moves` marks the fixes at which the receiver itself reports motion.

    Slow stretches with little between them are one wait. While it waits, a vehicle moves ahead or
    not at all: only motion that brings it further in its direction of travel for good counts
    (isotonic regression), and less of it than a circle's radius is one stop. So drift adds no
    distance and turns no heading round, while a crawl becomes several stops.
    """
    x_m, y_m = smooth_m.copy()
    step_m = np.hypot(np.diff(x_m), np.diff(y_m))
    radius_m = max(STOP_RADIUS_M, STOP_NOISE_SIGMAS * noise_m)
    found: list[slice] = []
    for first, end, way in _with_ways(smooth_m, _waits(t_s, smooth_m, slow, moves)):
        done = found[-1].stop if found else 0
        if end - max(first, done) < 2:
            continue
        wait = _wait(smooth_m, (max(first, done), end), done, moves, way)
        inside = wait.inside
        raw_ahead_m, raw_left_m = wait.way @ raw_m, wait.left @ raw_m
        ahead_m, left_m = wait.ahead_m.copy(), float(raw_left_m[inside].mean())
        ahead_m[inside] = isotonic_regression(wait.ahead_m[inside]).x
        for stop in _still(t_s, ahead_m, inside, (noise_m, radius_m)):
            ahead_m[stop] = raw_ahead_m[stop].mean()
            found.append(stop)
        x_m[inside], y_m[inside] = np.outer(wait.way, ahead_m[inside]) + left_m * wait.left[:, None]
        steps = np.arange(max(inside.start - 1, 0), min(inside.stop, len(step_m)))
        # a vehicle that turns off while driving away does not drift
        steps = steps[np.abs(np.diff(wait.left_m)[steps]) <= DRIFT_M]
        step_m[steps] = np.maximum(np.diff(ahead_m)[steps], 0.0)
    return Standing(x_m, y_m, step_m, tuple(found))


@dataclass(frozen=True, slots=True)
class _Wait:
    """A wait, and the whole piece in its direction of travel: metres ahead and to the left."""

    inside: slice
    ahead_m: Floats
    left_m: Floats
    way: Floats
    """(2,) direction of travel."""

    @property
    def left(self) -> Floats:
        """Return the direction (2,) to the left of travel."""
        return np.array([-self.way[1], self.way[0]])


def _waits(t_s: Floats, xy_m: Floats, slow: Bools, moves: Bools) -> list[tuple[int, int]]:
    """Return [first, end) of the slow stretches, joined where the vehicle stays in between."""
    joined: list[tuple[int, int]] = []
    for first, end in _runs(slow):
        begun, before = joined[-1] if joined else (0, 0)
        brief = (
            joined and t_s[first] - t_s[before - 1] <= BETWEEN_S and not moves[before:first].any()
        )
        if brief and _stays(xy_m, (begun, before), (first, end)):
            joined[-1] = (begun, end)
        else:
            joined.append((first, end))
    return joined


def _stays(xy_m: Floats, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Tell whether the fixes between two slow stretches stay where these end and begin."""
    ends = np.r_[max(before[0], before[1] - END_FIXES) : before[1], after[0] : after[1]]
    middle = xy_m[:, ends[: 2 * END_FIXES]].mean(axis=1)
    off_m = np.hypot(*(xy_m[:, before[1] : after[0]] - middle[:, None]))
    return bool(off_m.max() <= DRIFT_M)


def _with_ways(xy_m: Floats, waits: list[tuple[int, int]]) -> Iterator[tuple[int, int, Floats]]:
    """Yield [first, end) of each wait with its direction of travel (2,), that of the way to it.

    A queue that turns a corner is two waits: one on the line that leads to the corner, one on the
    line away from it.
    """
    for first, end in waits:
        to, away = _ways(xy_m, first, end)
        if float(to @ away) > COS_TURN:
            yield first, end, to
            continue
        here = xy_m[:, first:end]
        off_to, off_away = (
            (np.array([-way[1], way[0]]) @ (here - xy_m[:, [at]])) ** 2
            for way, at in ((to, first), (away, end - 1))
        )
        off = np.append(0.0, np.cumsum(off_to)) + np.append(np.cumsum(off_away[::-1])[::-1], 0.0)
        corner = first + int(np.argmin(off))
        yield first, corner, to
        yield corner, end, away


def _ways(xy_m: Floats, first: int, end: int) -> tuple[Floats, Floats]:
    """Return the directions (2,) of the ways to a stretch and away from it.

    If one is too short, it takes the direction of the other; if both are, that of the piece.
    """
    before_m = np.hypot(*(xy_m[:, :first] - xy_m[:, first : first + 1]))
    after_m = np.hypot(*(xy_m[:, end:] - xy_m[:, end - 1 : end]))
    before, after = np.flatnonzero(before_m >= AXIS_M), np.flatnonzero(after_m >= AXIS_M)
    to = xy_m[:, first] - xy_m[:, before[-1]] if len(before) else None
    away = xy_m[:, end + after[0]] - xy_m[:, end - 1] if len(after) else None
    own = xy_m[:, -1] - xy_m[:, 0]
    to = away if to is None else to
    to = own if to is None else to
    away = to if away is None else away
    return _unit(to), _unit(away)


def _unit(way: Floats) -> Floats:
    length_m = float(np.hypot(*way))
    return way / length_m if length_m > 0.0 else np.array([1.0, 0.0])


def _wait(xy_m: Floats, slow: tuple[int, int], done: int, moves: Bools, way: Floats) -> _Wait:
    """Return a wait, extended by neighbouring fixes that only drift has moved back into it."""
    first, end = slow
    ahead_m, left_m = way @ xy_m, np.array([-way[1], way[0]]) @ xy_m
    middle_m = float(left_m[first:end].mean())
    may = ~moves & (np.abs(left_m - middle_m) <= DRIFT_M)
    at_m = isotonic_regression(ahead_m[first:end]).x
    before = slice(max(done, first - END_FIXES), first)
    after = slice(end, min(end + END_FIXES, len(may)))
    begins = first - _not_past(-ahead_m[before][::-1], may[before][::-1], -float(at_m[0]))
    ends = end + _not_past(ahead_m[after], may[after], float(at_m[-1]))
    return _Wait(slice(begins, ends), ahead_m, left_m, way)


def _not_past(ahead_m: Floats, may: Bools, at_m: float) -> int:
    """Return how many fixes, going away from a stop, are not past it yet; 0 if none gets past.

    A vehicle that leaves a stop in the opposite direction does not drift.
    """
    past = np.flatnonzero(~may | (ahead_m >= at_m) | (ahead_m < at_m - 2.0 * DRIFT_M))
    count = int(past[0]) if len(past) else 0
    return count if len(past) and ahead_m[count] >= at_m else 0


def _still(
    t_s: Floats, ahead_m: Floats, inside: slice, bounds_m: tuple[float, float]
) -> list[slice]:
    """Return the stops of a wait: stretches of fixes that advance no more than a walk or noise.

    `bounds_m` are the noise and the radius of a stop's circle.
    """
    noise_m, radius_m = bounds_m
    found = []
    begin = inside.start
    while begin < inside.stop:
        end = begin + 1
        while end < inside.stop:
            further_m = ahead_m[end] - ahead_m[begin]
            walked_m = STANDSTILL_MPS * (t_s[end] - t_s[begin])
            if further_m > min(radius_m, max(noise_m, walked_m)):
                break
            end += 1
        if end - begin >= 2:
            found.append(slice(begin, end))
        begin = end
    return found
