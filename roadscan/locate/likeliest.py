"""The most likely roads of a drive: a hidden Markov model on directed edges (Viterbi algorithm).

After Newson and Krumm 2009, "Hidden Markov Map Matching Through Noise and Sparseness", with the
heading in the emission probability and one more state: off the network.
"""

import numpy as np

from roadscan.locate.candidates import Candidates
from roadscan.locate.road_graph import RoadGraph, sparse_s, way_limit_m
from roadscan.model.arrays import Floats, Ints
from roadscan.model.track import DrivePath

DETOUR_M = 4.0
"""Scale (beta) of the difference between route distance and distance driven."""
DETOUR_SHARE = 0.1
CORNERS_MPS = 1.5
"""Growth of the scale with the time between sparse fixes, for ways longer than driven."""
OFF_ROAD = -6.0
"""Log-likelihood of a fix off the network: that of a fix 3.5 standard deviations off its road."""
LEAVING = -4.0
"""Log-likelihood of leaving the network or returning to it."""
INDEPENDENT_M = 5.0
"""Fixes closer together than this share their noise and count only in part, so that a receiver
at 10 Hz or a traffic jam does not outweigh the transitions."""
LEAST_WEIGHT = 0.1
BACKWARDS_M = 15.0
"""A fix may be this far behind the previous one by noise alone."""
BESIDE = 6.0
"""Log-likelihood lost by changing between a road and a path: where they run side by side and meet
at every corner, noise alone would cause one change after another."""


def likeliest(path: DrivePath, graph: RoadGraph, candidates: list[Candidates], first: int) -> Ints:
    """Return the most likely candidate of each fix of a piece (Viterbi algorithm), -1 for none."""
    rows = slice(first, first + len(candidates))
    driven_m, t_s = path.driven_m[rows], path.t_s[rows]
    weight = weights(driven_m)
    scores = weight[0] * np.append(candidates[0].score, OFF_ROAD)
    back: list[Ints] = []
    for k in range(1, len(candidates)):
        steps = np.full((len(scores), len(candidates[k].edge) + 1), LEAVING)
        steps[-1, -1] = 0.0
        step_m, step_s = float(driven_m[k] - driven_m[k - 1]), float(t_s[k] - t_s[k - 1])
        steps[:-1, :-1] = _transitions(graph, candidates[k - 1], candidates[k], step_m, step_s)
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


def _transitions(
    graph: RoadGraph, before: Candidates, here: Candidates, driven_m: float, step_s: float
) -> Floats:
    """Return the transition log-likelihoods (before, here), -inf where there is no route.

    Between sparse fixes the straight line is shorter than the way round the corners.
    """
    limit_m = way_limit_m(driven_m, step_s)
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
    scale_m = DETOUR_M + DETOUR_SHARE * driven_m
    longer_m = metres - driven_m
    scales_m = np.where(longer_m > 0.0, scale_m + CORNERS_MPS * sparse_s(driven_m, step_s), scale_m)
    changes = graph.one_lane[before.edge][:, None] != graph.one_lane[here.edge]
    return -np.abs(longer_m) / scales_m - np.where(changes, BESIDE, 0.0)


def weights(driven_m: Floats) -> Floats:
    """Return the weight of each fix of a piece: 1 if it is far enough from its neighbours."""
    around_m = np.convolve(np.diff(driven_m, prepend=driven_m[0], append=driven_m[-1]), [0.5, 0.5])
    weight: Floats = np.clip(around_m[1:-1] / INDEPENDENT_M, LEAST_WEIGHT, 1.0)
    return weight
