"""Made-up lanes with damage, and detectors of known rates that drive over them.

Damage is whole: a crack is made out in a frame or not, with all its cells, and how clearly it shows
is the same in every frame and pass. So the misses of one crack are anything but independent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roadscan.assess.cells import affected_cells
from roadscan.assess.passes import CombinedLane
from roadscan.model.arrays import Bools, Floats
from roadscan.model.damage import STRIPS, LaneGrid, merge_grids
from roadscan.model.hit_rate import HitRate
from roadscan.model.road import Direction

ROWS = 400
SEGMENT_ROWS = 20
DENSITY = (0.0, 0.0, 0.1, 0.25, 0.5, 1.0, 1.8)
"""Damages for 10 m of lane, one of these for each stretch of 100 m."""
KINDS = ("D00", "D10", "D20", "D40", "Repair")
SHARES = (0.3, 0.25, 0.15, 0.15, 0.15)
INDICATOR = {"D00": "riss", "D10": "riss", "D20": "riss", "D40": "ofs", "Repair": "afli"}
GROUPS = {"D00+D10+D20": ("D00", "D10", "D20"), "D40": ("D40",), "Repair": ("Repair",)}


@dataclass(frozen=True)
class Simulated:
    """How a detector sees: which share of a kind's damages in a frame, and what it makes up."""

    found: Mapping[str, float]
    wrong: float = 0.0
    """False boxes of each kind for a row and frame."""
    clear: float = 2.0
    """Parameter of the beta distribution of how clearly a damage shows; smaller is more mixed."""


@dataclass(frozen=True)
class Lane:
    """Damages of a lane, as kind and cells (rows, 3)."""

    damages: tuple[tuple[str, Bools], ...]

    def cells(self, kinds: tuple[str, ...]) -> Bools:
        every = np.zeros((ROWS, STRIPS), np.bool_)
        for kind, cells in self.damages:
            if kind in kinds:
                every |= cells
        return every


def lane(rng: np.random.Generator) -> Lane:
    damages = []
    for start in range(0, ROWS, 100):
        for _ in range(rng.poisson(10 * DENSITY[rng.integers(len(DENSITY))])):
            kind = str(rng.choice(KINDS, p=SHARES))
            length = {"D00": rng.integers(1, 8), "D20": rng.integers(1, 5), "Repair": 3}.get(
                kind, 1
            )
            strips = {"D00": 1, "D10": 3, "D20": 2, "D40": 1, "Repair": 2}[kind]
            row, strip = start + rng.integers(100), rng.integers(0, STRIPS + 1 - strips)
            cells = np.zeros((ROWS, STRIPS), np.bool_)
            cells[row : row + length, strip : strip + strips] = True
            damages.append((kind, cells))
    return Lane(tuple(damages))


def sharpness(road: Lane, how: Simulated, rng: np.random.Generator) -> list[float]:
    """Draw how clearly each damage shows, in every frame and pass."""
    return [float(rng.beta(how.clear, how.clear)) for _ in road.damages]


def driven(
    road: Lane,
    how: Simulated,
    rng: np.random.Generator,
    views: int = 3,
    passes: int = 1,
    sharp: list[float] | None = None,
) -> CombinedLane:
    """Return what the passes over a lane found, each frame seeing all of it.

    `sharp` says how clearly each damage shows, 0 to 1; it is drawn if not given.
    """
    sharp = sharp or sharpness(road, how, rng)
    grids = []
    for _ in range(passes):
        hits = {kind: np.zeros((ROWS, STRIPS), np.int64) for kind in KINDS}
        for _ in range(views):
            for kind, cells in frame(road, how, sharp, rng).items():
                hits[kind] += cells
        grids.append(
            LaneGrid(
                "a",
                Direction.FORWARD,
                np.full((ROWS, STRIPS), views, np.int64),
                hits,
                np.zeros(ROWS),
                np.full(ROWS, 0.3),
            )
        )
    total = grids[0]
    for grid in grids[1:]:
        total = merge_grids(total, grid)
    return CombinedLane(
        total,
        (),
        tuple({kind: affected_cells(one, kind, 0.34) for kind in KINDS} for one in grids),
        np.ones((passes, ROWS, STRIPS)),
        total.views > 0,
        np.zeros(ROWS),
        np.zeros(ROWS, np.bool_),
        np.zeros(ROWS, np.bool_),
    )


def frame(
    road: Lane, how: Simulated, sharp: list[float], rng: np.random.Generator
) -> dict[str, Bools]:
    found = {kind: np.zeros((ROWS, STRIPS), np.bool_) for kind in KINDS}
    for (kind, cells), clear in zip(road.damages, sharp, strict=True):
        if rng.random() < min(1.0, how.found[kind] * 2 * clear):
            found[kind] |= cells
    for kind in KINDS:
        for row in rng.integers(0, ROWS, rng.poisson(how.wrong * ROWS)):
            found[kind][row, rng.integers(STRIPS)] = True
    return found


def measured(how: Simulated, lanes: int = 60) -> dict[str, HitRate]:
    """Return the hit rates of a detector, measured on roads of their own by cells of frames."""
    rng = np.random.default_rng(4711)
    tables: dict[str, list[tuple[Bools, Bools]]] = {name: [] for name in GROUPS}
    for _ in range(lanes):
        road = lane(rng)
        seen = frame(road, how, sharpness(road, how, rng), rng)
        for name, kinds in GROUPS.items():
            hit = np.any([seen[kind] for kind in kinds], axis=0)
            tables[name].append((road.cells(kinds), hit))
    return {name: _rate(pairs) for name, pairs in tables.items()}


def _rate(pairs: list[tuple[Bools, Bools]]) -> HitRate:
    parts = [
        (truth[k : k + SEGMENT_ROWS], hit[k : k + SEGMENT_ROWS])
        for truth, hit in pairs
        for k in range(0, ROWS, SEGMENT_ROWS)
    ]
    tried = np.array([truth.sum() for truth, _ in parts], float)
    hits = np.array([(truth & hit).sum() for truth, hit in parts], float)
    sound = np.array([(~truth).sum() for truth, _ in parts], float)
    wrong = np.array([(~truth & hit).sum() for truth, hit in parts], float)
    found, false = hits.sum() / tried.sum(), wrong.sum() / sound.sum()
    return HitRate(
        cells=int(tried.sum()),
        found=found,
        found_low=found,
        found_high=found,
        found_near=found,
        found_far=found,
        beside=0.0,
        alike=_alike(hits, tried, found),
        sound=int(sound.sum()),
        wrong=false,
        wrong_low=false,
        wrong_high=false,
        wrong_alike=_alike(wrong, sound, false),
    )


def _alike(hits: Floats, tried: Floats, share: float) -> float:
    if not 0.0 < share < 1.0:
        return 0.0
    single = hits * (1 - share) ** 2 + (tried - hits) * share**2
    pairs = ((hits - tried * share) ** 2 - single).sum()
    return float(np.clip(pairs / (tried * (tried - 1)).sum() / (share * (1 - share)), 0.0, 0.95))
