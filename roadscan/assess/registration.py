"""Registers passes over one lane to each other, by the damage that each of them saw along it.

A receiver is off by some metres, and by others the next time. So one damage lies at another offset
in each pass, and adding the passes up would make several of it. What a pass saw is therefore moved
along the link until it agrees with what the others saw; how far may change slowly along the link,
as the receiver's error does. The true place is taken to be the mean of the passes, weighted by
their accuracy: no pass comes first, so their order changes nothing.

The shift of a pass is a hidden Markov chain over blocks of the lane: a state is a shift in whole
metres, its prior the accuracies of both sides, its steps from block to block a random walk, and its
likelihood the damage that both sides saw (forward and backward sums: Rabiner 1989). Only damage
that matches is evidence, more so the rarer its kind is on the lane: log(1 + g m), where the others
found m of it there. A mismatch avoided is none, for then a pass that found nothing, or something
else, would move away from what the others found. Where the shift is not much better known than
before, and where the passes have less in common than two roads would, nothing is moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import convolve1d

from roadscan.model.arrays import Bools, Floats

Rows = TypeVar("Rows", bound=np.ndarray[Any, Any])

BLOCK_ROWS: Final = 10
"""Over so many metres one shift holds."""
MAX_SHIFT_ROWS: Final = 80
"""No pass is looked for farther away from the others."""
BLUNDER: Final = 0.02
"""Share of passes that are anywhere within that range, whatever accuracy they state."""
DRIFT: Final = 1 / 4.25
"""How far the shift wanders from one block to the next, as a share of its prior deviation."""
DRIFT_ROWS: Final = (0.4, 1.5)
"""Bounds of that, in rows."""
FOUND: Final = 0.5
"""Share of damages found in one pass that another finds too; only the order of size matters."""
USUAL_ROWS: Final = 50.0
"""A kind of damage is taken to lie in half a row in so many before the lane is looked at."""
DAMAGE_ROWS: Final = 2.0
"""However long a damage is, it counts no more than so many rows: its two ends."""
REACH: Final = np.array([0.25, 1.0, 0.25])
"""How well rows match that lie beside each other: a box is right to about a metre."""
MAX_RIGID_ROWS: Final = 20
"""Damage is moved in pieces of at most this length."""
LEAST_ACCURACY_M: Final = 0.5
KNOWN: Final = 0.5, 0.6
"""Shifts whose deviation is below the first share of the prior's apply, above the other none do."""
KNOWN_ROWS: Final = 1.0
"""A shift known to this deviation applies in any case."""
FAR_DEVIATIONS: Final = 2.5
"""Passes that lie farther apart contradict the accuracies that they state."""
WIDE_DEVIATIONS: Final = 2.0
"""A shift that is less certain than this times the prior adds to what is stated as accuracy."""
ENOUGH_DAMAGES: Final = 1.5
"""With fewer on either side, passes that have none in common are no surprise."""
MAX_ITERATIONS: Final = 8
SETTLED_ROWS: Final = 0.2
COMMON_OFFSETS: Final = np.array([0.0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3, 0.4, -0.4, 0.49, -0.49])


@dataclass(frozen=True, slots=True)
class PassAlong:
    """What one pass saw along a lane.

    `affected` (rows, kinds) is 1 where damage of a kind lies in a row, `seen` (rows,) where the
    pass viewed any cell of it. `accuracy_m` is one standard deviation along the link.
    """

    affected: Floats
    seen: Bools
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Shifts:
    """How far each pass has to be moved along the link, and what is known of it."""

    rows: Floats
    """(passes, rows) in whole rows."""
    apart_rows: Floats
    """(rows,) accuracy of the place of all, as far as the passes disagree on it: one deviation."""
    far: Bools
    """(rows,) where passes lie farther apart than their accuracies allow."""
    misfit: Bools
    """(rows,) where a pass viewed the lane whose damage the others should have seen and did not."""


@dataclass(frozen=True, slots=True)
class _Likely:
    """Where a pass lies against the others: mean and deviation by row, and whether it fits."""

    mean: Floats
    sigma: Floats
    known: Floats
    """1 where the shift is known well enough to apply, 0 where it is not."""
    fits: bool


def register(passes: Sequence[PassAlong]) -> Shifts:
    """Return the shifts that bring passes over one lane together; zero for a single pass."""
    count = len(passes[0].seen)
    shifts = np.zeros((len(passes), count))
    nothing = np.zeros(count)
    if sum(bool(one.affected.any()) for one in passes) < 2:
        return Shifts(shifts, nothing, nothing > 0, nothing > 0)
    accuracy_m = np.array([max(one.accuracy_m, LEAST_ACCURACY_M) for one in passes])
    weights = accuracy_m**-2.0 / np.sum(accuracy_m**-2.0)
    worth = [_worth(one.affected) for one in passes]
    gain = _gain(passes, weights)
    prior_rows = np.array([_prior_rows(accuracy_m, k) for k in range(len(passes))])
    likely: list[_Likely] = []
    reach = [MAX_SHIFT_ROWS] * len(passes)
    for _ in range(MAX_ITERATIONS):
        whole = _whole(shifts, weights)
        likely = _look(passes, worth, whole, weights, gain, prior_rows, reach)
        reach = [_reach(one) for one in likely]
        steps = np.stack([one.mean for one in likely]) * (1.0 - weights[:, None])
        new = whole + steps
        new -= weights @ new
        change = float(np.abs(new - shifts).max())
        shifts = new
        if change < SETTLED_ROWS:
            break
    found = _applied(shifts, likely, np.stack([one.seen for one in passes]), weights, prior_rows)
    rigid = [_rigid(by, one.affected) for by, one in zip(found.rows, passes, strict=True)]
    return replace(found, rows=np.stack(rigid))


def moved_rows(rows: Rows, shift_rows: Floats) -> Rows:
    """Move the rows of an array (rows, ...) by a shift of their own, rounded to whole rows.

    Of rows that fall together the larger value counts; a row between two that move apart takes the
    smaller of theirs, so that one crack neither doubles nor goes. What would leave the lane stays
    in its last row. What nothing moves to is zero.
    """
    count = len(rows)
    target = np.arange(count) + np.rint(shift_rows).astype(np.int64)
    target = np.clip(target, 0, count - 1)
    moved: Rows = np.zeros_like(rows)
    np.maximum.at(moved, target, rows)
    filled = np.zeros(count, np.bool_)
    filled[target] = True
    numbers = np.arange(count)
    before = np.maximum.accumulate(np.where(filled, numbers, -1))
    after = np.minimum.accumulate(np.where(filled, numbers, count)[::-1])[::-1]
    holes = ~filled & (before >= 0) & (after < count)
    moved[holes] = np.minimum(moved[before[holes]], moved[after[holes]])
    return moved


def _worth(affected: Floats) -> Floats:
    """Weigh affected rows so that a damage counts once, not once for each row that it lies in."""
    worth = np.zeros_like(affected)
    for kind in range(affected.shape[1]):
        edges = np.flatnonzero(np.diff(affected[:, kind] > 0, prepend=False, append=False))
        for start, end in edges.reshape(-1, 2).tolist():
            worth[start:end, kind] = min(1.0, DAMAGE_ROWS / (end - start))
    return worth


def _gain(passes: Sequence[PassAlong], weights: Floats) -> Floats:
    """Return by kind how much likelier damage is where the others found it than elsewhere."""
    found = sum(w * one.affected.sum(axis=0) for w, one in zip(weights, passes, strict=True))
    seen = sum(w * float(one.seen.sum()) for w, one in zip(weights, passes, strict=True))
    share = (found + 0.5) / (seen + USUAL_ROWS)
    gain: Floats = FOUND / (1.0 - FOUND) / share
    return gain


def _prior_rows(accuracy_m: Floats, own: int) -> float:
    others = np.delete(accuracy_m, own)
    return float(np.hypot(accuracy_m[own], np.sqrt(np.mean(np.square(others)))))


def _reach(found: _Likely) -> int:
    """Return how far to look again: once a pass is near the others, what is left is small."""
    if not found.known.any():
        return MAX_SHIFT_ROWS
    return min(MAX_SHIFT_ROWS, int(2 * np.abs(found.mean).max() + 4 * found.sigma.min()) + 12)


def _look(
    passes: Sequence[PassAlong],
    worth: Sequence[Floats],
    shifts: Floats,
    weights: Floats,
    gain: Floats,
    prior_rows: Floats,
    reach: Sequence[int],
) -> list[_Likely]:
    """Look where each pass lies against the mean of the others, as all are moved so far."""
    moved = [moved_rows(one.affected, by) for one, by in zip(passes, shifts, strict=True)]
    worths = [moved_rows(one, by) for one, by in zip(worth, shifts, strict=True)]
    seen = [moved_rows(one.seen, by) for one, by in zip(passes, shifts, strict=True)]
    all_found = sum(w * one for w, one in zip(weights, moved, strict=True))
    all_worth = sum(w * one for w, one in zip(weights, worths, strict=True))
    all_seen = sum(w * one for w, one in zip(weights, seen, strict=True))
    likely = []
    for k, weight in enumerate(weights.tolist()):
        found = np.maximum(all_found - weight * moved[k], 0.0)
        mean_worth = np.maximum(all_worth - weight * worths[k], 0.0) / np.maximum(found, 1e-9)
        share = found / np.maximum(all_seen - weight * seen[k], 1e-9)[:, None]
        share[found < 1e-9] = 0.0
        others = np.log1p(gain * np.minimum(share, 1.0)) * np.sqrt(np.minimum(mean_worth, 1.0))
        by_others = all_seen - weight * seen[k] > 1e-9
        damages = min(worths[k][by_others].sum(), mean_worth[seen[k]].sum())
        so_far = shifts[k] / (1.0 - weight)
        likely.append(
            _place(
                np.sqrt(worths[k]),
                others,
                so_far,
                float(prior_rows[k]),
                float(damages),
                min(reach[k], len(others) - 1),
            )
        )
    return likely


def _place(
    own: Floats,
    others: Floats,
    so_far: Floats,
    prior_rows: float,
    damages: float,
    reach: int,
) -> _Likely:
    """Return how far a pass has to move to agree with the others, and how sure that is.

    `own` and `others` (rows, kinds) are weights of damage found and the evidence of meeting it;
    `so_far` (rows,) is how far the pass was moved against the others already, `damages` how many
    either could have in common, `reach` how many rows it is looked for to either side.
    """
    count = len(own)
    states = np.arange(-reach, reach + 1)
    rows = np.flatnonzero(own.any(axis=1))
    there = np.pad(convolve1d(others, REACH, axis=0, mode="constant"), ((reach, reach), (0, 0)))
    windows = sliding_window_view(there, len(states), axis=0)[rows]
    agree = np.einsum("rk,rks->rs", own[rows], windows)
    flat = _Likely(np.zeros(count), np.full(count, prior_rows), np.zeros(count), fits=True)
    if not agree.any() or damages == 0.0:
        return replace(flat, fits=damages < ENOUGH_DAMAGES)
    starts = np.arange(0, count, BLOCK_ROWS)
    likelihood = np.zeros((len(starts), len(states)))
    np.add.at(likelihood, rows // BLOCK_ROWS, agree)
    middles = np.minimum(starts + BLOCK_ROWS / 2, count - 1)
    before = np.interp(middles, np.arange(count), so_far)
    probability, odds = _forward_backward(likelihood, states + before[:, None], prior_rows)
    if odds + damages * np.log(1.0 - FOUND) < 0.0:
        return replace(flat, fits=damages < ENOUGH_DAMAGES)
    mean = probability @ states
    variance = np.maximum(probability @ np.square(states) - np.square(mean), 1 / 12)
    mean, sigma = (np.interp(np.arange(count), middles, v) for v in (mean, np.sqrt(variance)))
    low, high = KNOWN
    known = np.clip((high - sigma / prior_rows) / (high - low), 0.0, 1.0)
    return _Likely(mean, sigma, np.where(sigma < KNOWN_ROWS, 1.0, known), fits=True)


def _forward_backward(
    likelihood: Floats, shift_rows: Floats, prior_rows: float
) -> tuple[Floats, float]:
    """Return the probability (blocks, states) of each shift given all blocks, and the log odds.

    `likelihood` is logarithmic, `shift_rows` (blocks, states) the shifts that the states mean. The
    odds are those of two passes over one road against two that have nothing in common. Every vector
    is scaled to a sum of one, so nothing underflows.
    """
    prior = np.logaddexp(
        np.log((1.0 - BLUNDER) / (prior_rows * np.sqrt(2.0 * np.pi)))
        - np.square(shift_rows / prior_rows) / 2.0,
        np.log(BLUNDER / (2 * MAX_SHIFT_ROWS + 1)),
    )
    drift = round(float(np.clip(DRIFT * prior_rows, *DRIFT_ROWS)), 2)
    # the walk would flatten the prior over a long lane: each block is drawn back to it a little
    pull = np.exp((prior - prior.max(axis=1, keepdims=True)) * DRIFT**2 / 4.0)
    most = likelihood.max(axis=1, keepdims=True)
    agree = np.exp(likelihood - most) * pull
    step = _step(likelihood.shape[1], drift)
    forward, backward = np.empty_like(agree), np.ones_like(agree)
    start = np.exp(prior[0] - prior[0].max())
    forward[0] = agree[0] * start / start.sum()
    odds = float(most.sum())
    for k in range(1, len(agree)):
        total = forward[k - 1].sum()
        odds += float(np.log(total))
        forward[k] = agree[k] * (forward[k - 1] / total @ step)
    odds += float(np.log(forward[-1].sum()))
    for k in range(len(agree) - 2, -1, -1):
        backward[k] = step @ (agree[k + 1] * backward[k + 1])
        backward[k] /= backward[k].sum()
    probability: Floats = forward * backward
    probability /= probability.sum(axis=1, keepdims=True)
    return probability, odds


@lru_cache(maxsize=64)
def _step(count: int, drift_rows: float) -> Floats:
    """Return the probability (states, states) of one shift in a block given that before it."""
    states = np.arange(count)
    step = np.exp(-np.square((states[:, None] - states) / drift_rows) / 2.0)
    step /= step.sum(axis=1, keepdims=True)
    return step


def _applied(
    shifts: Floats,
    likely: Sequence[_Likely],
    viewed: Bools,
    weights: Floats,
    prior_rows: Floats,
) -> Shifts:
    """Keep the shifts that are known, about the mean of the passes that they are known of."""
    known = np.stack([one.known for one in likely])
    share = weights[:, None] * known
    total = share.sum(axis=0)
    kept = known * (shifts - (share * shifts).sum(axis=0) / np.where(total > 0, total, 1.0))
    kept[np.abs(kept) < 1e-6] = 0.0
    fits = np.array([one.fits for one in likely])
    spread = np.square(kept) + _unresolved(likely, weights, prior_rows)
    several = len(likely) - 1
    return Shifts(
        _whole(kept, weights),
        np.sqrt(weights @ spread / several),
        (np.abs(kept) > FAR_DEVIATIONS * ((1.0 - weights) * prior_rows)[:, None]).any(axis=0),
        np.logical_or.reduce(viewed & ~fits[:, None], axis=0),
    )


def _rigid(shift_rows: Floats, affected: Floats) -> Floats:
    """Move rows that are damaged without a gap all as the middle one: no damage grows or shrinks.

    Long stretches of damage follow the shift, in pieces.
    """
    damaged = np.concatenate([[False], affected.any(axis=1), [False]])
    ends = np.flatnonzero(np.diff(damaged)).reshape(-1, 2)
    rigid = shift_rows.copy()
    for start, end in ends.tolist():
        pieces = -(-(end - start) // MAX_RIGID_ROWS)
        for piece in np.array_split(np.arange(start, end), pieces):
            rigid[piece] = shift_rows[piece[len(piece) // 2]]
    return rigid


def _unresolved(likely: Sequence[_Likely], weights: Floats, prior_rows: Floats) -> Floats:
    """Return the variance (passes, rows) of shifts that were not applied, where it is large.

    Where there is little evidence it is about the prior's: the accuracies stand as stated.
    """
    sigma = np.stack([one.sigma for one in likely])
    square = np.square(sigma) + np.square(np.stack([one.mean for one in likely]))
    large = sigma > WIDE_DEVIATIONS * prior_rows[:, None]
    unknown = 1.0 - np.stack([one.known for one in likely])
    variance: Floats = unknown * np.where(large, square, 0.0) * np.square(1.0 - weights)[:, None]
    return variance


def _whole(shifts: Floats, weights: Floats) -> Floats:
    """Round the shifts to whole rows, by row with the offset to all that rounds them least.

    Rounded each for itself, two passes 3 m apart would move by 2 m each and miss each other.
    """
    shifted = shifts + COMMON_OFFSETS[:, None, None]
    missed = np.einsum("p,opr->or", weights, np.square(shifted - np.rint(shifted)))
    best = np.argmin(np.round(missed, 6), axis=0)
    whole: Floats = np.rint(shifts + COMMON_OFFSETS[best])
    return whole
