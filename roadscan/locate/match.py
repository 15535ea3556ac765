"""Puts a path on the network by a hidden Markov model on directed edges.

Newson and Krumm 2009, "Hidden Markov Map Matching Through Noise and Sparseness", with the heading
in the emission and a limit on what may be credited.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from roadscan.locate.graph import RoadGraph, road_graph, way_limit_m
from roadscan.locate.match_route import BACKWARDS_M, LegFixes, matched_path
from roadscan.model.arrays import Floats, Ints
from roadscan.model.road import MatchedPath, Network
from roadscan.model.track import DrivePath, Gap

DEFAULT_ACCURACY_M = 3.0
LANE_M = 3.0
"""Links are centre lines: a vehicle keeps about this far beside them on a wide road."""
SEARCH_M = (15.0, 40.0)
SEARCH_SIGMAS = 4.0
HEADING_SIGMA_DEG = 30.0
HEADING_WORST = -12.0
"""Log-likelihood of the wrong direction: strong, but one bad heading does not break a drive."""
MOVING_MPS = 1.5
DETOUR_M = 4.0
"""Scale (beta) of how much the way on the road may differ from the way driven."""
DETOUR_SHARE = 0.1
MAX_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Places on edges near one fix: arrays of one length."""

    edge: Ints
    along_m: Floats
    """From the start of the edge, in the direction of travel."""
    left_m: Floats
    score: Floats


def match_path(path: DrivePath, network: Network) -> MatchedPath:
    """Match a path; fixes that fit no road stay unmatched and are reported.

    Raises nothing: a path that fits nowhere is wholly unmatched.
    """
    graph = road_graph(network)
    candidates = _candidates(path, graph)
    legs: list[LegFixes] = []
    unmatched = [*path.gaps]
    for first, last in _pieces(path):
        legs_here, gaps = _match_piece(path, graph, candidates, first, last)
        legs += legs_here
        unmatched += gaps
    return matched_path(path, graph, legs, unmatched)


def _pieces(path: DrivePath) -> list[tuple[int, int]]:
    starts = np.flatnonzero(np.diff(path.piece, prepend=-2))
    return list(zip(starts, [*starts[1:], len(path.t_s)], strict=True))


def _candidates(path: DrivePath, graph: RoadGraph) -> list[_Candidates]:
    accuracy = np.nan_to_num(path.accuracy_m, nan=DEFAULT_ACCURACY_M)
    sigma = np.hypot(accuracy, LANE_M)
    radius = np.clip(SEARCH_SIGMAS * sigma, *SEARCH_M)
    points = shapely.points(path.x_m, path.y_m)
    fix, link = graph.tree.query(points, "dwithin", radius)
    lines = np.array(graph.lines)[link]
    offset = shapely.line_locate_point(lines, points[fix])
    distance = shapely.distance(lines, points[fix])
    before = shapely.get_coordinates(
        shapely.line_interpolate_point(lines, np.maximum(0, offset - 1.0))
    )
    after = shapely.get_coordinates(shapely.line_interpolate_point(lines, offset + 1.0))
    way = after - before
    own = np.column_stack([path.x_m, path.y_m])[fix] - before
    side = np.sign(way[:, 0] * own[:, 1] - way[:, 1] * own[:, 0])
    bearing = np.degrees(np.arctan2(way[:, 0], way[:, 1]))
    order = np.argsort(fix, kind="stable")
    bounds = np.searchsorted(fix[order], np.arange(len(path.t_s) + 1))
    found = []
    for k in range(len(path.t_s)):
        rows = order[bounds[k] : bounds[k + 1]]
        edges: list[tuple[int, float, float, float]] = []
        for row in rows:
            near = -0.5 * (distance[row] / sigma[k]) ** 2
            for edge in graph.edges_of_link[link[row]]:
                if not graph.from_m[edge] - 1e-9 <= offset[row] <= graph.to_m[edge] + 1e-9:
                    continue
                ahead = bool(graph.forward[edge])
                along = (
                    offset[row] - graph.from_m[edge] if ahead else graph.to_m[edge] - offset[row]
                )
                left = side[row] * distance[row] * (1 if ahead else -1)
                score = near + _heading_score(path, k, bearing[row] + (0 if ahead else 180))
                edges.append((edge, float(along), float(left), float(score)))
        best = sorted(edges, key=lambda e: -e[3])[:MAX_CANDIDATES]
        found.append(
            _Candidates(
                np.array([e[0] for e in best], np.int64),
                np.array([e[1] for e in best]),
                np.array([e[2] for e in best]),
                np.array([e[3] for e in best]),
            )
        )
    return found


def _heading_score(path: DrivePath, fix: int, bearing_deg: float) -> float:
    if path.speed_mps[fix] < MOVING_MPS or np.isnan(path.heading_deg[fix]):
        return 0.0
    off_deg = (path.heading_deg[fix] - bearing_deg + 180.0) % 360.0 - 180.0
    return float(max(HEADING_WORST, -0.5 * (off_deg / HEADING_SIGMA_DEG) ** 2))


def _match_piece(
    path: DrivePath, graph: RoadGraph, candidates: list[_Candidates], first: int, last: int
) -> tuple[list[LegFixes], list[Gap]]:
    """Viterbi over one piece, begun anew wherever no road or no way is found."""
    legs: list[LegFixes] = []
    gaps: list[Gap] = []
    fixes: list[int] = []
    back: list[Ints] = []
    scores = np.empty(0)
    lost_from: int | None = None

    def close() -> None:
        if fixes:
            legs.append(_trace(graph, candidates, fixes, back, scores))

    for fix in range(first, last):
        here = candidates[fix]
        if len(here.edge) == 0:
            close()
            fixes, back = [], []
            lost_from = fix if lost_from is None else lost_from
            continue
        if lost_from is not None:
            gaps.append(Gap(float(path.t_s[lost_from]), float(path.t_s[fix - 1]), "no_road_nearby"))
            lost_from = None
        if fixes:
            step = _transitions(path, graph, candidates[fixes[-1]], here, fixes[-1], fix)
            total = scores[:, None] + step
            best = np.argmax(total, axis=0)
            new_scores = total[best, np.arange(len(best))]
            if np.isfinite(new_scores).any():
                back.append(best)
                fixes.append(fix)
                scores = new_scores + here.score
                continue
            close()
            gaps.append(Gap(float(path.t_s[fixes[-1]]), float(path.t_s[fix]), "no_route"))
        fixes, back, scores = [fix], [], here.score.copy()
    close()
    if lost_from is not None:
        gaps.append(Gap(float(path.t_s[lost_from]), float(path.t_s[last - 1]), "no_road_nearby"))
    return legs, gaps


def _transitions(
    path: DrivePath,
    graph: RoadGraph,
    before: _Candidates,
    here: _Candidates,
    fix_before: int,
    fix: int,
) -> Floats:
    """Log-likelihood (before, here) of going from place to place, -inf where no way leads."""
    driven_m = float(path.driven_m[fix] - path.driven_m[fix_before])
    scale_m = DETOUR_M + DETOUR_SHARE * driven_m
    limit_m = way_limit_m(driven_m)
    lengths = graph.length_m
    metres = np.full((len(before.edge), len(here.edge)), np.inf)
    for i, edge in enumerate(before.edge):
        rest_m = lengths[edge] - before.along_m[i]
        ways = graph.ways_from(int(edge), limit_m)
        for j, to_edge in enumerate(here.edge):
            if to_edge == edge and here.along_m[j] >= before.along_m[i] - BACKWARDS_M:
                metres[i, j] = here.along_m[j] - before.along_m[i]
            elif int(to_edge) in ways:
                metres[i, j] = rest_m + ways[int(to_edge)][0] + here.along_m[j]
    return -np.abs(metres - driven_m) / scale_m


def _trace(
    graph: RoadGraph,
    candidates: list[_Candidates],
    fixes: list[int],
    back: list[Ints],
    scores: Floats,
) -> LegFixes:
    chosen = [int(np.argmax(scores))]
    for best in reversed(back):
        chosen.append(int(best[chosen[-1]]))
    chosen.reverse()
    picked = [(candidates[fix], k) for fix, k in zip(fixes, chosen, strict=True)]
    return LegFixes(
        np.array(fixes, np.int64),
        np.array([c.edge[k] for c, k in picked], np.int64),
        np.array([c.along_m[k] for c, k in picked]),
        np.array([c.left_m[k] for c, k in picked]),
    )
