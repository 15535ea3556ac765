"""Turn matched edges into the route driven: trim spurs and tips, smooth, credit the metres."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from roadscan.locate.candidates import LANE_M, accuracy_or_default
from roadscan.locate.likeliest import BACKWARDS_M
from roadscan.locate.road_graph import RoadGraph, way_limit_m
from roadscan.locate.smooth import ACCELERATION_DENSITY
from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.road import Direction, MatchedPath, RouteStep
from roadscan.model.track import DrivePath, Gap

TIP_M = 12.0
"""Less than this of a link, at either end of a leg or driven out and back, counts as noise at a
junction, not as driven."""
SMOOTH_S = 4.0
"""Noise along the road, relative to the distance driven, is averaged over this time. Longer is
better if the receiver reports its speed, worse if the distance comes from the positions."""
DENSE_S = 1.5
"""Up to this interval, the distance driven between fixes is known."""
RESIDUAL_FIXES = 5.0
"""Standard deviation, in fixes, of the window over which residuals are averaged."""


@dataclass(frozen=True, slots=True)
class LegFixes:
    """Matched fixes of one leg: arrays of one length."""

    fix: Ints
    edge: Ints
    along_m: Floats
    left_m: Floats

    def only(self, which: Bools) -> "LegFixes":
        """Return the selected fixes."""
        return LegFixes(self.fix[which], self.edge[which], self.along_m[which], self.left_m[which])


@dataclass(frozen=True, slots=True)
class _Leg:
    """A leg as a sequence of edges, with the fixes in metres from the start of the first one."""

    fixes: LegFixes
    edges: list[int]
    starts_m: Floats
    """(edges,) metres at which each edge begins."""
    route_m: Floats


def matched_path(
    path: DrivePath, graph: RoadGraph, legs: Sequence[LegFixes], unmatched: Sequence[Gap]
) -> MatchedPath:
    """Join the legs into the drive on the network.

    `accuracy_m` combines the accuracy of the fix with how far, beyond a lane's width, the fixes
    around it are off the road (an error across makes an equal error along likely) and, for sparse
    fixes, with what the vehicle may have done between them.
    """
    count = len(path.t_s)
    link = np.full(count, -1, np.int64)
    forward = np.zeros(count, np.bool_)
    offset, left, route, accuracy = (np.full(count, np.nan) for _ in range(4))
    leg_of = np.full(count, -1, np.int64)
    steps: list[RouteStep] = []
    lost = list(unmatched)
    for number, leg in enumerate(_trimmed_legs(path, graph, legs, lost)):
        begins_m = steps[-1].to_route_m if steps else 0.0
        rows = leg.fixes.fix
        route_m = _smooth_along(path, leg)
        new = _steps(graph, leg, route_m, number, begins_m)
        route[rows] = route_m + begins_m
        starts = np.array([step.from_route_m for step in new])
        place = np.clip(np.searchsorted(starts, route[rows], side="right") - 1, 0, None)
        for row, step in zip(rows.tolist(), (new[k] for k in place), strict=True):
            link[row] = step.link
            forward[row] = step.direction is Direction.FORWARD
            driven_m = route[row] - step.from_route_m
            offset[row] = step.from_offset_m + step.direction.sign * driven_m
        left[rows] = leg.fixes.left_m
        own_m = np.hypot(accuracy_or_default(path)[rows], _beside_m(leg))
        accuracy[rows] = np.hypot(own_m, _between_m(path, rows))
        leg_of[rows] = number
        steps += new
    return MatchedPath(
        t_s=path.t_s,
        link=link,
        forward=forward,
        offset_m=offset,
        left_m=left,
        accuracy_m=accuracy,
        route_m=route,
        leg=leg_of,
        route=tuple(replace(step, pass_number=k) for k, step in enumerate(steps)),
        credited_m=_credited(graph, steps),
        unmatched=tuple(sorted(lost, key=lambda gap: (gap.from_s, gap.to_s))),
    )


def _trimmed_legs(
    path: DrivePath, graph: RoadGraph, legs: Sequence[LegFixes], lost: list[Gap]
) -> list[_Leg]:
    """Build the legs and trim stretches that were not driven; their times are added to `lost`."""
    kept = []
    for fixes in legs:
        times = path.t_s[fixes.fix]
        leg = _without_tips(_without_spurs(_laid_out(path, graph, fixes), graph), graph)
        if leg is None:
            lost.append(Gap(float(times[0]), float(times[-1]), "too_short"))
            continue
        first_s, last_s = path.t_s[leg.fixes.fix[[0, -1]]]
        ends = ((times[0], first_s), (last_s, times[-1]))
        lost += [Gap(float(a), float(b), "too_short") for a, b in ends if a < b]
        kept.append(leg)
    return kept


def _laid_out(path: DrivePath, graph: RoadGraph, fixes: LegFixes) -> _Leg:
    """Chain the edges and the routes between them; fixes never move backwards."""
    lengths = graph.length_m
    edges = [int(fixes.edge[0])]
    starts = [0.0]
    route = [float(fixes.along_m[0])]
    for k in range(1, len(fixes.edge)):
        edge = int(fixes.edge[k])
        step = fixes.fix[k - 1 : k + 1]
        driven_m, step_s = (float(np.diff(of[step])[0]) for of in (path.driven_m, path.t_s))
        stays = edge == edges[-1] and fixes.along_m[k] >= fixes.along_m[k - 1] - BACKWARDS_M
        if not stays:
            for following in (*graph.path(edges[-1], edge, way_limit_m(driven_m, step_s)), edge):
                starts.append(starts[-1] + float(lengths[edges[-1]]))
                edges.append(following)
        route.append(max(route[-1], starts[-1] + float(fixes.along_m[k])))
    return _Leg(fixes, edges, np.array(starts), np.array(route))


def _without_spurs(leg: _Leg, graph: RoadGraph) -> _Leg:
    """Remove short spurs out and back; their fixes stay at the node where the spur begins."""
    edges, route_m = list(leg.edges), leg.route_m
    starts = leg.starts_m.tolist()
    k = 1
    while k + 2 < len(edges):
        length_m = starts[k + 1] - starts[k]
        if graph.reverse[edges[k]] != edges[k + 1] or length_m >= TIP_M:
            k += 1
            continue
        past_m = np.maximum(route_m - 2.0 * length_m, starts[k])
        route_m = np.where(route_m > starts[k], past_m, route_m)
        starts[k:] = [start - 2.0 * length_m for start in starts[k + 2 :]]
        del edges[k : k + 2]
        k = max(1, k - 1)
    return _Leg(leg.fixes, edges, np.array(starts), route_m)


def _without_tips(leg: _Leg, graph: RoadGraph) -> _Leg | None:
    """Trim the first and the last link if hardly driven; None if nothing remains."""
    links = graph.link[leg.edges]
    ends_m = leg.starts_m + graph.length_m[leg.edges]
    changes = np.flatnonzero(np.diff(links))
    first, last = 0, len(links) - 1
    if len(changes) and ends_m[changes[0]] - leg.route_m[0] < TIP_M:
        first = int(changes[0]) + 1
    if len(changes) and leg.route_m[-1] - leg.starts_m[changes[-1] + 1] < TIP_M:
        last = int(changes[-1])
    if last < first:
        return None
    inside = (leg.route_m >= leg.starts_m[first]) & (leg.route_m <= ends_m[last])
    route_m = leg.route_m[inside]
    if len(route_m) < 2 or route_m[-1] - route_m[0] < TIP_M:
        return None
    return _Leg(
        leg.fixes.only(inside), leg.edges[first : last + 1], leg.starts_m[first : last + 1], route_m
    )


def _smooth_along(path: DrivePath, leg: _Leg) -> Floats:
    """Return the metres along the route: the distance driven, corrected slowly by the fixes."""
    driven_m = path.driven_m[leg.fixes.fix]
    t_s = path.t_s[leg.fixes.fix]
    step_s = float(np.clip(np.median(np.diff(t_s)), 0.05, 5.0))
    grid_s = np.arange(t_s[0], t_s[-1] + step_s, step_s)
    ahead_m = np.interp(grid_s, t_s, leg.route_m - driven_m)
    smooth_m = gaussian_filter1d(ahead_m, SMOOTH_S / step_s, mode="nearest")
    route_m = driven_m + np.interp(t_s, grid_s, smooth_m)
    smooth: Floats = np.maximum.accumulate(np.clip(route_m, leg.route_m[0], leg.route_m[-1]))
    return smooth


def _beside_m(leg: _Leg) -> Floats:
    """Return how far the fixes around each fix are off the road, beyond a lane's width."""
    beyond_m = np.maximum(np.abs(leg.fixes.left_m) - LANE_M, 0.0)
    around: Floats = gaussian_filter1d(beyond_m**2, RESIDUAL_FIXES, mode="nearest")
    return np.sqrt(around)


def _between_m(path: DrivePath, rows: Ints) -> Floats:
    """Return how far off a position between sparse fixes may be, where nothing was recorded.

    In the middle of an interval an acceleration known at neither end leaves q dt^3 / 48.
    """
    step_s = np.where(np.diff(path.driven_m[rows]) > 0.0, np.diff(path.t_s[rows]), 0.0)
    longest_s = np.maximum(np.append(step_s, 0.0), np.append(0.0, step_s))
    unseen_m: Floats = np.sqrt(ACCELERATION_DENSITY * longest_s**3 / 48.0)
    return np.where(longest_s > DENSE_S, unseen_m, 0.0)


def _steps(
    graph: RoadGraph, leg: _Leg, route_m: Floats, number: int, begins_m: float
) -> list[RouteStep]:
    """Return the stretches of links from first to last fix, merged where contiguous."""
    steps: list[RouteStep] = []
    for edge, start_m in zip(leg.edges, leg.starts_m.tolist(), strict=True):
        length_m = float(graph.to_m[edge] - graph.from_m[edge])
        from_m = max(start_m, float(route_m[0]))
        to_m = min(start_m + length_m, float(route_m[-1]))
        if to_m <= from_m:
            continue
        is_forward = bool(graph.forward[edge])
        direction = Direction.FORWARD if is_forward else Direction.BACKWARD
        zero_m = float(graph.from_m[edge] if is_forward else graph.to_m[edge])
        step = RouteStep(
            leg=number,
            link=int(graph.link[edge]),
            direction=direction,
            from_offset_m=zero_m + direction.sign * (from_m - start_m),
            to_offset_m=zero_m + direction.sign * (to_m - start_m),
            from_route_m=begins_m + from_m,
            to_route_m=begins_m + to_m,
        )
        if steps and _goes_on(steps[-1], step):
            offset_m, to_route_m = step.to_offset_m, step.to_route_m
            steps[-1] = replace(steps[-1], to_offset_m=offset_m, to_route_m=to_route_m)
        else:
            steps.append(step)
    return steps


def _goes_on(before: RouteStep, step: RouteStep) -> bool:
    same = (before.link, before.direction) == (step.link, step.direction)
    return same and abs(before.to_offset_m - step.from_offset_m) < 1e-6


def _credited(graph: RoadGraph, steps: Sequence[RouteStep]) -> dict[str, float]:
    """Return the metres driven by link id."""
    metres: dict[str, float] = defaultdict(float)
    for step in steps:
        metres[graph.network.links[step.link].link_id] += step.to_route_m - step.from_route_m
    return dict(sorted(metres.items()))
