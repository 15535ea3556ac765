"""The road network as a directed graph: edges between nodes, shortest ways between edges."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from scipy.spatial import cKDTree

from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.road import Network

SNAP_M = 0.3
"""Ends of links nearer than this are one node; a link whose end lies this near to the inside of
another one joins it there."""
UTURN_M = 60.0
"""What turning round on the road costs beyond its length: it is rare, but drivers do it."""


def way_limit_m(driven_m: float) -> float:
    """Return how long a way between two fixes may be on the road, in steps that a cache can use."""
    return float(np.ceil((2.0 * driven_m + 60.0) / 50.0) * 50.0)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a link between two nodes."""

    link: int
    from_m: float
    to_m: float
    from_node: int
    to_node: int


@dataclass(frozen=True)
class RoadGraph:
    """Directed edges: stretches of links between nodes, one for each allowed direction.

    Arrays of one length. Offsets count in the link's digitised direction whatever the direction of
    travel; `reverse` is the edge back, -1 without one.
    """

    network: Network
    link: Ints
    forward: Bools
    from_m: Floats
    to_m: Floats
    end_node: Ints
    reverse: Ints
    following: tuple[tuple[int, ...], ...]
    """Edges that go on where an edge ends."""
    edges_of_link: tuple[tuple[int, ...], ...]
    lines: tuple[shapely.LineString, ...]
    tree: shapely.STRtree
    _reached: dict[int, tuple[float, dict[int, tuple[float, int]]]] = field(default_factory=dict)

    @property
    def length_m(self) -> Floats:
        """Length of each edge."""
        return self.to_m - self.from_m

    def ways_from(self, edge: int, limit_m: float) -> dict[int, tuple[float, int]]:
        """Return the edges that can be reached from the end of one: (metres between, edge before).

        Metres count from the end of `edge` to the start of the reached one, at most `limit_m`.
        """
        known = self._reached.get(edge)
        if known is None or known[0] < limit_m:
            known = (limit_m, self._search(edge, limit_m))
            self._reached[edge] = known
        return known[1]

    def path(self, edge: int, to_edge: int, limit_m: float) -> list[int]:
        """Return the edges between two, without them; they must be within the limit."""
        ways = self.ways_from(edge, limit_m)
        between: list[int] = []
        before = ways[to_edge][1]
        while before != edge:
            between.append(before)
            before = ways[before][1]
        return between[::-1]

    def _search(self, edge: int, limit_m: float) -> dict[int, tuple[float, int]]:
        """Dijkstra's algorithm over edges, so that a turn back can cost more than going on."""
        found: dict[int, tuple[float, int]] = {}
        waiting = [(0.0, following, edge) for following in self.following[edge]]
        waiting = [(d + self._turn_m(edge, e), e, before) for d, e, before in waiting]
        heapq.heapify(waiting)
        lengths = self.length_m
        while waiting:
            metres, current, before = heapq.heappop(waiting)
            if current in found or metres > limit_m:
                continue
            found[current] = (metres, before)
            onward = metres + float(lengths[current])
            if onward <= limit_m:
                for following in self.following[current]:
                    if following not in found:
                        cost = onward + self._turn_m(current, following)
                        heapq.heappush(waiting, (cost, following, current))
        return found

    def _turn_m(self, edge: int, following: int) -> float:
        turns_back = self.reverse[edge] == following
        return UTURN_M if turns_back and len(self.following[edge]) > 1 else 0.0


def road_graph(network: Network) -> RoadGraph:
    """Build the graph of a network; links meet at their ends, and where an end lies on a link."""
    lines = tuple(shapely.LineString(link.xy_m) for link in network.links)
    tree = shapely.STRtree(lines)
    pieces = _pieces(network, lines, tree)
    link: list[int] = []
    forward: list[bool] = []
    spans: list[tuple[float, float]] = []
    starts: list[int] = []
    ends: list[int] = []
    reverse: list[int] = []
    for piece in pieces:
        road = network.links[piece.link]
        directed = [
            (True, piece.from_node, piece.to_node),
            (False, piece.to_node, piece.from_node),
        ]
        allowed = [
            way for way, may in zip(directed, (road.forward, road.backward), strict=True) if may
        ]
        for number, (is_forward, start, end) in enumerate(allowed):
            link.append(piece.link)
            forward.append(is_forward)
            spans.append((piece.from_m, piece.to_m))
            starts.append(start)
            ends.append(end)
            other = len(link) - 2 if number else len(link)
            reverse.append(other if len(allowed) > 1 else -1)
    leaving: dict[int, list[int]] = defaultdict(list)
    of_link: dict[int, list[int]] = defaultdict(list)
    for edge, start in enumerate(starts):
        leaving[start].append(edge)
        of_link[link[edge]].append(edge)
    return RoadGraph(
        network=network,
        link=np.array(link, np.int64),
        forward=np.array(forward, np.bool_),
        from_m=np.array([span[0] for span in spans]),
        to_m=np.array([span[1] for span in spans]),
        end_node=np.array(ends, np.int64),
        reverse=np.array(reverse, np.int64),
        following=tuple(tuple(leaving[end]) for end in ends),
        edges_of_link=tuple(tuple(of_link[k]) for k in range(len(network.links))),
        lines=lines,
        tree=tree,
    )


def _pieces(
    network: Network, lines: tuple[shapely.LineString, ...], tree: shapely.STRtree
) -> list[_Piece]:
    """Cut links where the ends of others lie on them, and number the nodes."""
    ends = np.array([link.xy_m[k] for link in network.links for k in (0, -1)])
    points = shapely.points(ends)
    cuts: dict[int, set[float]] = defaultdict(set)
    for point, link in zip(*tree.query(points, "dwithin", SNAP_M), strict=True):
        line = lines[link]
        offset = float(shapely.line_locate_point(line, shapely.Point(ends[point])))
        inside = SNAP_M < offset < line.length - SNAP_M
        if inside and network.links[point // 2].level == network.links[link].level:
            cuts[int(link)].add(offset)
    spans = [
        (link, start, end)
        for link, line in enumerate(lines)
        for start, end in pairwise(_thinned([0.0, *sorted(cuts[link]), line.length]))
    ]
    corners = np.array(
        [
            shapely.get_coordinates(shapely.line_interpolate_point(lines[link], offset))[0]
            for link, *both in spans
            for offset in both
        ]
    )
    nodes = _nodes(corners)
    return [
        _Piece(link, start, end, int(nodes[2 * k]), int(nodes[2 * k + 1]))
        for k, (link, start, end) in enumerate(spans)
    ]


def _thinned(offsets: list[float]) -> list[float]:
    """Leave out a cut that lies within the snapping distance of the one before it."""
    kept = offsets[:1]
    for offset in offsets[1:-1]:
        if offset - kept[-1] > SNAP_M:
            kept.append(offset)
    return [*kept, offsets[-1]]


def _nodes(points: Floats) -> Ints:
    """Give points within the snapping distance of each other one number."""
    numbers = np.arange(len(points))

    def root(k: int) -> int:
        while numbers[k] != k:
            numbers[k] = numbers[numbers[k]]
            k = int(numbers[k])
        return k

    for a, b in cKDTree(points).query_pairs(SNAP_M):
        first, second = sorted((root(a), root(b)))
        numbers[second] = first
    return np.array([root(k) for k in range(len(points))], np.int64)
