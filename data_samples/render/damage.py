"""Damage of asphalt: its shape in the road's own coordinates, and the lane cells it touches.

Shapes are drawn where they lie: x along the link in its digitised direction, y to the left of the
lane's centre as seen in the direction of travel on that lane. Both in metres.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, cos, floor, pi, sin

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

Floats = NDArray[np.float64]

KINDS = ("D00", "D10", "D20", "D40", "Repair")
"""Classes of RDD2022 in the order of its labels; Repair is a patch."""
STRIPS = 3
STEP_M = 0.02
MIN_CRACK_M = 0.05
"""Of crack in a cell, for the cell to be touched."""
MIN_AREA_M2 = 0.01
"""Of an areal damage in a cell, for the cell to be touched."""


@dataclass(frozen=True)
class Crack:
    """A crack line (n, 2) with its width at each vertex."""

    xy: Floats
    width_m: Floats


@dataclass(frozen=True)
class Shape:
    """What one damage looks like: crack lines, and an outline where it is areal."""

    kind: str
    cracks: tuple[Crack, ...] = ()
    outline: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    tone: float = 1.0
    """Brightness of a patch against the road around it."""
    sealed: bool = False
    """A patch with a border of bitumen."""
    seed: int = 0
    """Of its texture."""

    @property
    def points(self) -> Floats:
        """All vertices, (n, 2)."""
        return np.concatenate([self.outline, *(crack.xy for crack in self.cracks)])


def crack_line(
    rng: np.random.Generator, start: Floats, end: Floats, width_m: float, rough_m: float
) -> Crack:
    """Draw a crack from start to end that strays from the straight by about `rough_m`."""
    length = float(np.linalg.norm(end - start))
    n = max(4, ceil(length / 0.025))
    along = np.linspace(0.0, 1.0, n)
    across = np.array([-(end - start)[1], (end - start)[0]]) / max(length, 1e-9)
    stray = np.zeros(n)
    for wave_m, share in ((length, 1.0), (1.1, 0.5), (0.4, 0.32), (0.15, 0.2), (0.06, 0.11)):
        knots = max(3, ceil(length / wave_m) + 2)
        values = rng.normal(0, rough_m * share, knots)
        stray += np.interp(along * (knots - 1), np.arange(knots), values)
    stray -= np.interp(along, [0, 1], [stray[0], stray[-1]])
    xy = start + along[:, None] * (end - start) + stray[:, None] * across
    knots = max(4, ceil(length / 0.15))
    profile = np.interp(along * (knots - 1), np.arange(knots), rng.uniform(0.45, 1.3, knots))
    ends = np.clip(np.minimum(along, 1 - along) * length / 0.25, 0.3, 1.0)
    return Crack(xy, width_m * profile * ends)


def branched(
    rng: np.random.Generator, main: Crack, rate_per_m: float, reach_m: float
) -> tuple[Crack, ...]:
    """Add thinner side cracks to a crack."""
    length = float(np.linalg.norm(np.diff(main.xy, axis=0), axis=1).sum())
    cracks = [main]
    for _ in range(rng.poisson(rate_per_m * length)):
        at = int(rng.integers(1, len(main.xy) - 1))
        course = main.xy[at] - main.xy[at - 1]
        turn = rng.uniform(0.35, 1.0) * rng.choice([-1, 1])
        angle = np.arctan2(course[1], course[0]) + turn + (pi if rng.random() < 0.4 else 0.0)
        reach = rng.uniform(0.4, 1.0) * reach_m
        end = main.xy[at] + reach * np.array([cos(angle), sin(angle)])
        cracks.append(crack_line(rng, main.xy[at], end, main.width_m[at] * 0.65, 0.02))
    return tuple(cracks)


def longitudinal(rng: np.random.Generator, x: float, y: float, length_m: float) -> Shape:
    """D00: a crack along the road from `x` on, around `y`."""
    drift = rng.uniform(-0.12, 0.12)
    start, end = np.array([x, y - drift]), np.array([x + length_m, y + drift])
    main = crack_line(rng, start, end, rng.uniform(0.010, 0.022), 0.07)
    return Shape("D00", branched(rng, main, 0.35, 0.35))


def transverse(rng: np.random.Generator, x: float, y_from: float, y_to: float) -> Shape:
    """D10: a crack across the road at `x`."""
    skew = rng.uniform(-0.15, 0.15)
    start, end = np.array([x - skew, y_from]), np.array([x + skew, y_to])
    main = crack_line(rng, start, end, rng.uniform(0.012, 0.024), 0.06)
    return Shape("D10", branched(rng, main, 0.25, 0.2))


def alligator(
    rng: np.random.Generator, x: float, y: float, length_m: float, width_m: float
) -> Shape:
    """D20: a net of cracks around (x, y)."""
    outline = blob(rng, x, y, length_m / 2, width_m / 2, 0.16)
    cell_m = rng.uniform(0.14, 0.24)
    nx, ny = ceil(length_m / cell_m) + 4, ceil(width_m / cell_m) + 4
    grid = np.stack(np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij"), -1).reshape(-1, 2)
    sites = (grid + rng.uniform(-0.45, 0.45, grid.shape) - [(nx - 1) / 2, (ny - 1) / 2]) * cell_m
    net = Voronoi(sites + np.array([x, y]))
    cracks = []
    for a, b in net.ridge_vertices:
        if a < 0 or b < 0:
            continue
        start, end = net.vertices[a], net.vertices[b]
        if not _inside(outline, (start + end)[None] / 2).any() or rng.random() < 0.06:
            continue
        width = rng.uniform(0.008, 0.018)
        cracks.append(crack_line(rng, start, end, width, 0.012))
    return Shape("D20", tuple(cracks), outline, seed=int(rng.integers(1 << 30)))


def pothole(rng: np.random.Generator, x: float, y: float, size_m: float) -> Shape:
    """D40: a hole with a broken edge around (x, y)."""
    half = size_m / 2
    outline = blob(rng, x, y, half * rng.uniform(0.9, 1.25), half * rng.uniform(0.8, 1.1), 0.22)
    return Shape("D40", (), outline, seed=int(rng.integers(1 << 30)))


def patch(rng: np.random.Generator, x: float, y: float, length_m: float, width_m: float) -> Shape:
    """Repair: a rectangle of other asphalt around (x, y)."""
    turn = rng.normal(0, 0.02)
    half = np.array([length_m / 2, width_m / 2])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half
    edge = np.concatenate([np.linspace(a, b, 24, endpoint=False) for a, b in pairwise(corners)])
    edge = edge + rng.normal(0, 0.008, edge.shape)
    spun = edge @ np.array([[cos(turn), sin(turn)], [-sin(turn), cos(turn)]])
    tone = rng.uniform(0.58, 0.76) if rng.random() < 0.75 else rng.uniform(1.18, 1.3)
    seed = int(rng.integers(1 << 30))
    return Shape(
        "Repair", (), spun + np.array([x, y]), float(tone), bool(rng.random() < 0.75), seed
    )


def blob(
    rng: np.random.Generator, x: float, y: float, half_x: float, half_y: float, rough: float
) -> Floats:
    """Draw an irregular closed outline that fits into the given half sizes."""
    angle = np.linspace(0, 2 * pi, 72, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 12):
        shift = rng.uniform(0, 2 * pi)
        radius += rng.normal(0, rough / wave**0.8) * np.cos(wave * angle + shift)
    corner = 1 / (np.abs(np.cos(angle)) ** 3 + np.abs(np.sin(angle)) ** 3) ** (1 / 3)
    radius = np.clip(radius, 0.45, 1.5) * corner
    edge = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return edge / np.abs(edge).max(axis=0) * [half_x, half_y] + [x, y]


def touched_cells(shape: Shape, lane_width_m: float, length_m: float) -> list[tuple[int, int]]:
    """Return the lane cells (row, strip) that a damage really touches, in order.

    Row k covers offsets [k, k + 1); strip 0 is the left one in the direction of travel. A crack
    touches a cell with 5 cm of its length, an areal damage with 0.01 m2.
    """
    if shape.kind in {"D00", "D10"}:
        samples = np.concatenate([_resampled(crack.xy) for crack in shape.cracks])
        needed = MIN_CRACK_M / STEP_M
    else:
        low, high = shape.outline.min(axis=0), shape.outline.max(axis=0)
        axes = [np.arange(a + STEP_M / 2, b, STEP_M) for a, b in zip(low, high, strict=True)]
        raster = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
        samples = raster[_inside(shape.outline, raster)]
        needed = MIN_AREA_M2 / STEP_M**2
    across = (lane_width_m / 2 - samples[:, 1]) / (lane_width_m / STRIPS)
    inside = (across >= 0) & (across < STRIPS) & (samples[:, 0] >= 0) & (samples[:, 0] < length_m)
    cells = np.floor(np.column_stack([samples[inside, 0], across[inside]])).astype(int)
    found, count = np.unique(cells, axis=0, return_counts=True)
    return [(int(row), int(strip)) for row, strip in found[count >= needed - 1e-9]]


def _resampled(xy: Floats) -> Floats:
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(xy, axis=0), axis=1))])
    at = np.linspace(0, steps[-1], max(2, floor(steps[-1] / STEP_M)))
    return np.column_stack([np.interp(at, steps, xy[:, 0]), np.interp(at, steps, xy[:, 1])])


def _inside(outline: Floats, points: Floats) -> NDArray[np.bool_]:
    """Tell which points lie inside a polygon (even-odd rule)."""
    a, b = outline, np.roll(outline, -1, axis=0)
    x, y = points[:, 0, None], points[:, 1, None]
    spans = (a[:, 1] > y) != (b[:, 1] > y)
    rise = np.where(b[:, 1] == a[:, 1], 1e-12, b[:, 1] - a[:, 1])
    crosses = x < a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / rise
    return np.asarray((spans & crosses).sum(axis=1) % 2 == 1)
