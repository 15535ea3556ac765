"""Ways that cannot be told apart: they are left out of the drive instead of being guessed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from roadscan.locate.candidates import Candidates
from roadscan.locate.likeliest import CORNERS_MPS, DETOUR_M, DETOUR_SHARE
from roadscan.locate.matched_route import LegFixes
from roadscan.locate.road_graph import RoadGraph, sparse_s, way_limit_m
from roadscan.model.arrays import Bools, Floats
from roadscan.model.road import Vehicle
from roadscan.model.track import DrivePath, Gap

SPARSE_S: Final = 2.5
"""At intervals from this on, several ways may lead from one fix to the next."""
ALIKE: Final = 0.5
"""Two ways whose likelihoods differ by less than this (logarithm) are alike."""
SURE: Final = 3.0
"""Logarithm of the odds from which a road is distinguished from the path beside it."""
SURE_CHANGES: Final = 12.0
"""The same where a drive seems to change between the two: that is what drift looks like."""
PATHS_FIRST: Final = 1.5
"""Log-odds that a bicycle or a walker is on the path beside a road rather than on the road."""
INDEPENDENT_S: Final = 5.0
"""Errors of a receiver persist: fixes closer in time say little more than a single one."""
LEAST_M: Final = 30.0
"""Closer to a junction than this, all of its ways are near."""


def certain(
    path: DrivePath,
    graph: RoadGraph,
    candidates: Sequence[Candidates],
    leg: LegFixes,
    vehicle: Vehicle,
) -> tuple[list[LegFixes], list[Gap]]:
    """Return the certain parts of a leg, and gaps in place of the others."""
    on_paths = PATHS_FIRST if vehicle in {Vehicle.BICYCLE, Vehicle.FOOT} else 0.0
    kept = ~_beside(path, graph, candidates, leg, on_paths)
    apart = _two_ways(path, graph, leg) | ~kept[1:] | ~kept[:-1]
    bounds = [0, *(np.flatnonzero(apart) + 1).tolist(), len(leg.fix)]
    parts = [slice(begin, end) for begin, end in pairwise(bounds)]
    sure = [_part(leg, part) for part in parts if kept[part].all()]
    times = path.t_s[leg.fix]
    gaps = [Gap(float(times[k]), float(times[k + 1]), "ambiguous") for k in np.flatnonzero(apart)]
    if len(kept) == 1 and not kept[0]:
        gaps.append(Gap(float(times[0]), float(times[0]), "ambiguous"))
    return sure, _joined(gaps)


def _part(leg: LegFixes, part: slice) -> LegFixes:
    return LegFixes(leg.fix[part], leg.edge[part], leg.along_m[part], leg.left_m[part])


def _joined(gaps: list[Gap]) -> list[Gap]:
    joined: list[Gap] = []
    for gap in gaps:
        if joined and joined[-1].to_s == gap.from_s:
            joined[-1] = Gap(joined[-1].from_s, gap.to_s, gap.reason)
        else:
            joined.append(gap)
    return joined


def _two_ways(path: DrivePath, graph: RoadGraph, leg: LegFixes) -> Bools:
    """Tell between which consecutive fixes (n - 1,) another way is about as likely."""
    doubtful = np.zeros(len(leg.fix) - 1, np.bool_)
    step_s = np.diff(path.t_s[leg.fix])
    driven_m = np.diff(path.driven_m[leg.fix])
    for k in np.flatnonzero(step_s >= SPARSE_S).tolist():
        edge, to_edge = int(leg.edge[k]), int(leg.edge[k + 1])
        if edge == to_edge:
            continue
        limit_m = way_limit_m(float(driven_m[k]), float(step_s[k]))
        more_m = graph.other_way_m(edge, to_edge, limit_m)
        scale_m = DETOUR_M + DETOUR_SHARE * driven_m[k]
        scale_m += CORNERS_MPS * sparse_s(float(driven_m[k]), float(step_s[k]))
        doubtful[k] = more_m < ALIKE * scale_m
    return doubtful


def _beside(
    path: DrivePath,
    graph: RoadGraph,
    candidates: Sequence[Candidates],
    leg: LegFixes,
    on_paths: float,
) -> Bools:
    """Tell which fixes (n,) may equally be on the other kind of way, road or path, beside it."""
    unsure = np.zeros(len(leg.fix), np.bool_)
    if graph.one_lane.all() or not graph.one_lane.any():
        return unsure
    lead = np.array(
        [
            _lead(graph, candidates[fix], edge)
            for fix, edge in zip(leg.fix.tolist(), leg.edge.tolist(), strict=True)
        ]
    )
    driven_m = path.driven_m[leg.fix]
    has = np.isfinite(lead)
    kind = graph.one_lane[leg.edge]
    for begin, end in _runs(has):
        if not has[begin] or driven_m[end - 1] - driven_m[begin] < LEAST_M:
            continue
        samples = _independent(leg.left_m[begin:end], path.t_s[leg.fix[begin:end]])
        changes = [(begin + a, begin + b) for a, b in _runs(kind[begin:end])]
        needed = SURE if len(changes) == 1 else SURE_CHANGES
        for first, last in changes:
            told = float(lead[first:last].sum()) / (end - begin) * samples
            expected = on_paths if kind[first] else -on_paths
            unsure[first:last] = told + expected < needed
    return unsure


def _runs(values: Bools) -> list[tuple[int, int]]:
    """Return [start, end) of the stretches of equal values."""
    starts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return list(pairwise(starts))


def _independent(left_m: Floats, t_s: Floats) -> float:
    """Return how many independent samples the errors across a road are worth.

    From the correlation of each with those after it; errors last for seconds, or for a minute.
    """
    most = max(1.0, float(t_s[-1] - t_s[0]) / INDEPENDENT_S)
    off = left_m - left_m.mean()
    spread = np.correlate(off, off, mode="full")[len(off) - 1 :]
    if spread[0] <= 0.0:
        return most
    until = int(np.argmax(spread < 0.0)) or len(spread)
    return min(most, len(off) / max(1.0 + 2.0 * float((spread / spread[0])[1:until].sum()), 1.0))


def _lead(graph: RoadGraph, near: Candidates, edge: int) -> float:
    """Return how much likelier an edge is than the best of the other kind; inf without one."""
    other = graph.one_lane[near.edge] != graph.one_lane[edge]
    own = near.score[near.edge == edge]
    return float(own.max() - near.score[other].max()) if other.any() and len(own) else np.inf
