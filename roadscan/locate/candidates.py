"""Map-matching candidates: positions on roads near a fix, with their emission likelihood."""

from dataclasses import dataclass

import numpy as np
import shapely

from roadscan.locate.road_graph import RoadGraph
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.track import DEFAULT_ACCURACY_M, DrivePath

LANE_M = 3.0
"""Links are centre lines: on a wide road a vehicle drives about this far beside the line."""
PATH_M = 1.0
"""On a path, a vehicle is this close to the middle."""
SEARCH_M = (15.0, 40.0)
SEARCH_SIGMAS = 4.0
HEADING_SIGMA_DEG = 30.0
HEADING_WORST = -12.0
"""Log-likelihood of the wrong direction: strong, but one bad heading does not break a drive."""
CHORD_M = 20.0
"""Fixes further apart than this sometimes have a corner between them."""
MOVING_MPS = 1.5
MAX_CANDIDATES = 16


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate positions of one fix on edges: arrays of one length, most likely first."""

    edge: Ints
    along_m: Floats
    """From the start of the edge, in the direction of travel."""
    left_m: Floats
    """Offset of the fix to the left of the direction of travel."""
    score: Floats
    """Log-likelihood of the fix, by distance and heading; 0 at best."""


@dataclass(frozen=True, slots=True)
class _Projections:
    """Fixes projected onto segments: arrays of one length."""

    fix: Ints
    segment: Ints
    share: Floats
    """0 at the segment's start, 1 at its end."""
    left_m: Floats
    """Distance of the fix, positive on the left of the digitised direction."""


def accuracy_or_default(path: DrivePath) -> Floats:
    """Return the standard deviation of the fixes, 3 m where the track has none."""
    return np.nan_to_num(path.accuracy_m, nan=DEFAULT_ACCURACY_M)


def candidates_near(path: DrivePath, graph: RoadGraph) -> list[Candidates]:
    """Return for each fix the positions where the vehicle may have been.

    These are the local minima of the distance to a road within 4 standard deviations (at least
    15 m, at most 40 m), each in every direction in which the road may be driven.
    """
    sigma = np.hypot(accuracy_or_default(path), LANE_M)
    projected = _projections(path, graph, np.clip(SEARCH_SIGMAS * sigma, *SEARCH_M))
    on_path = np.hypot(accuracy_or_default(path), PATH_M)[projected.fix]
    narrow = graph.segments.one_lane[projected.segment]
    beside = projected.left_m / np.where(narrow, on_path, sigma[projected.fix])
    near = -0.5 * beside**2
    both = [_directed(path, graph, projected, near, forward=forward) for forward in (True, False)]
    fix, edge, along, left, score = (np.concatenate(pair) for pair in zip(*both, strict=True))
    order = np.lexsort((edge, -score, fix))
    bounds = np.searchsorted(fix[order], np.arange(len(path.t_s) + 1))
    found = []
    for k in range(len(path.t_s)):
        rows = order[bounds[k] : min(bounds[k + 1], bounds[k] + MAX_CANDIDATES)]
        found.append(Candidates(edge[rows], along[rows], left[rows], score[rows]))
    return found


def _directed(
    path: DrivePath, graph: RoadGraph, projected: _Projections, near: Floats, *, forward: bool
) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Return fix, edge, along, left and score of the projections for one permitted direction."""
    edge = graph.segments.edge[projected.segment, 0 if forward else 1]
    may = np.flatnonzero(edge >= 0)
    edge, fix, segment = edge[may], projected.fix[may], projected.segment[may]
    way = graph.segments.xy_m[segment, 1] - graph.segments.xy_m[segment, 0]
    offset = graph.segments.from_m[segment] + projected.share[may] * np.hypot(*way.T)
    bearing = np.degrees(np.arctan2(way[:, 0], way[:, 1])) + (0.0 if forward else 180.0)
    along = offset - graph.from_m[edge] if forward else graph.to_m[edge] - offset
    left = projected.left_m[may] if forward else -projected.left_m[may]
    return fix, edge, along, left, near[may] + _heading_score(path, fix, bearing)


def _projections(path: DrivePath, graph: RoadGraph, radius_m: Floats) -> _Projections:
    """Return the local minima of the distance from each fix to the roads."""
    xy = np.column_stack([path.x_m, path.y_m])
    fix, segment = graph.tree.query(shapely.points(xy), "dwithin", radius_m)
    piece = graph.segments.piece
    share = _share(graph, segment, xy[fix])
    following = np.minimum(segment + 1, len(piece) - 1)
    goes_on = (following > segment) & (piece[following] == piece[segment])
    comes_from = (segment > 0) & (piece[segment - 1] == piece[segment])
    # a corner nearest to the fix belongs to the segment that ends there, unless the next is nearer
    leaves = goes_on & (_share(graph, following, xy[fix]) > 0.0)
    kept = ~((share <= 0.0) & comes_from) & ~((share >= 1.0) & leaves)
    fix, segment, share = fix[kept], segment[kept], share[kept]
    start, end = graph.segments.xy_m[segment, 0], graph.segments.xy_m[segment, 1]
    way, own = end - start, xy[fix] - start
    beside = own - share[:, None] * way
    distance = np.hypot(*beside.T)
    side: Bools = way[:, 0] * own[:, 1] >= way[:, 1] * own[:, 0]
    return _Projections(fix, segment, share, np.where(side, distance, -distance))


def _share(graph: RoadGraph, segment: Ints, xy: Floats) -> Floats:
    start, end = graph.segments.xy_m[segment, 0], graph.segments.xy_m[segment, 1]
    way = end - start
    share: Floats = ((xy - start) * way).sum(axis=1) / (way**2).sum(axis=1)
    return np.clip(share, 0.0, 1.0)


def _heading_score(path: DrivePath, fix: Ints, bearing_deg: Floats) -> Floats:
    """Return the log-likelihood of the headings of fixes (n,) on roads of these bearings (n,).

    The heading of sparse fixes is that of a chord across corners: the longer, the less it says.
    """
    off_deg = (path.heading_deg[fix] - bearing_deg + 180.0) % 360.0 - 180.0
    score = np.maximum(HEADING_WORST, -0.5 * (off_deg / HEADING_SIGMA_DEG) ** 2)
    weight = np.minimum(1.0, CHORD_M / np.maximum(spacing_m(path), 1e-9))[fix]
    unknown = (path.speed_mps[fix] < MOVING_MPS) | np.isnan(path.heading_deg[fix])
    return np.where(unknown, 0.0, weight * score)


def spacing_m(path: DrivePath) -> Floats:
    """Return the metres driven that each fix stands for: half the way to its two neighbours."""
    step_m = np.diff(path.driven_m)
    around: Floats = 0.5 * (np.append(step_m, 0.0) + np.append(0.0, step_m))
    return around
