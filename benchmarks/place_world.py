"""Three made-up streets with known damage, filmed by a camera model of its own.

Nothing here is taken from `roadscan.locate` or `roadscan.assess`: projection, cells and the AP 9 K
arithmetic are written a second time, so that an error of theirs cannot hide in the measurement.

A place on a street is (s, left): metres along the link from its start, and metres left of the
middle of the lane driven. The link is the road's axis; traffic keeps right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]

LANE_M: Final = 3.5
LENGTH_M: Final = 1600.0
SEGMENT_M: Final = 20.0
STRIPS: Final = 3
SIZE_PX: Final = (1280, 720)
FAR_M: Final = 25.0
"""What lies farther ahead is in no box."""
STRETCH_M: Final = 100.0
"""Damage is as dense over so many metres, so that good and bad road both come in a row."""
DENSITY: Final = (0.0, 0.0, 0.1, 0.25, 0.5, 1.0, 1.8)
"""Damages for 10 m of lane, one of these for each stretch."""
KINDS: Final = ("D00", "D10", "D20", "D40", "Repair")
SHARES: Final = (0.3, 0.25, 0.15, 0.15, 0.15)
INDICATOR: Final = {"D00": "riss", "D10": "riss", "D20": "riss", "D40": "ofs", "Repair": "afli"}


@dataclass(frozen=True)
class Damage:
    """A damage as a rectangle of the lane; thin ones are cracks."""

    kind: str
    from_s: float
    to_s: float
    from_left: float
    to_left: float


@dataclass(frozen=True)
class Street:
    """The axis (n, 2) in metres with its stationing, the road class, what is damaged."""

    name: str
    road_class: str
    axis_m: Array
    s_m: Array
    damages: tuple[Damage, ...]

    def at(self, s_m: Array, left_m: Array) -> Array:
        """Return the places (n, 2) of positions on the lane."""
        east, north = (np.interp(s_m, self.s_m, self.axis_m[:, k]) for k in (0, 1))
        heading = self.heading(s_m)
        off_m = left_m - LANE_M / 2
        return np.column_stack([east - off_m * np.sin(heading), north + off_m * np.cos(heading)])

    def heading(self, s_m: Array) -> Array:
        """Return the direction of the axis in radians from east, counter-clockwise."""
        step = np.diff(self.axis_m, axis=0)
        turn = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
        middle: Array = np.interp(s_m, (self.s_m[1:] + self.s_m[:-1]) / 2, turn)
        return middle


@dataclass(frozen=True)
class Camera:
    """The real camera; angles in degrees, pitch down and yaw to the left positive."""

    hfov_deg: float = 70.0
    height_m: float = 1.35
    pitch_deg: float = 6.0
    yaw_deg: float = 0.0

    def pixels(self, ahead_m: Array, left_m: Array) -> Array:
        """Return pixels (n, 2) of points on the road seen from the vehicle; NaN behind."""
        pitch, yaw = np.radians([self.pitch_deg, self.yaw_deg])
        to_left = np.array(
            [[np.cos(yaw), np.sin(yaw), 0], [-np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]]
        )
        down = np.array(
            [[np.cos(pitch), 0, -np.sin(pitch)], [0, 1, 0], [np.sin(pitch), 0, np.cos(pitch)]]
        )
        below = np.full(len(ahead_m), -self.height_m)
        points = down @ to_left @ np.stack([ahead_m, left_m, below])
        width, height = SIZE_PX
        focal = width / (2 * np.tan(np.radians(self.hfov_deg / 2)))
        depth = np.where(points[0] > 0.1, points[0], np.nan)
        return np.column_stack(
            [width / 2 - focal * points[1] / depth, height / 2 - focal * points[2] / depth]
        )


def streets(seed: int) -> tuple[Street, ...]:
    """Draw a straight street, one with wide bends and one with narrow ones."""
    rng = np.random.default_rng(seed)
    bends = (0.0, 1 / 150.0, 1 / 45.0)
    return tuple(
        _street(f"Street {k + 1}", "ABB"[k], (0.0, 400.0 * k), bend, rng)
        for k, bend in enumerate(bends)
    )


def _street(
    name: str, road_class: str, start_m: tuple[float, float], bend: float, rng: np.random.Generator
) -> Street:
    s_m = np.arange(0.0, LENGTH_M + 0.5, 1.0)
    curvature = bend * np.sin(2 * np.pi * s_m / 260.0)
    heading = np.cumsum(curvature)
    steps = np.column_stack([np.cos(heading), np.sin(heading)])[:-1]
    axis = np.vstack([[0.0, 0.0], np.cumsum(steps, axis=0)]) + start_m
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(axis, axis=0).T))])
    return Street(name, road_class, axis, length, tuple(_damages(rng)))


def _damages(rng: np.random.Generator) -> Iterator[Damage]:
    for stretch in np.arange(0.0, LENGTH_M, STRETCH_M):
        expected = rng.choice(DENSITY) * STRETCH_M / 10.0
        for _ in range(rng.poisson(expected)):
            yield _damage(str(rng.choice(KINDS, p=SHARES)), stretch, rng)


def _damage(kind: str, stretch_m: float, rng: np.random.Generator) -> Damage:
    lengths = {
        "D00": (3.0, 15.0),
        "D10": (0.04, 0.06),
        "D20": (1.0, 6.0),
        "D40": (0.3, 0.8),
        "Repair": (1.0, 6.0),
    }
    widths = {
        "D00": (0.04, 0.08),
        "D10": (0.8, 3.2),
        "D20": (0.6, 1.6),
        "D40": (0.3, 0.8),
        "Repair": (0.8, 2.0),
    }
    length, width = rng.uniform(*lengths[kind]), rng.uniform(*widths[kind])
    start = min(stretch_m + rng.uniform(0, STRETCH_M), LENGTH_M - length - 30.0)
    right = rng.uniform(-LANE_M / 2 + 0.1, LANE_M / 2 - 0.1 - width)
    return Damage(kind, start, start + length, right, right + width)


def boxes(
    street: Street, s_m: float, beside_m: float, camera: Camera
) -> list[tuple[int, Array, float]]:
    """Return what a faultless detector boxes from s_m: number of the damage, xyxy, metres ahead.

    `beside_m` is how far left of the lane's middle the vehicle drives.
    """
    found = []
    eye = street.at(np.array([s_m]), np.array([beside_m]))[0]
    turn = float(street.heading(np.array([s_m]))[0])
    for number, damage in enumerate(street.damages):
        if damage.to_s < s_m + 0.5 or damage.from_s > s_m + FAR_M:
            continue
        uv = camera.pixels(*_from_vehicle(_outline(street, damage, s_m), eye, turn))
        box = _box(uv)
        if box is not None:
            found.append((number, box, max(damage.from_s - s_m, 0.0)))
    return found


def _outline(street: Street, damage: Damage, s_m: float) -> Array:
    low, high = max(damage.from_s, s_m + 0.5), min(damage.to_s, s_m + FAR_M)
    along = np.linspace(low, high, max(2, int((high - low) / 0.25) + 1))
    sides = [street.at(along, np.full(len(along), left)) for left in _across(damage)]
    return np.vstack(sides)


def _across(damage: Damage) -> tuple[float, float]:
    return damage.from_left, damage.to_left


def _from_vehicle(points: Array, eye: Array, turn: float) -> tuple[Array, Array]:
    east, north = (points - eye).T
    ahead = east * np.cos(turn) + north * np.sin(turn)
    left = north * np.cos(turn) - east * np.sin(turn)
    return ahead, left


def _box(uv: Array) -> Array | None:
    width, height = SIZE_PX
    inside = np.isfinite(uv).all(axis=1)
    inside &= (uv[:, 0] >= 0) & (uv[:, 0] <= width) & (uv[:, 1] >= 0) & (uv[:, 1] <= height)
    if not inside.any():
        return None
    low, high = uv[inside].min(axis=0), uv[inside].max(axis=0)
    grown = np.maximum(high - low, 3.0)  # a box has some pixels however thin the crack
    middle = (low + high) / 2
    return np.clip(
        np.concatenate([middle - grown / 2, middle + grown / 2]), 0, [width, height, width, height]
    )


def true_cells(street: Street, kinds: Sequence[str]) -> NDArray[np.bool_]:
    """Return which cells (metres along, strips from the left) damage of these kinds touches."""
    cells = np.zeros((int(LENGTH_M), STRIPS), np.bool_)
    strip_m = LANE_M / STRIPS
    for damage in street.damages:
        if damage.kind in kinds:
            rows = slice(int(damage.from_s), int(np.ceil(damage.to_s)))
            first = int((LANE_M / 2 - damage.to_left) / strip_m)
            last = int(min((LANE_M / 2 - damage.from_left) / strip_m, STRIPS - 1e-6))
            cells[rows, first : last + 1] = True
    return cells


def true_records(street: Street) -> int:
    """Return how many damages there are to report: neighbouring cells of one kind are one."""
    neighbours = np.ones((3, 3))
    return sum(int(ndimage.label(true_cells(street, [kind]), neighbours)[1]) for kind in KINDS)


BREAKS: Final = {
    "A": {"riss": (1, 15, 25), "afli": (1, 15, 25), "ofs": (1, 15, 25)},
    "B": {"riss": (5, 20, 33), "afli": (5, 20, 33), "ofs": (10, 33, 50)},
}
WEIGHTS: Final = {"riss": "0.56", "afli": "0.31", "ofs": "0.13"}


def true_score(street: Street, from_m: float, to_m: float) -> float:
    """Return the surface value (Substanzwert) of a stretch by AP 9 K, after public sources."""
    rows = slice(round(from_m), round(to_m))
    values = {}
    for name in WEIGHTS:
        kinds = [kind for kind, indicator in INDICATOR.items() if indicator == name]
        share = 100 * Decimal(int(true_cells(street, kinds)[rows].sum()))
        share = _rounded(share / ((rows.stop - rows.start) * STRIPS))
        values[name] = _value(share, BREAKS[street.road_class][name])
    worst = max(values["riss"], values["ofs"])
    total = sum((Decimal(w) * values[name] for name, w in WEIGHTS.items()), Decimal(0))
    return float(_rounded(worst if worst > Decimal("3.5") else total))


def _value(share: Decimal, breaks: tuple[int, int, int]) -> Decimal:
    a, w, s = map(Decimal, breaks)
    c = (3 * s - w) / 2
    corners = ((Decimal(0), "1"), (a, "1.5"), (w, "3.5"), (s, "4.5"), (c, "5"))
    for (x0, y0), (x1, y1) in pairwise(corners):
        if share <= x1:
            low, high = Decimal(y0), Decimal(y1)
            return _rounded(low + (high - low) * (share - x0) / (x1 - x0))
    return Decimal(5)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def class_of(score: float) -> int:
    """Return the condition class, bounds closed on the left."""
    return 1 + sum(score >= bound for bound in (1.5, 3.5, 4.5))
