"""Map matching: a hidden Markov model on directed edges.

Newson and Krumm 2009, "Hidden Markov Map Matching Through Noise and Sparseness", with the heading
in the emission probability and one more state: off the network. So a stretch that fits no road, or
no route between roads, is left unmatched instead of being forced onto the nearest street.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from roadscan.locate.candidates import Candidates, candidates_near
from roadscan.locate.matched_route import BACKWARDS_M, LegFixes, matched_path
from roadscan.locate.road_graph import RoadGraph, road_graph, way_limit_m
from roadscan.locate.roads_near import on_roads_near
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.road import MatchedPath, Network
from roadscan.model.track import DrivePath, Gap

DETOUR_M = 4.0
"""Scale (beta) of the difference between route distance and distance driven."""
DETOUR_SHARE = 0.1
OFF_ROAD = -6.0
"""Log-likelihood of a fix off the network: that of one 3.5 standard deviations off its road."""
LEAVING = -4.0
"""Log-likelihood of leaving the network or returning to it."""
INDEPENDENT_M = 5.0
"""Fixes nearer to each other than this share their noise and count in part, so that a receiver
at 10 Hz, or a traffic jam, does not outweigh the transitions."""
LEAST_WEIGHT = 0.1


@on_roads_near
def match_path(path: DrivePath, network: Network) -> MatchedPath:
    """Match a path; fixes that fit no road stay unmatched and are reported as gaps.

    Never raises: a path that fits nowhere is entirely unmatched.
    """
    graph = road_graph(network)
    candidates = candidates_near(path, graph)
    legs: list[LegFixes] = []
    unmatched = list(path.gaps)
    for first, last in _pieces(path):
        chosen = _likeliest(path, graph, candidates[first:last], first)
        on_road = chosen >= 0
        for start, end in _runs(on_road):
            if on_road[start]:
                rows = np.arange(start, end)
                legs.append(_leg_fixes(candidates, first + rows, chosen[rows]))
            else:
                unmatched.append(_gap(path, candidates, first + start, first + end, (first, last)))
    return matched_path(path, graph, legs, unmatched)


def _pieces(path: DrivePath) -> list[tuple[int, int]]:
    return list(_runs(path.piece))


def _runs(values: Ints | Bools) -> Iterator[tuple[int, int]]:
    """Yield [start, end) of the stretches of equal values."""
    starts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    yield from pairwise(starts)


def _likeliest(path: DrivePath, graph: RoadGraph, candidates: list[Candidates], first: int) -> Ints:
    """Return the most likely candidate of each fix of a piece (Viterbi algorithm), -1 for none."""
    rows = slice(first, first + len(candidates))
    driven_m = path.driven_m[rows]
    around_m = np.convolve(np.diff(driven_m, prepend=driven_m[0], append=driven_m[-1]), [0.5, 0.5])
    weight = np.clip(around_m[1:-1] / INDEPENDENT_M, LEAST_WEIGHT, 1.0)
    scores = weight[0] * np.append(candidates[0].score, OFF_ROAD)
    back: list[Ints] = []
    for k in range(1, len(candidates)):
        steps = np.full((len(scores), len(candidates[k].edge) + 1), LEAVING)
        steps[-1, -1] = 0.0
        step_m = float(driven_m[k] - driven_m[k - 1])
        steps[:-1, :-1] = _transitions(graph, candidates[k - 1], candidates[k], step_m)
        total = scores[:, None] + steps
        best = np.argmax(total, axis=0)
        back.append(best)
        scores = total[best, np.arange(len(best))]
        scores += weight[k] * np.append(candidates[k].score, OFF_ROAD)
    chosen = [int(np.argmax(scores))]
    for best in reversed(back):
        chosen.append(int(best[chosen[-1]]))
    state = np.array(chosen[::-1], np.int64)
    return np.where(state == [len(place.edge) for place in candidates], -1, state)


def _transitions(graph: RoadGraph, before: Candidates, here: Candidates, driven_m: float) -> Floats:
    """Return the transition log-likelihoods (before, here), -inf where there is no route."""
    limit_m = way_limit_m(driven_m)
    metres = np.full((len(before.edge), len(here.edge)), np.inf)
    to_edges = here.edge.tolist()
    for i, edge in enumerate(before.edge.tolist()):
        rest_m = graph.to_m[edge] - graph.from_m[edge] - before.along_m[i]
        ways = graph.ways_from(edge, limit_m)
        for j, to_edge in enumerate(to_edges):
            if to_edge == edge and here.along_m[j] >= before.along_m[i] - BACKWARDS_M:
                metres[i, j] = here.along_m[j] - before.along_m[i]
            elif to_edge in ways and ways[to_edge][0] <= limit_m:
                metres[i, j] = rest_m + ways[to_edge][0] + here.along_m[j]
    return -np.abs(metres - driven_m) / (DETOUR_M + DETOUR_SHARE * driven_m)


def _leg_fixes(candidates: list[Candidates], fixes: Ints, chosen: Ints) -> LegFixes:
    picked = [(candidates[fix], k) for fix, k in zip(fixes.tolist(), chosen.tolist(), strict=True)]
    return LegFixes(
        fixes,
        np.array([place.edge[k] for place, k in picked], np.int64),
        np.array([place.along_m[k] for place, k in picked]),
        np.array([place.left_m[k] for place, k in picked]),
    )


def _gap(
    path: DrivePath, candidates: list[Candidates], start: int, end: int, piece: tuple[int, int]
) -> Gap:
    """Return the time from the last fix on a road to the next one, within the piece."""
    near = all(len(place.edge) and place.score[0] > OFF_ROAD for place in candidates[start:end])
    from_s, to_s = path.t_s[max(start - 1, piece[0])], path.t_s[min(end, piece[1] - 1)]
    return Gap(float(from_s), float(to_s), "no_route" if near else "no_road_nearby")
