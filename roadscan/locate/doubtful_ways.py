"""Ways that cannot be told apart: they are left out of the drive instead of being guessed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from roadscan.locate.candidates import Candidates
from roadscan.locate.likeliest import CORNERS_MPS, DETOUR_M, DETOUR_SHARE, weights
from roadscan.locate.matched_route import LegFixes
from roadscan.locate.road_graph import RoadGraph, sparse_s, way_limit_m
from roadscan.model.arrays import Bools
from roadscan.model.track import DrivePath, Gap

SPARSE_S: Final = 2.5
"""At intervals from this on, several ways may lead from one fix to the next."""
ALIKE: Final = 0.5
"""Two ways whose likelihoods differ by less than this (logarithm) are alike."""
SURE: Final = 2.5
"""Logarithm of the odds from which a road is distinguished from the path beside it."""
INDEPENDENT_S: Final = 10.0
"""Errors of a receiver persist: fixes closer in time say little more than a single one."""
LEAST_M: Final = 30.0
"""Closer to a junction than this, all of its ways are near."""


def certain(
    path: DrivePath, graph: RoadGraph, candidates: Sequence[Candidates], leg: LegFixes
) -> tuple[list[LegFixes], list[Gap]]:
    """Return the certain parts of a leg, and gaps in place of the others."""
    kept = ~_beside(path, graph, candidates, leg)
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
    path: DrivePath, graph: RoadGraph, candidates: Sequence[Candidates], leg: LegFixes
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
    t_s, driven_m = path.t_s[leg.fix], path.driven_m[leg.fix]
    share = weights(driven_m) * np.clip(
        np.gradient(t_s) / INDEPENDENT_S if len(t_s) > 1 else 1.0, 0.0, 1.0
    )
    has = np.isfinite(lead)
    kind = graph.one_lane[leg.edge]
    changes = np.flatnonzero((np.diff(has.astype(np.int8)) != 0) | (np.diff(kind) != 0)) + 1
    for begin, end in pairwise([0, *changes.tolist(), len(has)]):
        run = slice(begin, end)
        if has[begin] and driven_m[end - 1] - driven_m[begin] >= LEAST_M:
            unsure[run] = float((share[run] * lead[run]).sum()) < SURE
    return unsure


def _lead(graph: RoadGraph, near: Candidates, edge: int) -> float:
    """Return how much likelier an edge is than the best of the other kind; inf without one."""
    other = graph.one_lane[near.edge] != graph.one_lane[edge]
    own = near.score[near.edge == edge]
    return float(own.max() - near.score[other].max()) if other.any() and len(own) else np.inf
