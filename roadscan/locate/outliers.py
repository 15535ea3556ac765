"""Outliers: fixes that imply a speed or acceleration impossible for a road vehicle."""

from bisect import bisect_left
from math import hypot
from typing import Final

import numpy as np

from roadscan.model.arrays import Bools, Floats, Ints

MAX_SPEED_MPS: Final = 70.0
"""250 km/h: faster than any survey vehicle."""
MAX_ACCELERATION_MPS2: Final = 8.0
"""An emergency stop on dry asphalt reaches about 8 m/s2; nothing on wheels sustains more."""
WANDER_M: Final = 5.0
"""Consecutive fixes may differ by this much without any motion: ordinary GNSS noise."""
NOISE_SIGMAS: Final = 6.0
"""Noise alone does not make an outlier: this many times the receiver's white noise is allowed."""
MAX_NOISE_M: Final = 10.0
"""Noise above this is not believed: outliers make the track look that rough."""
MIN_CHAIN_FIXES: Final = 5
"""Fewer fixes far from all others are outliers; more form a separate piece."""
OPEN_CHAINS: Final = 8
"""Positions that fixes may alternate between; more alternatives are noise anyway."""


def increasing(t_s: Floats) -> Bools:
    """Mark the most fixes possible whose times strictly increase; of equal times the first.

    Dropping each fix that is not later than all before it is right as long as the clock never jumps
    ahead. After such a jump it would drop the rest of the file, so the longest increasing
    subsequence (patience sorting) is used if it has more fixes.
    """
    if len(t_s) == 0:
        return np.zeros(0, dtype=np.bool_)
    latest_s = np.concatenate([[-np.inf], np.maximum.accumulate(t_s)[:-1]])
    forward: Bools = t_s > latest_s
    longest = _longest_increasing(t_s.tolist())
    if forward.sum() >= len(longest):
        return forward
    kept = np.zeros(len(t_s), dtype=np.bool_)
    kept[longest] = True
    return kept


def _longest_increasing(values: list[float]) -> list[int]:
    tops: list[float] = []
    top_index: list[int] = []
    before = [-1] * len(values)
    for i, value in enumerate(values):
        pile = bisect_left(tops, value)
        if pile < len(tops) and tops[pile] == value:
            continue
        before[i] = top_index[pile - 1] if pile else -1
        tops[pile : pile + 1] = [value]
        top_index[pile : pile + 1] = [i]
    chain: list[int] = []
    i = top_index[-1]
    while i >= 0:
        chain.append(i)
        i = before[i]
    return chain[::-1]


def drivable(t_s: Floats, x_m: Floats, y_m: Floats, noise_m: float) -> Bools:
    """Tell for each pair of consecutive fixes (n - 1,) whether a vehicle can drive between them."""
    steps: Bools = np.hypot(np.diff(x_m), np.diff(y_m)) <= MAX_SPEED_MPS * np.diff(t_s) + _slack_m(
        noise_m
    )
    return steps


def speed_inliers(t_s: Floats, x_m: Floats, y_m: Floats, noise_m: float) -> Bools:
    """Mark the fixes of drivable chains; single fixes and short chains beside them are outliers.

    Each fix is appended to the most recent chain from which it can be reached, or else starts a new
    one. A single wrong fix, even the first, costs only itself, and a permanent jump leaves two
    consecutive chains. Of chains that overlap in time, the one with more fixes remains.
    """
    if drivable(t_s, x_m, y_m, noise_m).all():
        return np.ones(len(t_s), dtype=np.bool_)
    chain = _chains(t_s, x_m, y_m, _slack_m(noise_m))
    fixes = np.bincount(chain)
    enough = min(MIN_CHAIN_FIXES, (len(t_s) + 1) // 2, int(fixes.max()))
    kept = np.zeros(len(t_s), dtype=np.bool_)
    taken: list[tuple[int, int]] = []
    for number in np.argsort(-fixes, kind="stable"):
        members = np.flatnonzero(chain == number)
        if len(members) < enough:
            break
        first, last = int(members[0]), int(members[-1])
        if all(last < begin or first > end for begin, end in taken):
            taken.append((first, last))
            kept[members] = True
    return kept


def _chains(t_s: Floats, x_m: Floats, y_m: Floats, slack_m: float) -> Ints:
    t, x, y = t_s.tolist(), x_m.tolist(), y_m.tolist()
    chain: list[int] = []
    ends: list[int] = []
    begun = 0
    for i in range(len(t)):
        for k in reversed(range(len(ends))):
            j = ends[k]
            if hypot(x[i] - x[j], y[i] - y[j]) <= MAX_SPEED_MPS * (t[i] - t[j]) + slack_m:
                chain.append(chain[j])
                del ends[k]
                break
        else:
            chain.append(begun)
            begun += 1
        ends = [*ends[-(OPEN_CHAINS - 1) :], i]
    return np.array(chain, dtype=np.int64)


def acceleration_inliers(t_s: Floats, x_m: Floats, y_m: Floats, noise_m: float) -> Bools:
    """Mark the fixes of one uninterrupted piece that imply no impossible acceleration.

    With an acceleration of at most a, a fix is at most a/2 x dt1 x dt2 off the chord between
    its neighbours; the worst are removed first, until none is left.
    """
    kept = np.arange(len(t_s))
    while len(kept) >= 3:
        excess = _chord_excess(t_s[kept], x_m[kept], y_m[kept], _slack_m(noise_m))
        beside = np.maximum(
            np.concatenate([[0.0], excess[:-1]]), np.concatenate([excess[1:], [0.0]])
        )
        worst = (excess > 1.0) & (excess >= beside)
        # of equally bad neighbours remove only the earlier one
        worst[1:] &= ~worst[:-1]
        if not worst.any():
            break
        kept = np.delete(kept, np.flatnonzero(worst))
    inlier = np.zeros(len(t_s), dtype=np.bool_)
    inlier[kept] = True
    return inlier


def _chord_excess(t_s: Floats, x_m: Floats, y_m: Floats, slack_m: float) -> Floats:
    """Return the distance of each fix from its chord as a share of that allowed; 0 at the ends.

    If only the first or last chord is exceeded, the end fix is wrong and gets its neighbour's
    value.
    """
    before_s, after_s = np.diff(t_s)[:-1], np.diff(t_s)[1:]
    share = before_s / (before_s + after_s)
    off_m = np.hypot(
        x_m[1:-1] - x_m[:-2] - share * (x_m[2:] - x_m[:-2]),
        y_m[1:-1] - y_m[:-2] - share * (y_m[2:] - y_m[:-2]),
    )
    allowed_m = 0.5 * MAX_ACCELERATION_MPS2 * before_s * after_s + slack_m
    excess = np.concatenate([[0.0], off_m / allowed_m, [0.0]])
    for end, inner, next_inner in ((0, 1, 2), (-1, -2, -3)):
        # a wrong fix at the end affects the chord of its neighbour only
        if len(t_s) >= 5 and excess[inner] > 1.0 and excess[next_inner] < 0.25 * excess[inner]:
            excess[end], excess[inner] = excess[inner], 0.0
    return excess


def _slack_m(noise_m: float) -> float:
    return max(WANDER_M, NOISE_SIGMAS * min(noise_m, MAX_NOISE_M))
