"""Registers passes over one lane to each other, by the damage that each of them saw along it.

A receiver is off by some metres, and by others the next time. So one damage lies at another offset
in each pass, and adding the passes up would make several of it. What a pass saw is therefore moved
along the link until it agrees with what the others saw; how far may change slowly along the link,
as the receiver's error does. The true place is taken to be the mean of the passes, weighted by
their accuracy: no pass comes first, so their order changes nothing.

The shift of a pass is a hidden Markov chain over blocks of the lane: a state is a shift in whole
metres, its prior the accuracies of both sides, its steps from block to block a random walk, and its
likelihood how well the affected rows agree. Forward and backward sums give the mean and its
standard deviation (Rabiner 1989); where two passes have too little in common, the prior decides and
nothing is moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from scipy.ndimage import convolve1d

from roadscan.model.arrays import Bools, Floats

Rows = TypeVar("Rows", bound=np.ndarray[Any, Any])

BLOCK_ROWS: Final = 10
"""Over so many metres one shift holds."""
MAX_SHIFT_ROWS: Final = 9
SHIFTS: Final = np.arange(-MAX_SHIFT_ROWS, MAX_SHIFT_ROWS + 1)
DRIFT_ROWS: Final = 1.0
"""How far the shift wanders from one block to the next, one standard deviation."""
DISAGREEMENT: Final = 0.12
"""Variance of what two passes see of one row."""
SPREAD: Final = np.array([0.25, 0.5, 0.25])
"""An affected row reaches into its neighbours: a box is right to about a metre."""
LEAST_ACCURACY_M: Final = 0.5
MAX_ITERATIONS: Final = 6
SETTLED_ROWS: Final = 0.3


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
    """How many rows each pass has to be moved along the link: (passes, rows), as floats."""

    rows: Floats
    sigma_rows: Floats
    """One standard deviation, against the mean of the other passes."""


def register(passes: Sequence[PassAlong]) -> Shifts:
    """Return the shifts that bring passes over one lane together; zero for a single pass."""
    count = len(passes[0].seen)
    shifts = np.zeros((len(passes), count))
    if len(passes) == 1:
        return Shifts(shifts, np.zeros_like(shifts))
    accuracy_m = np.array([max(one.accuracy_m, LEAST_ACCURACY_M) for one in passes])
    weights = accuracy_m**-2.0 / np.sum(accuracy_m**-2.0)
    spread = [_spread(one.affected) for one in passes]
    sigma = np.zeros_like(shifts)
    for _ in range(MAX_ITERATIONS):
        moved = [moved_rows(one, shift) for one, shift in zip(spread, shifts, strict=True)]
        seen = [moved_rows(one.seen, shift) for one, shift in zip(passes, shifts, strict=True)]
        steps = np.zeros_like(shifts)
        for k in range(len(passes)):
            others, others_seen = _mean_of_others(k, moved, seen, weights)
            prior_rows = float(np.hypot(accuracy_m[k], accuracy_m.mean()))
            steps[k], sigma[k] = _shift_onto(moved[k], seen[k], others, others_seen, prior_rows)
            steps[k] *= 1.0 - weights[k]  # the mean of all lies between this pass and the others
        new = shifts + steps
        new -= weights @ new
        change = float(np.abs(new - shifts).max())
        shifts = np.clip(new, -MAX_SHIFT_ROWS, MAX_SHIFT_ROWS)
        if change < SETTLED_ROWS:
            break
    return Shifts(shifts, sigma)


def moved_rows(rows: Rows, shift_rows: Floats) -> Rows:
    """Move the rows of an array (rows, ...) by a shift of their own, rounded to whole rows.

    Of rows that fall together the larger value counts; a row between two that move apart takes the
    smaller of theirs, so that one crack neither doubles nor goes. What nothing moves to is zero.
    """
    count = len(rows)
    target = np.arange(count) + np.rint(shift_rows).astype(np.int64)
    inside = (target >= 0) & (target < count)
    moved: Rows = np.zeros_like(rows)
    np.maximum.at(moved, target[inside], rows[inside])
    filled = np.zeros(count, np.bool_)
    filled[target[inside]] = True
    if not filled.any():
        return moved
    numbers = np.arange(count)
    before = np.maximum.accumulate(np.where(filled, numbers, -1))
    after = np.minimum.accumulate(np.where(filled, numbers, count)[::-1])[::-1]
    holes = ~filled & (before >= 0) & (after < count)
    moved[holes] = np.minimum(moved[before[holes]], moved[after[holes]])
    return moved


def _spread(affected: Floats) -> Floats:
    spread: Floats = convolve1d(affected, SPREAD, axis=0, mode="constant")
    return spread


def _mean_of_others(
    own: int, spread: Sequence[Floats], seen: Sequence[Bools], weights: Floats
) -> tuple[Floats, Bools]:
    total, weight = np.zeros_like(spread[own]), np.zeros(len(seen[own]))
    for k, (values, viewed) in enumerate(zip(spread, seen, strict=True)):
        if k != own:
            total += weights[k] * values * viewed[:, None]
            weight += weights[k] * viewed
    return total / np.where(weight > 0, weight, 1.0)[:, None], weight > 0


def _shift_onto(
    own: Floats, seen: Bools, others: Floats, others_seen: Bools, prior_rows: float
) -> tuple[Floats, Floats]:
    """Return by row how far a pass has to move to agree with the others, and how sure that is."""
    count = len(own)
    disagreement = np.empty((len(SHIFTS), count))
    for k, shift in enumerate(SHIFTS.tolist()):
        there, viewed = _ahead(others, shift), _ahead(others_seen, shift) & seen
        disagreement[k] = np.where(viewed, np.square(own - there).sum(axis=1), 0.0)
    starts = np.arange(0, count, BLOCK_ROWS)
    likelihood = -np.add.reduceat(disagreement, starts, axis=1).T / (2 * DISAGREEMENT)
    probability = _forward_backward(likelihood, prior_rows)
    mean = probability @ SHIFTS
    sigma = np.sqrt(np.maximum(probability @ SHIFTS**2 - mean**2, 1 / 12))
    middles = np.minimum(starts + BLOCK_ROWS / 2, count - 1)
    numbers = np.arange(count)
    return np.interp(numbers, middles, mean), np.interp(numbers, middles, sigma)


def _ahead(rows: Rows, shift: int) -> Rows:
    """Return what lies so many rows farther on; zero beyond the ends."""
    moved: Rows = np.zeros_like(rows)
    if abs(shift) < len(rows):
        low, high = max(0, -shift), len(rows) - max(0, shift)
        moved[low:high] = rows[low + shift : high + shift]
    return moved


def _forward_backward(likelihood: Floats, prior_rows: float) -> Floats:
    """Return the probability (blocks, shifts) of each shift, given all blocks.

    `likelihood` is logarithmic. Every vector is scaled to a sum of one, so nothing underflows.
    """
    prior = -np.square(SHIFTS) / (2 * prior_rows**2)
    # the walk would flatten the prior over a long lane: each block is drawn back to it a little
    agree = likelihood + prior * (DRIFT_ROWS / prior_rows) ** 2 / 4
    agree = np.exp(agree - agree.max(axis=1, keepdims=True))
    step = np.exp(-np.square(SHIFTS[:, None] - SHIFTS) / (2 * DRIFT_ROWS**2))
    step /= step.sum(axis=1, keepdims=True)
    forward, backward = np.empty_like(agree), np.ones_like(agree)
    forward[0] = agree[0] * np.exp(prior)
    for k in range(1, len(agree)):
        forward[k] = agree[k] * (forward[k - 1] / forward[k - 1].sum() @ step)
    for k in range(len(agree) - 2, -1, -1):
        backward[k] = step @ (agree[k + 1] * backward[k + 1])
        backward[k] /= backward[k].sum()
    probability: Floats = forward * backward
    probability /= probability.sum(axis=1, keepdims=True)
    return probability
