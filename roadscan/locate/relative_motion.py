"""The motion of a camera between neighbouring frames: turning, and where it is heading.

A point of the world, seen from two places, lies on one line in each picture; where the camera heads
(the focus of expansion) is the same for all pairs of a vehicle that drives straight on, how it
turned in between is each pair's own. Both are found together, by Gauss-Newton over all points, each
weighted by how well it agrees; what moves by itself, or stands still in the picture, does not.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from roadscan.model.arrays import Bools, Floats, Ints

STEPS: Final = 15
ENOUGH: Final = 1e-6
"""Radians: a smaller step ends the search."""
LEAST_SCALE_PX: Final = 0.15
"""No corner is tracked better."""
TURNING: Final = (np.radians(8.0), np.radians(60.0), np.radians(8.0))
"""Radians per second about the camera's axes (right, down, ahead): standard deviation of what a
vehicle does. Decides only where the picture does not."""
SIDEWAYS: Final = np.radians(6.0)
"""Radians: in a bend the camera, ahead of the rear axle, does not move where the vehicle points."""


@dataclass(frozen=True, slots=True)
class PointPairs:
    """Points seen in two neighbouring frames; pairs of frames are numbered from 0.

    `before`, `after` (n, 2) pixels from the middle of the picture, `pair` (n,) ascending; `t_s`
    (m,) the middle of each pair of frames in the video, `step_s` (m,) between the two.
    """

    t_s: Floats
    step_s: Floats
    pair: Ints
    before: Floats
    after: Floats

    def of(self, chosen: Bools) -> "PointPairs":
        """Return some of the pairs of frames."""
        numbers = np.cumsum(chosen) - 1
        points = chosen[self.pair]
        return PointPairs(
            self.t_s[chosen],
            self.step_s[chosen],
            numbers[self.pair[points]],
            self.before[points],
            self.after[points],
        )


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the camera heads, and how it turns, per pair of frames.

    `ahead` (3,) is a unit vector in the camera's axes (right, down, along the optical axis);
    `turn` (m, 3) the rotation vector from the first to the second frame; `scatter` (2, 2) the
    covariance of `ahead` across it, in `axes` (2, 3), radians squared; `step` (m, 2) what each pair
    alone would add to it and `weight` (m, 2, 2) how much it says of it.
    """

    ahead: Floats
    turn: Floats
    axes: Floats
    scatter: Floats
    step: Floats
    weight: Floats
    agreeing: Floats
    """(n,) weight of each point, 0 to 1."""
    scale_px: Floats
    """(m,) by how much its points are off, one standard deviation."""


def heading(
    points: PointPairs,
    focal_px: float,
    ahead: Floats,
    block: Ints,
    *,
    bending: bool = False,
    steps: int = STEPS,
) -> Heading:
    """Find where the camera heads over all pairs, and how it turns in each.

    `ahead` (3,) is a first guess; `block` (m,) numbers stretches that may err together, over which
    the uncertainty is taken. With `bending` each pair also has a sideways direction of its own, and
    `ahead` stays as it is.
    """
    ones = np.ones(len(points.before))
    first = np.column_stack([points.before / focal_px, ones])
    second = np.column_stack([points.after / focal_px, ones])
    pairs = len(points.t_s)
    slip = np.zeros(pairs)
    turn = np.zeros((pairs, 3))
    turn[:, 1] = _medians(points.pair, pairs, (points.after - points.before)[:, 0]) / focal_px
    prior = 1.0 / (np.array(TURNING) * points.step_s[:, None]) ** 2
    unit = focal_px
    scale_px = np.full(pairs, LEAST_SCALE_PX)
    for _ in range(steps):
        axes = _across(ahead)
        towards = _slipped(ahead, slip)[points.pair]
        off, by_ahead, by_turn, by_slip = _residuals(
            first, second, towards, turn[points.pair], axes
        )
        off, by_ahead, by_turn, by_slip = (unit * v for v in (off, by_ahead, by_turn, by_slip))
        # of each pair: one that is far off yet would count for nothing beside those that fit
        scale_px = np.maximum(LEAST_SCALE_PX, 1.4826 * _medians(points.pair, pairs, np.abs(off)))
        scale = scale_px[points.pair]
        agreeing = 1.0 / (1.0 + (off / (2.0 * scale)) ** 2) ** 2
        weight = agreeing / scale**2
        own = np.column_stack([by_turn, by_slip]) if bending else by_turn
        rest = np.column_stack([turn, slip]) if bending else turn
        trust = np.column_stack([prior, np.full(pairs, SIDEWAYS**-2)]) if bending else prior
        local = _sums(points.pair, pairs, weight, own, own) + _diagonal(trust)
        pull = _sums(points.pair, pairs, weight, own, off[:, None])[:, :, 0] + trust * rest
        if bending:
            step_own = -np.linalg.solve(local, pull[:, :, None])[:, :, 0]
            turn, slip = turn + step_own[:, :3], slip + step_own[:, 3]
            moved = float(np.abs(step_own).max(initial=0.0))
            step, alone = np.zeros((pairs, 2)), np.zeros((pairs, 2, 2))
            scatter = np.zeros((2, 2))
        else:
            shared = _sums(points.pair, pairs, weight, by_ahead, by_ahead)
            mixed = _sums(points.pair, pairs, weight, by_ahead, own)
            slope = _sums(points.pair, pairs, weight, by_ahead, off[:, None])[:, :, 0]
            solved = np.linalg.solve(local, np.swapaxes(mixed, 1, 2))
            alone = shared - mixed @ solved
            step = -(
                slope
                - np.einsum("kij,kj->ki", mixed, np.linalg.solve(local, pull[..., None])[..., 0])
            )
            whole = np.linalg.inv(alone.sum(axis=0) + 1e-9 * np.eye(2))
            move = whole @ step.sum(axis=0)
            own_pull = pull + np.einsum("kij,i->kj", mixed, move)
            turn = turn - np.linalg.solve(local, own_pull[..., None])[..., 0]
            ahead = ahead + move @ axes
            ahead = ahead / np.linalg.norm(ahead)
            by_block = np.zeros((int(block.max(initial=0)) + 1, 2))
            np.add.at(by_block, block, step)
            scatter = whole @ (by_block.T @ by_block) @ whole
            moved = float(np.abs(move).max())
        if moved < ENOUGH:
            break
    return Heading(ahead, turn, _across(ahead), scatter, step, alone, agreeing, scale_px)


def turned_back(points: PointPairs, focal_px: float, turn: Floats) -> PointPairs:
    """Return the points with those of the second frames as they were without the turning."""
    second = np.column_stack([points.after / focal_px, np.ones(len(points.after))])
    back = _rotated(second, -turn[points.pair])
    return replace(points, after=focal_px * back[:, :2] / back[:, 2:])


def _across(ahead: Floats) -> Floats:
    """Return two unit vectors (2, 3) across a direction: to the right, and down."""
    right = np.cross(np.array([0.0, 1.0, 0.0]), ahead)
    right = right / np.linalg.norm(right)
    return np.vstack([right, np.cross(ahead, right)])


def _slipped(ahead: Floats, slip: Floats) -> Floats:
    right = _across(ahead)[0]
    slipped: Floats = np.cos(slip)[:, None] * ahead + np.sin(slip)[:, None] * right
    return slipped


def _rotated(vectors: Floats, turn: Floats) -> Floats:
    """Rotate vectors (n, 3) by rotation vectors (n, 3), after Rodrigues."""
    angle = np.linalg.norm(turn, axis=1, keepdims=True)
    axis = turn / np.maximum(angle, 1e-12)
    along = np.sum(axis * vectors, axis=1, keepdims=True)
    rotated: Floats = (
        vectors * np.cos(angle)
        + np.cross(axis, vectors) * np.sin(angle)
        + axis * along * (1.0 - np.cos(angle))
    )
    return rotated


def _residuals(
    first: Floats, second: Floats, towards: Floats, turn: Floats, axes: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how far points are off the lines they should be on, and how that changes.

    Sampson's distance (Hartley and Zisserman, Multiple View Geometry, 11.4.3), in focal lengths.
    """
    turned = _rotated(first, turn)
    line = np.cross(towards, turned)
    other = _rotated(np.cross(second, towards), -turn)
    norm = np.sqrt(np.sum(line[:, :2] ** 2, axis=1) + np.sum(other[:, :2] ** 2, axis=1))
    norm = np.maximum(norm, 1e-4)
    off = np.sum(second * line, axis=1) / norm
    to_ahead = np.cross(turned, second) / norm[:, None]
    to_turn = np.cross(turned, np.cross(second, towards)) / norm[:, None]
    by_ahead = to_ahead @ axes.T
    return off, by_ahead, to_turn, by_ahead[:, :1]


def _sums(pair: Ints, pairs: int, weight: Floats, left: Floats, right: Floats) -> Floats:
    """Return for each pair the weighted sum over its points of left outer right."""
    sums = np.empty((pairs, left.shape[1], right.shape[1]))
    for i in range(left.shape[1]):
        for j in range(right.shape[1]):
            sums[:, i, j] = np.bincount(pair, weight * left[:, i] * right[:, j], minlength=pairs)
    return sums


def _medians(pair: Ints, pairs: int, values: Floats) -> Floats:
    """Return the median of the values of each pair, 0 for one without any."""
    order = np.lexsort((values, pair))
    count = np.bincount(pair, minlength=pairs)
    middle = np.cumsum(count) - count + count // 2
    medians = np.zeros(pairs)
    some = count > 0
    medians[some] = values[order][middle[some]]
    return medians


def _diagonal(values: Floats) -> Floats:
    return values[:, :, None] * np.eye(values.shape[1])
