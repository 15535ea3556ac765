"""The road network as a directed graph: edges between nodes, shortest paths between edges."""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.road import Link, Network, Vehicle

Opens = Callable[[Link], tuple[bool, bool]]

SNAP_M = 0.3
"""Link ends closer together than this are one node; a link that ends this close to the interior
of another link joins it there."""
SAME_VERTEX_M = 0.01
"""Links that share an interior vertex, within this distance, meet there: not every street is split
at its junctions."""
UTURN_M = 60.0
"""Extra cost of a U-turn where the road continues: rare, but drivers do it."""
DEAD_END_M = 10.0
"""Extra cost of a U-turn at a dead end."""


SPARSE_MPS = 10.0
"""Allowance for ways between sparse fixes, which may be longer than the straight line."""


def way_limit_m(driven_m: float, step_s: float) -> float:
    """Return the maximum cost of a path between two fixes, rounded up so that searches repeat."""
    longest_m = 2.0 * driven_m + 60.0 + SPARSE_MPS * sparse_s(driven_m, step_s)
    return float(np.ceil(longest_m / 50.0) * 50.0)


def sparse_s(driven_m: float, step_s: float) -> float:
    """Return the time between two fixes of a moving vehicle for which its way is unknown."""
    return float(np.clip(step_s - 1.0, 0.0, MAX_SPARSE_S)) if driven_m > 0.0 else 0.0


MAX_SPARSE_S = 15.0


@dataclass(frozen=True, slots=True)
class Segments:
    """Straight segments of all edges, undirected: arrays of one length, in order along each piece.

    A piece is the part of a link between two nodes. `from_m` is the offset on the link at which a
    segment begins; `edge` (n, 2) holds the edges of its piece in and against digitised direction,
    -1 if driving in that direction is not allowed.
    """

    xy_m: Floats
    """(n, 2, 2) ends of each segment."""
    from_m: Floats
    piece: Ints
    edge: Ints
    one_lane: Bools
    """Whether it is a path, track or the like rather than a road."""


@dataclass(frozen=True)
class RoadGraph:
    """Directed edges: stretches of links between nodes, one for each allowed direction.

    Arrays of one length. Offsets count in the link's digitised direction, whatever the direction of
    travel; `reverse` is the opposite edge, -1 if there is none.
    """

    network: Network
    link: Ints
    forward: Bools
    from_m: Floats
    to_m: Floats
    reverse: Ints
    one_lane: Bools
    """Whether it is a path, track or the like rather than a road."""
    following: tuple[tuple[int, ...], ...]
    """Edges that start where an edge ends."""
    segments: Segments
    tree: shapely.STRtree
    """Spatial index of the segments."""
    _reached: dict[int, tuple[float, dict[int, tuple[float, int]]]] = field(default_factory=dict)

    @property
    def length_m(self) -> Floats:
        """Length of each edge."""
        return self.to_m - self.from_m

    def ways_from(self, edge: int, limit_m: float) -> dict[int, tuple[float, int]]:
        """Return the edges reachable from the end of an edge, each with (cost in m, previous edge).

        The cost is the length between the end of `edge` and the start of the edge reached, plus the
        cost of U-turns on the way; at most `limit_m`.
        """
        known = self._reached.get(edge)
        if known is None or known[0] < limit_m:
            known = (limit_m, self._search(edge, limit_m))
            self._reached[edge] = known
        return known[1]

    def path(self, edge: int, to_edge: int, limit_m: float) -> list[int]:
        """Return the edges between two edges; `to_edge` must be reachable within the limit."""
        ways = self.ways_from(edge, limit_m)
        between: list[int] = []
        before = ways[to_edge][1]
        while before != edge:
            between.append(before)
            before = ways[before][1]
        return between[::-1]

    def other_way_m(self, edge: int, to_edge: int, limit_m: float) -> float:
        """Return how much longer than the shortest is the shortest way off its longest edge.

        inf without one within the limit, or if nothing is between the two.
        """
        between = self.path(edge, to_edge, limit_m)
        if not between:
            return np.inf
        longest = max(between, key=lambda one: float(self.length_m[one]))
        other = self._search(edge, limit_m, closed=longest).get(to_edge)
        return np.inf if other is None else other[0] - self.ways_from(edge, limit_m)[to_edge][0]

    def _search(
        self, edge: int, limit_m: float, *, closed: int = -1
    ) -> dict[int, tuple[float, int]]:
        """Run Dijkstra's algorithm over edges, so that a U-turn can cost more than going on."""
        found: dict[int, tuple[float, int]] = {}
        waiting = [(self._turn_m(edge, onto), onto, edge) for onto in self.following[edge]]
        heapq.heapify(waiting)
        while waiting:
            cost_m, current, before = heapq.heappop(waiting)
            if current in found or current == closed or cost_m > limit_m:
                continue
            found[current] = (cost_m, before)
            onward_m = cost_m + float(self.to_m[current] - self.from_m[current])
            if onward_m <= limit_m:
                for onto in self.following[current]:
                    if onto not in found:
                        cost_m = onward_m + self._turn_m(current, onto)
                        heapq.heappush(waiting, (cost_m, onto, current))
        return found

    def _turn_m(self, edge: int, onto: int) -> float:
        if self.reverse[edge] != onto:
            return 0.0
        return UTURN_M if len(self.following[edge]) > 1 else DEAD_END_M


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Stretches of links between two nodes: arrays of one length."""

    link: Ints
    from_m: Floats
    to_m: Floats
    from_node: Ints
    to_node: Ints


def everywhere(link: Link) -> tuple[bool, bool]:  # noqa: ARG001 -- one signature with `open_to`
    """Open a link to everybody in both directions."""
    return True, True


def road_graph(
    network: Network, opens: Opens = lambda link: link.open_to(Vehicle.CAR)
) -> RoadGraph:
    """Build the graph of a network; `opens` tells in which directions a link may be driven.

    Links meet at their ends, where an end touches the interior of another, and where they share
    a vertex; links of different levels only at their ends.
    """
    lines = [_Line.of(link.xy_m) for link in network.links]
    cuts = _cuts(network, lines)
    pieces, segments_xy, segments_from, segment_piece = _split(lines, cuts)
    one_lane = np.array([link.is_one_lane for link in network.links], np.bool_)[pieces.link]
    may = np.array([opens(link) for link in network.links], np.bool_)
    allowed = may[pieces.link].reshape(-1, 2)
    number = np.cumsum(allowed.ravel()).reshape(-1, 2) - 1
    edge_of = np.where(allowed, number, -1)
    piece, side = np.nonzero(allowed)
    ends = np.column_stack([pieces.to_node, pieces.from_node])[piece, side]
    starts = np.column_stack([pieces.from_node, pieces.to_node])[piece, side]
    leaving: dict[int, list[int]] = defaultdict(list)
    for edge, start in enumerate(starts.tolist()):
        leaving[start].append(edge)
    onward = {node: tuple(edges) for node, edges in leaving.items()}
    return RoadGraph(
        network=network,
        link=pieces.link[piece],
        forward=side == 0,
        from_m=pieces.from_m[piece],
        to_m=pieces.to_m[piece],
        reverse=edge_of[piece, 1 - side],
        one_lane=one_lane[piece],
        following=tuple(onward.get(end, ()) for end in ends.tolist()),
        segments=Segments(
            segments_xy,
            segments_from,
            segment_piece,
            edge_of[segment_piece],
            one_lane[segment_piece],
        ),
        tree=shapely.STRtree(np.asarray(shapely.linestrings(segments_xy))),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """Vertices (n, 2) of a link and their offsets (n,)."""

    xy_m: Floats
    offset_m: Floats

    @classmethod
    def of(cls, xy_m: Floats) -> "_Line":
        steps = np.hypot(*np.diff(xy_m, axis=0).T)
        return cls(xy_m, np.concatenate([[0.0], np.cumsum(steps)]))

    def with_vertices(self, offset_m: Floats) -> tuple[Floats, Floats]:
        """Return offsets (n,) and coordinates (n, 2) with vertices added at these offsets."""
        offset = np.union1d(self.offset_m, offset_m)
        xy = [np.interp(offset, self.offset_m, self.xy_m[:, k]) for k in (0, 1)]
        return offset, np.column_stack(xy)


def _cuts(network: Network, lines: list[_Line]) -> dict[int, list[float]]:
    """Return the interior offsets at which other links join."""
    cuts: dict[int, list[float]] = defaultdict(list)
    level = np.array([link.level for link in network.links])
    shapes = np.array([shapely.LineString(line.xy_m) for line in lines])
    points = np.atleast_1d(shapely.points([line.xy_m[k] for line in lines for k in (0, -1)]))
    end, link = shapely.STRtree(shapes).query(points, "dwithin", SNAP_M)
    offset = np.atleast_1d(shapely.line_locate_point(shapes[link], points[end]))
    length_m = np.array([line.offset_m[-1] for line in lines])
    inside = (offset > SNAP_M) & (offset < length_m[link] - SNAP_M)
    joins = inside & (level[end // 2] == level[link]) & (end // 2 != link)
    link, offset = link[joins], offset[joins]
    for link_number, offset_m in zip(link.tolist(), offset.tolist(), strict=True):
        cuts[link_number].append(offset_m)
    for link_number, shared_m in _shared_vertices(lines, level):
        cuts[link_number].append(shared_m)
    return cuts


def _shared_vertices(lines: list[_Line], level: Ints) -> list[tuple[int, float]]:
    """Return (link, offset) of the vertices that occur more than once on one level."""
    link = np.repeat(np.arange(len(lines)), [len(line.xy_m) for line in lines])
    keys = np.round(np.concatenate([line.xy_m for line in lines]) / SAME_VERTEX_M)
    keys = np.column_stack([keys, level[link]]).astype(np.int64)
    _, same, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    offset = np.concatenate([line.offset_m for line in lines])
    length_m = np.array([line.offset_m[-1] for line in lines])
    inside = (offset > 0.0) & (offset < length_m[link])
    shared = np.flatnonzero((count[same.ravel()] > 1) & inside)
    return [(int(link[k]), float(offset[k])) for k in shared]


def _split(
    lines: list[_Line], cuts: dict[int, list[float]]
) -> tuple[_Pieces, Floats, Floats, Ints]:
    """Cut links into pieces and number the nodes; also return the segments of the pieces."""
    spans: list[tuple[int, float, float]] = []
    corners: list[Floats] = []
    segments: list[Floats] = []
    from_m: list[Floats] = []
    piece: list[Ints] = []
    for link, line in enumerate(lines):
        bounds = _bounds(cuts[link], line.offset_m) if link in cuts else line.offset_m[[0, -1]]
        offset, xy = line.with_vertices(bounds) if len(bounds) > 2 else (line.offset_m, line.xy_m)
        segments.append(np.stack([xy[:-1], xy[1:]], axis=1))
        from_m.append(offset[:-1])
        piece.append(len(spans) + np.searchsorted(bounds, offset[:-1], side="right") - 1)
        spans += [(link, bounds[k], bounds[k + 1]) for k in range(len(bounds) - 1)]
        corners.append(xy[np.searchsorted(offset, np.repeat(bounds, 2)[1:-1])])
    nodes = _nodes(np.concatenate(corners)).reshape(-1, 2)
    table = np.array(spans)
    pieces = _Pieces(
        table[:, 0].astype(np.int64), table[:, 1], table[:, 2], nodes[:, 0], nodes[:, 1]
    )
    return pieces, np.concatenate(segments), np.concatenate(from_m), np.concatenate(piece)


def _bounds(cuts: list[float], vertex_m: Floats) -> Floats:
    """Return the offsets that bound the pieces of a link, moved to a vertex if one is near.

    Bounds are further apart than the snapping distance.
    """
    length_m = float(vertex_m[-1])
    bounds = [0.0]
    for cut in sorted(cuts):
        vertex = float(vertex_m[np.argmin(np.abs(vertex_m - cut))])
        bound = vertex if abs(vertex - cut) <= SNAP_M else cut
        if bounds[-1] + SNAP_M < bound < length_m - SNAP_M:
            bounds.append(bound)
    return np.array([*bounds, length_m])


def _nodes(points: Floats) -> Ints:
    """Return a node number for each point (n, 2), shared within the snapping distance."""
    unique, same = np.unique(np.round(points, 3), axis=0, return_inverse=True)
    a, b = cKDTree(unique).query_pairs(SNAP_M, output_type="ndarray").T
    shape = (len(unique), len(unique))
    near = coo_array((np.ones(len(a), np.bool_), (a, b)), shape=shape)
    _, numbers = connected_components(near, directed=False)
    nodes: Ints = numbers[same.ravel()].astype(np.int64)
    return nodes
