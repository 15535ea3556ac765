"""Views and hits of a lane's cells, counted frame by frame, and which cells are affected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from roadscan.assess.scheme import CellRule, Scheme
from roadscan.assess.segmentation import row_count
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.damage import STRIPS, LaneGrid, LaneViews, Observation
from roadscan.model.road import Direction, Network

LanePass = tuple[str, Direction, int]
"""A lane and the number of the pass over it."""

TOUCH_M = 0.08
"""A box that overlaps a strip or row by less does not touch it: boxes are drawn loosely."""


@dataclass(slots=True)
class _Growing:
    """Counts of one lane while frames come in."""

    views: Ints
    hits: dict[str, Ints]
    last_seen_s: Floats
    accuracy_m: Floats


class GridBuilder:
    """Accumulator of frames in the cells of the lanes they view, separately for each pass.

    Memory grows with the number of lanes, not of frames.
    """

    def __init__(self, network: Network, scheme: Scheme) -> None:
        self._links = {link.link_id: link for link in network.links}
        self._scheme = scheme
        self._passes: dict[LanePass, _Growing] = {}

    def add_frame(self, views: Sequence[LaneViews], observations: Sequence[Observation]) -> None:
        """Count one frame: each cell viewed once, and each damaged one among them once per kind."""
        seen = self._see(views)
        for key, kind, touched in self._touched(observations, seen):
            self._hit(key, kind, touched & seen[key])

    def add_lost(self, views: Sequence[LaneViews], reason: str) -> None:
        """Count an unusable frame: each cell it covers once, and once under its reason."""
        for key, mask in self._see(views).items():
            self._hit(key, reason, mask)

    def _see(self, views: Sequence[LaneViews]) -> dict[LanePass, Bools]:
        seen: dict[LanePass, Bools] = {}
        for view in views:
            key = (view.link_id, view.direction, view.pass_number)
            lane = self._lane(key)
            shown = np.zeros(lane.views.shape, np.bool_)
            shown[max(0, view.from_row) : max(0, view.to_row)] = True
            for cell in view.hidden:
                shown[cell] = False
            seen[key] = seen[key] | shown if key in seen else shown
            rows = shown.any(axis=1)
            lane.last_seen_s[rows] = np.fmax(lane.last_seen_s[rows], view.frame_t_s)
            lane.accuracy_m[rows] = np.fmin(lane.accuracy_m[rows], view.accuracy_m)
        for key, mask in seen.items():
            self._passes[key].views += mask
        return seen

    def _hit(self, key: LanePass, name: str, cells: Bools) -> None:
        lane = self._passes[key]
        hits = lane.hits.setdefault(name, np.zeros_like(lane.views))
        hits += cells

    def grids(self) -> tuple[LaneGrid, ...]:
        """Return the passes so far, ordered by lane id, then by time."""
        return tuple(
            LaneGrid(
                link_id,
                direction,
                lane.views.copy(),
                {kind: hits.copy() for kind, hits in sorted(lane.hits.items())},
                lane.last_seen_s.copy(),
                lane.accuracy_m.copy(),
                number,
            )
            for (link_id, direction, number), lane in sorted(self._passes.items())
        )

    def _lane(self, key: LanePass) -> _Growing:
        if key not in self._passes:
            rows = row_count(self._links[key[0]])
            self._passes[key] = _Growing(
                np.zeros((rows, STRIPS), np.int64), {}, np.full(rows, np.nan), np.full(rows, np.nan)
            )
        return self._passes[key]

    def _touched(
        self, observations: Iterable[Observation], seen: dict[LanePass, Bools]
    ) -> list[tuple[LanePass, str, Bools]]:
        """Join the boxes of a kind on a lane, so that a frame hits a cell only once."""
        joined: dict[tuple[LanePass, str], Bools] = {}
        for observation in observations:
            key = (observation.link_id, observation.direction, observation.pass_number)
            rule = self._scheme.kinds.get(observation.kind)
            if rule is None or key not in seen:
                continue
            cells = touched_cells(
                observation, rule.cells, self._links[key[0]].lane_width_m, len(seen[key])
            )
            known = joined.get((key, observation.kind))
            joined[key, observation.kind] = cells if known is None else known | cells
        return [(key, kind, cells) for (key, kind), cells in joined.items()]


def touched_cells(
    observation: Observation, rule: CellRule, lane_width_m: float, rows: int
) -> Bools:
    """Return which of the (rows, 3) cells of its lane an observation touches.

    STRIPS and FOOTPRINT touch every cell that the rectangle overlaps by more than a tolerance (the
    cell with the most overlap if there is none); ROW touches only the row that contains the
    rectangle's middle. Cells outside the lane are never touched: damage there does not count.
    """
    if rule is CellRule.ROW:
        middle = (observation.from_offset_m + observation.to_offset_m) / 2
        along = np.zeros(rows, np.bool_)
        along[int(np.clip(middle, 0, rows - 1))] = True
    else:
        along = _overlaps(
            observation.from_offset_m, observation.to_offset_m, np.arange(rows, dtype=float), 1.0
        )
    strip_m = lane_width_m / STRIPS
    # Strip 0 is the leftmost: strips are numbered from the left edge, +width/2, to the right.
    from_left_m = lane_width_m / 2 - observation.left_max_m
    to_left_m = lane_width_m / 2 - observation.left_min_m
    across = _overlaps(from_left_m, to_left_m, np.arange(STRIPS, dtype=float) * strip_m, strip_m)
    return along[:, None] & across[None, :]


def _overlaps(start: float, end: float, cell_starts: Floats, cell: float) -> Bools:
    overlap = np.minimum(end, cell_starts + cell) - np.maximum(start, cell_starts)
    touched = overlap > TOUCH_M
    if not touched.any() and overlap.max() >= 0.0:
        touched[int(np.argmax(overlap))] = True
    return touched


def affected_cells(grid: LaneGrid, kind: str, hit_share: float) -> Bools:
    """Return the cells (rows, 3) with enough hits: at least one, and this share of the views.

    A cell that was not viewed has no hits, so it is never affected.
    """
    if kind not in grid.hits:
        return np.zeros(grid.views.shape, np.bool_)
    # Without the tolerance, 0.28 * 25 = 7.000000000000001 would require an 8th hit.
    needed = np.maximum(1, np.ceil(hit_share * grid.views - 1e-9))
    affected: Bools = grid.hits[kind] >= needed
    return affected
