"""Combine the passes over a lane: each is judged on its own, moved into place, and weighted.

If the views of several drives were added up, one damage would count wherever any receiver put it.
So each pass decides alone which cells are affected; `roadscan.assess.registration` determines how
far it is off; and the result is the share of the passes over a cell that found it affected. A mean
over passes neither grows nor shrinks with their number.

Moving takes nothing away: a cell that any pass saw counts as seen, and no damage leaves the lane.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from roadscan.assess.cells import TOUCH_M, affected_cells
from roadscan.assess.registration import PassAlong, Shifts, moved_rows, register
from roadscan.assess.reviews import JudgedLane
from roadscan.assess.scheme import CellRule, PassRule, Scheme
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.damage import LaneGrid, merge_grids
from roadscan.model.review import ReviewedObservation

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class CombinedLane:
    """A lane as seen by all passes over it."""

    grid: LaneGrid
    """Views and hits of all passes, each moved into place."""
    sightings: tuple[ReviewedObservation, ...]
    """Observations of the passes, moved with them, in time order."""
    affected: tuple[Mapping[str, Bools], ...]
    """For each pass, the cells (rows, 3) affected by each kind."""
    weights: Floats
    """(passes, rows, 3), 0 where a pass did not view a cell."""
    seen: Bools
    """(rows, 3) what any pass viewed, where it lies by its own receiver or once moved."""
    apart_m: Floats
    """(rows,) how well the place is known as far as the passes disagree on it: one deviation."""
    far: Bools
    """(rows,) where passes lie farther apart than the accuracies that they state allow."""
    misfit: Bools
    """(rows,) where passes differ that could not be registered to each other."""

    def share(self, kinds: Collection[str]) -> Floats:
        """Return the weighted share (rows, 3) of the passes that found any of the kinds."""
        found = np.zeros(self.weights.shape[1:])
        for mask, weight in zip(self.affected, self.weights, strict=True):
            any_kind = np.zeros(found.shape, np.bool_)
            for kind in kinds & mask.keys():
                any_kind |= mask[kind]
            found += weight * any_kind
        total = self.weights.sum(axis=0)
        return found / np.where(total > 0, total, 1.0)

    def agreement(self, kinds: Collection[str]) -> Floats:
        """Return how far the passes agree on each cell (rows, 3): 1 is wholly, 0.5 least of all.

        NaN where none found any of the kinds.
        """
        share = self.share(kinds)
        return np.where(share > 0, np.maximum(share, 1.0 - share), np.nan)

    def passes_that_found(self, kind: str, cells: Bools) -> int:
        """Return how many passes found a kind in any of the cells."""
        return sum(bool((mask[kind] & cells).any()) for mask in self.affected if kind in mask)

    def passes_over(self, cells: Bools) -> int:
        """Return how many passes viewed any of the cells."""
        return int((self.weights[:, cells] > 0).any(axis=1).sum())


def combine(passes: Sequence[JudgedLane], scheme: Scheme) -> CombinedLane:
    """Combine one or more passes over a lane with reviews applied; the order does not matter."""
    kinds = sorted(scheme.kinds.keys() & {kind for one in passes for kind in one.grid.hits})
    affected = [
        {kind: affected_cells(one.grid, kind, scheme.hit_share) for kind in kinds} for one in passes
    ]
    shifts = _registered(passes, affected)
    moved = [_moved(one, by, scheme) for one, by in zip(passes, shifts.rows, strict=True)]
    grids = [one.grid for one in moved]
    grid = reduce(merge_grids, grids)
    found = tuple(
        {kind: moved_rows(cells, by) for kind, cells in mask.items()}
        for mask, by in zip(affected, shifts.rows, strict=True)
    )
    return CombinedLane(
        replace(grid, accuracy_m=np.fmax(grid.accuracy_m, shifts.apart_rows)),
        tuple(
            sorted(
                (sighting for one in moved for sighting in one.sightings),
                key=lambda sighting: sighting.observation.frame_t_s,
            )
        ),
        found,
        _weights(grids, scheme.passes),
        np.logical_or.reduce([one.grid.views > 0 for one in (*passes, *moved)]),
        shifts.apart_rows,
        shifts.far,
        _contested(grids, found) & shifts.misfit,
    )


def _contested(grids: Sequence[LaneGrid], found: Sequence[Mapping[str, Bools]]) -> Bools:
    """Return the rows with damage that some pass found and another, which viewed it, did not."""
    contested = np.zeros(len(grids[0].views), np.bool_)
    for kind in found[0]:
        ever = np.logical_or.reduce([mask[kind] for mask in found])
        for grid, mask in zip(grids, found, strict=True):
            contested |= (ever & ~mask[kind] & (grid.views > 0)).any(axis=1)
    return contested


def _registered(passes: Sequence[JudgedLane], affected: Sequence[Mapping[str, Bools]]) -> Shifts:
    return register(
        [
            PassAlong(
                np.stack([cells.any(axis=1) for cells in mask.values()], axis=1).astype(float)
                if mask
                else np.zeros((len(one.grid.views), 0)),
                one.grid.views.max(axis=1) > 0,
                _accuracy_m(one.grid),
            )
            for one, mask in zip(passes, affected, strict=True)
        ]
    )


def _moved(one: JudgedLane, by_row: Floats, scheme: Scheme) -> JudgedLane:
    if not by_row.any():
        return one
    grid = one.grid
    seen = grid.views.max(axis=1) > 0
    return JudgedLane(
        replace(
            grid,
            views=moved_rows(grid.views, by_row),
            hits={kind: moved_rows(hits, by_row) for kind, hits in grid.hits.items()},
            last_seen_s=_moved_times(grid.last_seen_s, seen, by_row),
            accuracy_m=_moved_times(grid.accuracy_m, seen, by_row),
        ),
        tuple(_moved_sighting(sighting, by_row, scheme) for sighting in one.sightings),
    )


def _moved_times(values: Floats, seen: Bools, by_row: Floats) -> Floats:
    moved = moved_rows(np.where(seen, values, 0.0), by_row)
    return np.where(moved_rows(seen, by_row), moved, np.nan)


def _moved_sighting(
    sighting: ReviewedObservation, by_row: Floats, scheme: Scheme
) -> ReviewedObservation:
    """Move each end of an observation with the row it lies in, as the cells there are moved.

    One whose kind means a single row moves with that.
    """
    seen = sighting.observation
    rule = scheme.kinds.get(seen.kind)
    if rule is not None and rule.cells is CellRule.ROW:
        middle = (seen.from_offset_m + seen.to_offset_m) / 2
        rows = (middle, middle)
    else:
        rows = (seen.from_offset_m + TOUCH_M, seen.to_offset_m - TOUCH_M)
    ends = (seen.from_offset_m, seen.to_offset_m)
    start_m, end_m = sorted(
        end + _shift_at(by_row, row) for end, row in zip(ends, rows, strict=True)
    )
    moved = replace(seen, from_offset_m=start_m, to_offset_m=end_m)
    return replace(sighting, observation=moved)


def _shift_at(by_row: Floats, offset_m: float) -> float:
    """Return how far a place moves: no farther than to the lane's first or last row."""
    last = len(by_row) - 1
    row = int(np.clip(offset_m, 0, last))
    return float(np.clip(row + by_row[row], 0, last)) - row


def _accuracy_m(grid: LaneGrid) -> float:
    known = grid.accuracy_m[np.isfinite(grid.accuracy_m)]
    return float(np.median(known)) if len(known) else 1.0


def _weights(grids: Sequence[LaneGrid], rule: PassRule) -> Floats:
    """Weigh each cell of each pass by its views, the age of the pass and its accuracy."""
    newest_s = max(_last_s(grid) for grid in grids)
    weights = []
    for grid in grids:
        views: Ints = np.minimum(grid.views, rule.enough_views)
        age_days = (newest_s - _last_s(grid)) / DAY_S
        fresh = 0.5 ** (age_days / rule.half_life_days)
        exact = 1.0 / (1.0 + (_accuracy_m(grid) / rule.half_weight_accuracy_m) ** 2)
        weights.append(views / rule.enough_views * fresh * exact)
    return np.stack(weights)


def _last_s(grid: LaneGrid) -> float:
    known = grid.last_seen_s[np.isfinite(grid.last_seen_s)]
    return float(known.max()) if len(known) else 0.0
