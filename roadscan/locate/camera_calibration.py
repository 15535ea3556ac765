"""A camera from what its own video shows: where it looks, how wide, and how high it is.

On straight road the vehicle heads for the vanishing point of the road: pitch and yaw. In a bend it
turns about the road's normal: roll. How far the picture turned there over how far the track did is
the focal length; how far the track drove over how fast the road near it went by is the height. Each
comes with a standard deviation, and not at all where the drive does not tell.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from roadscan.locate.relative_motion import Heading, PointPairs, heading, turned_back
from roadscan.model.arrays import Bools, Floats, Ints

MOVING: Final = 0.006
"""Picture widths: in a frame of a moving vehicle a fifth of the corners move further."""
FROZEN: Final = 0.0006
"""Picture widths: what moves less in such a frame is a reflection, an overlay, or the bonnet."""
BLOCK_S: Final = 4.0
"""Errors of what lies so near in time are taken to be one."""
STRAIGHT_RATE: Final = np.radians(1.2)
"""Radians per second: a vehicle that turns more slowly drives straight on."""
SMOOTH_S: Final = 0.6
LEAST_STRAIGHT_S: Final = 6.0
LEAST_BLOCKS: Final = 2
FLOOR_DEG: Final = 0.08
"""Standard deviation of pitch and yaw below which no estimate is believed: roads are not flat."""
BENDING_RATE: Final = np.radians(5.0)
LEAST_BEND: Final = np.radians(25.0)
AROUND_BEND_S: Final = 3.0
COURSE_SIGMA: Final = np.radians(3.0)
"""Of how far the vehicle turned in a bend, by its track."""
FOCAL_ROUNDS: Final = 6
CONVERGED: Final = 2e-3
COARSE_STEPS: Final = 6
MOST_POINTS: Final = 120
"""Of a pair of frames; more take time and tell no more."""
ROLL_ALONE_DEG: Final = 1.5
ROLL_FLOOR_DEG: Final = 0.3
FOCAL_FLOOR: Final = 0.02
HFOV_DEG: Final = (40.0, 140.0)
"""What the search allows; outside it something else is wrong."""
NEAR: Final = (2.0, 9.0)
"""Camera heights ahead, between which the road shows how high the camera is."""
BESIDE: Final = 1.2
"""Camera heights to either side of the path."""
HEIGHTS_M: Final = (0.4, 4.5)
AGREE_SHARE: Final = 0.06
LEAST_AGREEING: Final = 0.2
LEAST_BLOCK_POINTS: Final = 3.0
MOST_STRETCH: Final = 0.35
"""Of its distance: what comes nearer by more in one step looks too different to be followed."""
LEAST_ROAD_POINTS: Final = 40
LEAST_DRIVEN_M: Final = 0.3
HEIGHT_FLOOR: Final = 0.015
MOST_SCATTER_DEG: Final = 0.7
"""Of where the camera heads; beyond it the picture does not tell."""
OUTWARDS: Final = 0.8
LEAST_GROWTH_PX: Final = 0.3
SLIPPED_DEG: Final = 1.0
SLIPPED_SIGMAS: Final = 5.0
MEDIAN: Final = 1.39
"""Of a chi-square variable of two degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and one standard deviation of it."""

    value: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Driven:
    """What the track says of each pair of frames (m,): metres driven, and the course, radians.

    The course is counter-clockwise and unwrapped. NaN where the track does not tell.
    """

    distance_m: Floats
    course_rad: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the video told of its camera; None where it did not."""

    pitch_deg: Estimate | None
    yaw_deg: Estimate | None
    roll_deg: Estimate | None
    hfov_deg: Estimate | None
    height_m: Estimate | None
    straight_s: float
    """Seconds of straight driving used."""
    bends: int
    """Bends whose turn the track knows."""
    slipped_deg: float
    """How far the camera turned within the drive; 0 where it did not, or nobody can tell."""


def calibrate(
    points: PointPairs,
    width: int,
    hfov: Estimate,
    driven: Driven | None = None,
    *,
    find_hfov: bool = True,
) -> Calibration:
    """Find out what the pairs of frames of a drive tell of its camera.

    `hfov` is the angle of view as far as it is known, in degrees; what the track's bends tell of it
    is used for the rest if `find_hfov`.
    """
    used, points, driven = _moving(points, width, driven)
    nothing = Calibration(None, None, None, None, None, 0.0, 0, 0.0)
    if not used.any():
        return nothing
    seen = _straight(points, _focal_px(width, hfov.value))
    if seen is None:
        return nothing
    straight, ahead = seen
    bends = _bends(points, ahead, width, hfov.value, driven)
    guess = ahead.ahead
    if find_hfov and bends.hfov is not None:
        hfov, guess = bends.hfov, _towards(guess, bends.rescaled)
    focal_px, focal_share = _focal_px(width, hfov.value), _focal_share(hfov)
    some = points.of(straight)
    ahead = heading(some, focal_px, guess, _blocks(some.t_s))
    scatter = np.degrees(np.sqrt(np.diag(ahead.scatter)))
    if scatter.max() > MOST_SCATTER_DEG or not _grows(some, focal_px, ahead):
        seconds = float(some.step_s.sum())
        return replace(nothing, hfov_deg=bends.hfov, bends=bends.count, straight_s=seconds)
    straight_s = float(points.step_s[straight].sum())
    roll = bends.roll
    roll_rad = np.radians(roll.value) if roll is not None and roll.sigma < 1.0 else 0.0
    pitch, yaw = _angles(ahead.ahead, roll_rad)
    # how far the vanishing point is from the middle is as wrong as the focal length
    pitch_sigma, yaw_sigma = (
        float(
            np.hypot(np.hypot(own, FLOOR_DEG), abs(np.degrees(np.sin(2 * angle) / 2)) * focal_share)
        )
        for own, angle in ((scatter[1], pitch), (scatter[0], yaw))
    )
    height = None
    if driven is not None:
        height = _height(
            points.of(straight),
            focal_px,
            ahead,
            (pitch, yaw, roll_rad),
            driven.distance_m[straight],
            np.radians(np.hypot(scatter[1], FLOOR_DEG)),
            focal_share,
        )
    return Calibration(
        Estimate(float(np.degrees(pitch)), pitch_sigma),
        Estimate(float(np.degrees(yaw)), yaw_sigma),
        roll,
        bends.hfov,
        height,
        straight_s,
        bends.count,
        _slipped_deg(some, focal_px, ahead),
    )


def _moving(
    points: PointPairs, width: int, driven: Driven | None
) -> tuple[Bools, PointPairs, Driven | None]:
    """Leave out pairs at standstill, and points that stand still in a moving picture."""
    moved = np.hypot(*(points.after - points.before).T)
    count = np.bincount(points.pair, minlength=len(points.t_s))
    fast = np.bincount(points.pair, moved > MOVING * width, minlength=len(points.t_s))
    used: Bools = (fast >= 0.2 * count) & (count >= 20)
    kept = moved > FROZEN * width
    number = np.arange(len(moved)) - np.concatenate([[0], np.cumsum(count)])[points.pair]
    # those of a pair come cell by cell: every so many of them are spread over the picture
    kept &= (number * MOST_POINTS) // np.maximum(count[points.pair], MOST_POINTS) != (
        (number - 1) * MOST_POINTS
    ) // np.maximum(count[points.pair], MOST_POINTS)
    thinned = PointPairs(
        points.t_s, points.step_s, points.pair[kept], points.before[kept], points.after[kept]
    )
    told = None if driven is None else Driven(driven.distance_m[used], driven.course_rad[used])
    return used, thinned.of(used), told


def _grows(points: PointPairs, focal_px: float, ahead: Heading) -> bool:
    """Tell whether the world comes nearer: points move away from where the camera heads."""
    still = turned_back(points, focal_px, ahead.turn)
    goal = focal_px * ahead.ahead[:2] / ahead.ahead[2]
    from_goal = still.before - goal
    away = np.sum((still.after - still.before) * from_goal, axis=1)
    distance = np.maximum(np.linalg.norm(from_goal, axis=1), 1.0)
    outwards = float(np.average(away > 0.0, weights=ahead.agreeing))
    return outwards > OUTWARDS and float(np.median(away / distance)) > LEAST_GROWTH_PX


def _focal_px(width: int, hfov_deg: float) -> float:
    return float(width / 2 / np.tan(np.radians(hfov_deg) / 2))


def _focal_share(hfov: Estimate) -> float:
    """Return the relative error of the focal length."""
    return float(np.radians(hfov.sigma) / np.sin(np.radians(hfov.value)))


def _blocks(t_s: Floats) -> Ints:
    return np.unique(np.floor(t_s / BLOCK_S), return_inverse=True)[1]


def _straight(points: PointPairs, focal_px: float) -> tuple[Bools, Heading] | None:
    """Return which pairs are of straight driving, and where the camera heads there."""
    ahead = np.array([0.0, -np.sin(np.radians(5.0)), np.cos(np.radians(5.0))])
    every = heading(points, focal_px, ahead, _blocks(points.t_s), steps=COARSE_STEPS)
    straight = np.ones(len(points.t_s), np.bool_)
    found = every
    for _ in range(2):
        normal = _normal(*_angles(found.ahead, 0.0)[:1], 0.0)
        rate = _smooth(points, every.turn @ normal / points.step_s)
        straight = np.abs(rate) < STRAIGHT_RATE
        if points.step_s[straight].sum() < LEAST_STRAIGHT_S:
            return None
        some = points.of(straight)
        found = heading(some, focal_px, found.ahead, _blocks(some.t_s))
    if len(np.unique(_blocks(points.t_s[straight]))) < LEAST_BLOCKS:
        return None
    return straight, found


def _smooth(points: PointPairs, values: Floats) -> Floats:
    """Return running medians of values of pairs, over about `SMOOTH_S`."""
    step_s = float(np.median(points.step_s))
    half = max(1, round(SMOOTH_S / step_s / 2))
    padded = np.pad(values, half, mode="edge")
    smoothed: Floats = np.median(
        np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1
    )
    return smoothed


def _angles(ahead: Floats, roll_rad: float) -> tuple[float, float]:
    """Return pitch (down) and yaw (left) of a camera that heads so, radians."""
    x, y, z = ahead
    x, y = x * np.cos(roll_rad) + y * np.sin(roll_rad), y * np.cos(roll_rad) - x * np.sin(roll_rad)
    return float(np.arctan2(-y, z)), float(np.arctan2(x, np.hypot(y, z)))


def _normal(pitch: float, roll: float) -> Floats:
    """Return the direction down onto the road in the camera's axes."""
    return np.array([-np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch), np.sin(pitch)])


@dataclass(frozen=True, slots=True)
class _Bends:
    """What bends told: angle of view, roll, and the old focal length over the new."""

    hfov: Estimate | None
    roll: Estimate | None
    count: int
    rescaled: float


def _bends(
    points: PointPairs, straight: Heading, width: int, hfov_deg: float, driven: Driven | None
) -> _Bends:
    """Hold how far the picture turns in bends against how far the track does."""
    focal_px = first_px = _focal_px(width, hfov_deg)
    every = heading(
        points, focal_px, straight.ahead, _blocks(points.t_s), bending=True, steps=COARSE_STEPS
    )
    normal = _normal(_angles(straight.ahead, 0.0)[0], 0.0)
    pieces = _turning(points, every.turn @ normal / points.step_s)
    if not pieces:
        return _Bends(None, None, 0, 1.0)
    chosen = np.zeros(len(points.t_s), np.bool_)
    for piece in pieces:
        chosen[piece] = True
    number = np.concatenate(
        [np.full(piece.stop - piece.start, k) for k, piece in enumerate(pieces)]
    )
    order = np.concatenate([np.arange(piece.start, piece.stop) for piece in pieces])
    bending = points.of(chosen)
    row = np.cumsum(chosen)[order] - 1
    told = None if driven is None else _courses(driven, pieces)
    ahead = straight.ahead
    turns, share = every.turn[chosen], 1.0
    known = np.zeros(0, np.bool_)
    for _ in range(FOCAL_ROUNDS):
        ahead = _towards(straight.ahead, first_px / focal_px)
        turns = heading(bending, focal_px, ahead, _blocks(bending.t_s), bending=True).turn
        seen_rad = np.bincount(number, (turns @ _normal(_angles(ahead, 0.0)[0], 0.0))[row])
        known = np.isfinite(told) & (np.abs(told) > LEAST_BEND) if told is not None else known
        if told is None or not known.any():
            break
        share = float((seen_rad * told)[known].sum() / (told[known] ** 2).sum())
        if share <= 0.0 or not 0.1 < focal_px * share / width < 3.0:
            break
        focal_px *= share
        if abs(share - 1.0) < CONVERGED:
            break
    roll = _roll(turns[row], number)
    if told is None or not known.any() or abs(share - 1.0) > 10 * CONVERGED:
        return _Bends(None, roll, 0, 1.0)
    hfov = float(np.degrees(2 * np.arctan(width / 2 / focal_px)))
    if not HFOV_DEG[0] <= hfov <= HFOV_DEG[1]:
        return _Bends(None, roll, 0, 1.0)
    off = (seen_rad - told)[known]
    spread = max(COURSE_SIGMA, float(np.sqrt((off**2).sum() / max(1, known.sum() - 1))))
    focal_share = float(np.hypot(spread / np.sqrt((told[known] ** 2).sum()), FOCAL_FLOOR))
    sigma = float(np.degrees(focal_share * np.sin(np.radians(hfov))))
    return _Bends(Estimate(hfov, sigma), roll, int(known.sum()), first_px / focal_px)


def _towards(ahead: Floats, rescaled: float) -> Floats:
    """Return the direction of the same pixel for another focal length."""
    moved = ahead * np.array([rescaled, rescaled, 1.0])
    towards: Floats = moved / np.linalg.norm(moved)
    return towards


def _turning(points: PointPairs, rate: Floats) -> list[slice]:
    """Return the stretches of pairs in which the vehicle turns, straight road at either end.

    A track is smoothed: near a bend its course is not yet, or no more, that of the road.
    """
    step_s = float(np.median(points.step_s))
    around = round(AROUND_BEND_S / step_s)
    part = np.concatenate([[0], np.cumsum(np.diff(points.t_s) > 1.5 * step_s)])
    bending = np.abs(_smooth(points, rate)) > BENDING_RATE
    found: list[slice] = []
    for number in np.unique(part):
        low, high = (int(edge) for edge in np.searchsorted(part, [number, number + 1]))
        inside = np.concatenate([[False], bending[low:high], [False]]).astype(np.int64)
        runs: list[tuple[int, int]] = []
        for first, last in np.flatnonzero(np.diff(inside)).reshape(-1, 2) + low:
            joins = runs and first - runs[-1][1] < around
            runs[-1:] = (
                [(runs[-1][0], int(last))] if joins else [*runs[-1:], (int(first), int(last))]
            )
        for first, last in runs:
            piece = slice(first - around, last + around)
            whole = piece.start >= low and piece.stop <= high
            if whole and abs((rate * points.step_s)[piece].sum()) > LEAST_BEND / 2:
                found.append(piece)
    return found


def _courses(driven: Driven, pieces: list[slice]) -> Floats:
    """Return how far the vehicle turned in each stretch by its track, NaN if unknown."""
    return np.array(
        [driven.course_rad[piece.stop - 1] - driven.course_rad[piece.start] for piece in pieces]
    )


def _roll(turns: Floats, number: Ints) -> Estimate:
    """Return how far the axis that the vehicle turns about leans in the picture."""
    about = np.bincount(number, turns[:, 1] ** 2)
    each = np.bincount(number, turns[:, 1] * turns[:, 0]) / about
    lean = float((each * about).sum() / about.sum())
    spread = ((each - lean) ** 2 * about).sum() / about.sum() / max(1, len(each) - 1)
    sigma = np.radians(ROLL_ALONE_DEG) if len(each) == 1 else np.sqrt(spread)
    return Estimate(
        float(-np.degrees(np.arctan(lean))), float(np.hypot(np.degrees(sigma), ROLL_FLOOR_DEG))
    )


def _height(
    points: PointPairs,
    focal_px: float,
    ahead: Heading,
    angles: tuple[float, float, float],
    distance_m: Floats,
    pitch_sigma: float,
    focal_share: float,
) -> Estimate | None:
    """Return the camera's height: metres driven over camera heights that the road went by."""
    still = turned_back(points, focal_px, ahead.turn)
    from_ahead, from_left = _on_road(still.before / focal_px, angles)
    to_ahead, to_left = _on_road(still.after / focal_px, angles)
    gone = from_ahead - to_ahead
    near = (from_ahead < NEAR[1]) & (to_ahead > NEAR[0]) & (np.abs(from_left) < BESIDE)
    near &= (
        (gone > 0.0)
        & (gone < MOST_STRETCH * from_ahead)
        & (np.abs(from_left - to_left) < 0.1 * gone + 0.02)
    )
    metres = distance_m[points.pair]
    with np.errstate(invalid="ignore"):
        near &= metres > LEAST_DRIVEN_M
    if near.sum() < LEAST_ROAD_POINTS:
        return None
    # in the mode, not the middle: what is followed wrongly on a bare road seems to stand still
    height_m, weight = _mode(metres[near] / gone[near])
    block = _blocks(points.t_s)[points.pair[near]]
    by_block = np.bincount(block, weight)
    off = np.log(metres[near] / gone[near] / height_m)
    told = by_block > LEAST_BLOCK_POINTS
    if weight.mean() < LEAST_AGREEING or told.sum() < LEAST_BLOCKS:
        return None
    means = (np.bincount(block, weight * off)[told]) / by_block[told]
    own_share = float(np.std(means, ddof=1) / np.sqrt(told.sum())) + HEIGHT_FLOOR
    # a wrong pitch stretches the road: d(from - to) = (from² - to²) d(pitch)
    pitch_share = float(np.average((from_ahead + to_ahead)[near], weights=weight)) * pitch_sigma
    share = float(np.sqrt(own_share**2 + pitch_share**2 + focal_share**2))
    return Estimate(height_m, share * height_m)


def _mode(heights_m: Floats) -> tuple[float, Floats]:
    """Return the height that most points agree on, and how far each does, 0 to 1."""
    logs = np.log(heights_m)
    grid = np.log(np.arange(HEIGHTS_M[0], HEIGHTS_M[1], 0.02))
    middle = float(grid[np.argmax([np.exp(-0.5 * ((logs - g) / 0.1) ** 2).sum() for g in grid])])
    weight = np.ones(len(logs))
    for width in np.geomspace(0.1, AGREE_SHARE, 12):
        weight = np.exp(-0.5 * ((logs - middle) / width) ** 2)
        middle = float(np.average(logs, weights=weight))
    return float(np.exp(middle)), weight


def _on_road(xy: Floats, angles: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Return where on the road points of the picture are, in camera heights ahead and left."""
    pitch, yaw, roll = angles
    x = xy[:, 0] * np.cos(roll) + xy[:, 1] * np.sin(roll)
    y = xy[:, 1] * np.cos(roll) - xy[:, 0] * np.sin(roll)
    down = np.sin(pitch) + y * np.cos(pitch)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(down > 1e-3, 1.0 / down, np.nan)
    axis = np.cos(pitch) - y * np.sin(pitch)
    return reach * (axis * np.cos(yaw) + x * np.sin(yaw)), reach * (
        axis * np.sin(yaw) - x * np.cos(yaw)
    )


def _slipped_deg(points: PointPairs, focal_px: float, ahead: Heading) -> float:
    """Return how far the camera turned at the moment where before and after differ most."""
    block = _blocks(points.t_s)
    split = _split(block, ahead)
    if split is None:
        return 0.0
    sides = [points.of(block < split), points.of(block >= split)]
    before, after = (
        heading(side, focal_px, ahead.ahead, _blocks(side.t_s)).ahead for side in sides
    )
    turned_deg = float(np.degrees(np.arccos(np.clip(before @ after, -1.0, 1.0))))
    return turned_deg if turned_deg > SLIPPED_DEG else 0.0


def _split(block: Ints, ahead: Heading) -> int | None:
    """Return the first block after the camera turned; None if it did not."""
    count = int(block.max()) + 1
    weight, step = np.zeros((count, 2, 2)), np.zeros((count, 2))
    np.add.at(weight, block, ahead.weight)
    np.add.at(step, block, ahead.step)
    each = np.linalg.solve(weight + 1e-9 * np.eye(2), step[:, :, None])[:, :, 0]
    found, largest = None, SLIPPED_SIGMAS
    for split in range(2, count - 1):
        parts = (slice(0, split), slice(split, count))
        inverse = [np.linalg.inv(weight[part].sum(axis=0) + 1e-9 * np.eye(2)) for part in parts]
        means = [inv @ step[part].sum(axis=0) for inv, part in zip(inverse, parts, strict=True)]
        rest = np.vstack([each[part] - mean for part, mean in zip(parts, means, strict=True)])
        # blocks scatter more than their points say: by so much, over all of them
        excess = max(1.0, float(np.median(np.einsum("bi,bij,bj->b", rest, weight, rest))) / MEDIAN)
        change = means[1] - means[0]
        spread = (inverse[0] + inverse[1]) * excess + np.radians(FLOOR_DEG) ** 2 * np.eye(2)
        sigmas = float(np.sqrt(change @ np.linalg.solve(spread, change)))
        size = float(np.degrees(np.linalg.norm(change)))
        if sigmas > largest and size > SLIPPED_DEG / 2:
            found, largest = split, sigmas
    return found
