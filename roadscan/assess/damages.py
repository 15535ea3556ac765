"""Damages: neighbouring affected cells of one kind, with the observations in them."""

import hashlib
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from roadscan.assess.cells import touched_cells
from roadscan.assess.passes import CombinedLane
from roadscan.assess.scheme import Scheme
from roadscan.assess.segmentation import segment_at
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.damage import STRIPS, Damage, LaneGrid, Observation
from roadscan.model.road import Segment

NEIGHBOURS = np.ones((3, 3), dtype=int)
"""Cells that touch at a corner belong together: cracks run diagonally."""

MIN_EXTENT_M = 0.02
"""If the observations cover less than this of the cells, the cells are the extent."""


def find_damages(
    lane: CombinedLane,
    segments: Sequence[Segment],
    lane_width_m: float,
    scheme: Scheme,
) -> tuple[Damage, ...]:
    """Join the affected cells of one lane into damages, along the link.

    Whatever any pass found is in a damage or at the edge of one, for it counts in the score: no
    score without records that explain it. `segments` (in order) are those of this lane; kinds that
    the scheme does not have are ignored. An observation belongs to every damage whose cells it
    touches. Extents are what its observations saw, within the cells.
    """
    damages = []
    observations = [sighting.observation for sighting in lane.sightings]
    for kind in sorted(lane.grid.hits.keys() & scheme.kinds.keys()):
        numbers, count = _numbered(lane.share({kind}), scheme.passes.damage_share)
        rule = scheme.kinds[kind].cells
        own: list[list[Observation]] = [[] for _ in range(count + 1)]
        for observation in observations:
            if observation.kind == kind:
                touched = touched_cells(observation, rule, lane_width_m, len(numbers))
                for number in np.unique(numbers[touched]).tolist():
                    own[number].append(observation)
        damages += [
            _damage(kind, numbers == number, own[number], lane, segments, lane_width_m, scheme)
            for number in range(1, count + 1)
            if own[number]
        ]
    return tuple(sorted(damages, key=lambda d: (d.from_offset_m, d.kind, d.damage_id)))


def _numbered(share: Floats, damage_share: float) -> tuple[Ints, int]:
    """Return the number of each cell's damage, 0 where there is none, and how many there are.

    Cells at the edge of a damage that few of those who found it found are no part of it: passes
    agree on a place to about a metre. What only few passes found at all is a damage all the same.
    """
    apart, count = ndimage.label(share > 0, NEIGHBOURS)
    most = np.concatenate([[0.0], ndimage.maximum(share, apart, np.arange(1, count + 1))])
    numbers, count = ndimage.label(share > damage_share * most[apart], NEIGHBOURS)
    return numbers, count


def _damage(
    kind: str,
    cells: Bools,
    own: list[Observation],
    lane: CombinedLane,
    segments: Sequence[Segment],
    lane_width_m: float,
    scheme: Scheme,
) -> Damage:
    rows, strips = np.nonzero(cells)
    strip_m = lane_width_m / STRIPS
    along = _extent(
        np.array([(o.from_offset_m, o.to_offset_m) for o in own]),
        float(rows.min()),
        min(float(rows.max() + 1), segments[-1].to_m),
        joined=int(rows.max() - rows.min()) > 1,
    )
    across = _extent(
        np.array([(o.left_min_m, o.left_max_m) for o in own]),
        lane_width_m / 2 - float(strips.max() + 1) * strip_m,
        lane_width_m / 2 - float(strips.min()) * strip_m,
        joined=False,
    )
    times = [o.frame_t_s for o in own]
    n_passes, n_passes_over = lane.passes_that_found(kind, cells), lane.passes_over(cells)
    segment = segment_at(segments, int(rows[len(rows) // 2]))
    return Damage(
        damage_id=_id_of(lane.grid, kind, int(rows[0]), int(strips[0])),
        kind=kind,
        label=scheme.kinds[kind].label,
        link_id=lane.grid.link_id,
        segment_id=segment.segment_id,
        direction=lane.grid.direction,
        from_offset_m=along[0],
        to_offset_m=along[1],
        left_min_m=across[0],
        left_max_m=across[1],
        cells=tuple(zip(rows.tolist(), strips.tolist(), strict=True)),
        area_m2=round((along[1] - along[0]) * (across[1] - across[0]), 3),
        confidence=round(_confidence(own) * n_passes / n_passes_over, 4),
        n_observations=len({o.frame_t_s for o in own}),
        first_seen_s=min(times),
        last_seen_s=max(times),
        accuracy_m=round(max(min(o.accuracy_m for o in own), lane.apart_m[rows].max()), 2),
        best=max(own, key=picture_rank),
        n_passes=n_passes,
        n_passes_over=n_passes_over,
    )


def picture_rank(observation: Observation) -> tuple[float, float, tuple[float, ...]]:
    """Return the sort key of observations: the one with the largest key shows the damage best.

    Confident and near observations rank highest; of equal ones, the earlier does.
    """
    worth = observation.confidence * _size_px(observation)
    return worth, -observation.frame_t_s, observation.box_xyxy


def _extent(seen: Floats, lower: float, upper: float, *, joined: bool) -> tuple[float, float]:
    """Return from and to: the outermost for a damage seen in parts (`joined`), else the median."""
    start, end = (
        (seen[:, 0].min(), seen[:, 1].max()) if joined else np.median(seen, axis=0).tolist()
    )
    start, end = float(np.clip(start, lower, upper)), float(np.clip(end, lower, upper))
    if end - start < MIN_EXTENT_M:
        start, end = lower, upper
    return round(start, 2), round(end, 2)


def _confidence(own: list[Observation]) -> float:
    """Return the mean, over the frames, of the best confidence in each frame."""
    best: dict[float, float] = {}
    for observation in own:
        t_s = observation.frame_t_s
        best[t_s] = max(best.get(t_s, 0.0), observation.confidence)
    return float(np.mean(sorted(best.values())))


def _size_px(observation: Observation) -> float:
    """Return the side of a square with the area of the box: near damage appears large."""
    x1, y1, x2, y2 = observation.box_xyxy
    return float(np.sqrt(max(1.0, (x2 - x1) * (y2 - y1))))


def _id_of(grid: LaneGrid, kind: str, row: int, strip: int) -> str:
    """Return an id made from kind and first cell: at the same place, it is the same damage."""
    key = f"{grid.link_id}|{grid.direction.value}|{kind}|{row}|{strip}"
    return hashlib.sha256(key.encode()).hexdigest()[:16]
