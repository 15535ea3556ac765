"""Reasons why a stretch of a drive is on no road, found with the roads closed to the vehicle."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from roadscan.locate.candidates import Candidates, candidates_near
from roadscan.locate.likeliest import OFF_ROAD, likeliest
from roadscan.locate.road_graph import RoadGraph, everywhere, road_graph
from roadscan.model.road import Network, Vehicle
from roadscan.model.track import DrivePath, Gap

FEW_FIXES: Final = 3
"""Runs of fewer fixes than this take the reason of the fixes around them."""
ROW_FIELDS: Final = (
    "t_s",
    "x_m",
    "y_m",
    "speed_mps",
    "heading_deg",
    "accuracy_m",
    "driven_m",
    "piece",
)


@dataclass(frozen=True, slots=True)
class Lost:
    """Fixes [start, end) of a path on no road, within a piece [first, last)."""

    start: int
    end: int
    piece: tuple[int, int]


def gaps_of(path: DrivePath, network: Network, vehicle: Vehicle, lost: Sequence[Lost]) -> list[Gap]:
    """Return the unmatched stretches with their reasons.

    `no_road_nearby`: there is no road; `against_oneway` and `not_for_vehicle`: the way driven is
    closed to the vehicle; `no_route`: roads are near, but no way along them fits the fixes.
    """
    if not lost:
        return []
    # matched as if every way were open: where that fits, it shows which way is closed
    graph = road_graph(network, everywhere)
    return [gap for stretch in lost for gap in _gaps(path, graph, vehicle, stretch)]


def _gaps(path: DrivePath, graph: RoadGraph, vehicle: Vehicle, lost: Lost) -> list[Gap]:
    first, last = max(lost.start - 1, lost.piece[0]), min(lost.end + 1, lost.piece[1])
    part = replace(path, **{name: getattr(path, name)[first:last] for name in ROW_FIELDS})
    candidates = candidates_near(part, graph)
    chosen = likeliest(part, graph, candidates, 0)
    reasons = [
        _reason(graph, vehicle, candidates[row - first], int(chosen[row - first]))
        for row in range(lost.start, lost.end)
    ]
    bounds = _bounds(reasons)
    gaps = []
    for begin, end in pairwise(bounds):
        from_row = lost.start + begin - (1 if begin == 0 else 0)
        to_row = min(lost.start + end, lost.piece[1] - 1)
        from_s, to_s = path.t_s[max(from_row, lost.piece[0])], path.t_s[to_row]
        counted = sorted(reasons[begin:end], key=reasons[begin:end].count)
        gaps.append(Gap(float(from_s), float(to_s), counted[-1]))
    return gaps


def _reason(graph: RoadGraph, vehicle: Vehicle, near: Candidates, chosen: int) -> str:
    if chosen < 0:
        fits = len(near.edge) and near.score[0] > OFF_ROAD
        return "no_route" if fits else "no_road_nearby"
    edge = near.edge[chosen]
    link = graph.network.links[graph.link[edge]]
    ways = link.open_to(vehicle)
    if not any(ways):
        return "not_for_vehicle"
    return "no_route" if ways[0 if graph.forward[edge] else 1] else "against_oneway"


def _bounds(reasons: list[str]) -> list[int]:
    """Return the rows at which the reason changes for good, including both ends."""
    bounds = [0]
    for k in range(1, len(reasons)):
        here = reasons[k : k + FEW_FIXES]
        if reasons[k] != reasons[k - 1] and len(here) == FEW_FIXES and len(set(here)) == 1:
            before = reasons[bounds[-1] : k]
            if k - bounds[-1] >= FEW_FIXES and max(before, key=before.count) != reasons[k]:
                bounds.append(k)
    return [*bounds, len(reasons)]
