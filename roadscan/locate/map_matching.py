"""Map matching: the roads that a drive took, and why it took none where that is so.

A stretch that fits no road, no route between roads, or two roads equally well is left unmatched
instead of being forced onto the nearest street.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from roadscan.locate.candidates import Candidates, candidates_near
from roadscan.locate.doubtful_ways import certain
from roadscan.locate.likeliest import likeliest
from roadscan.locate.matched_route import LegFixes, matched_path
from roadscan.locate.road_graph import road_graph
from roadscan.locate.roads_near import on_roads_near
from roadscan.locate.unmatched import Lost, gaps_of
from roadscan.model.arrays import Bools, Ints
from roadscan.model.road import MatchedPath, Network, Vehicle
from roadscan.model.track import DrivePath


@on_roads_near
def match_path(path: DrivePath, network: Network, vehicle: Vehicle = Vehicle.CAR) -> MatchedPath:
    """Match a path; fixes that fit no road stay unmatched and are reported as gaps.

    Only where the vehicle may drive. Never raises: a path that fits nowhere is entirely unmatched.
    """
    graph = road_graph(network, lambda link: link.open_to(vehicle))
    candidates = candidates_near(path, graph)
    legs: list[LegFixes] = []
    lost: list[Lost] = []
    unmatched = list(path.gaps)
    for first, last in _pieces(path):
        chosen = likeliest(path, graph, candidates[first:last], first)
        on_road = chosen >= 0
        for start, end in _runs(on_road):
            if on_road[start]:
                rows = np.arange(start, end)
                leg = _leg_fixes(candidates, first + rows, chosen[rows])
                sure, doubtful = certain(path, graph, candidates, leg, vehicle)
                legs += sure
                unmatched += doubtful
            else:
                lost.append(Lost(first + start, first + end, (first, last)))
    unmatched += gaps_of(path, network, vehicle, lost)
    return matched_path(path, graph, legs, unmatched)


def _pieces(path: DrivePath) -> list[tuple[int, int]]:
    return list(_runs(path.piece))


def _runs(values: Ints | Bools) -> Iterator[tuple[int, int]]:
    """Yield [start, end) of the stretches of equal values."""
    starts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    yield from pairwise(starts)


def _leg_fixes(candidates: list[Candidates], fixes: Ints, chosen: Ints) -> LegFixes:
    picked = [(candidates[fix], k) for fix, k in zip(fixes.tolist(), chosen.tolist(), strict=True)]
    return LegFixes(
        fixes,
        np.array([place.edge[k] for place, k in picked], np.int64),
        np.array([place.along_m[k] for place, k in picked]),
        np.array([place.left_m[k] for place, k in picked]),
    )
