"""From the edges a matcher chose to the route driven: without tips, smooth along, credited."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from roadscan.locate.graph import RoadGraph, way_limit_m
from roadscan.model.arrays import Floats, Ints
from roadscan.model.road import Direction, MatchedPath, RouteStep
from roadscan.model.track import DrivePath, Gap

TIP_M = 12.0
"""A leg that begins or ends with less than this on a link has not driven it: that is noise at a
junction."""
BACKWARDS_M = 15.0
"""A fix may fall this far behind the one before it by noise alone."""
SMOOTH_S = 5.0
"""Noise along the road is averaged over this time against the distance driven."""
DEFAULT_ACCURACY_M = 3.0


@dataclass(frozen=True, slots=True)
class LegFixes:
    """Matched fixes of one leg: arrays of one length."""

    fix: Ints
    edge: Ints
    along_m: Floats
    left_m: Floats


@dataclass(frozen=True, slots=True)
class _Leg:
    """A leg laid out: its edges one after the other, the fixes by metres from its first edge."""

    fixes: LegFixes
    edges: list[int]
    starts_m: Floats
    """(edges,) metres at which each edge begins."""
    route_m: Floats


def matched_path(
    path: DrivePath, graph: RoadGraph, legs: Sequence[LegFixes], unmatched: Sequence[Gap]
) -> MatchedPath:
    """Join the legs into the drive on the network."""
    count = len(path.t_s)
    link = np.full(count, -1, np.int64)
    forward = np.zeros(count, np.bool_)
    offset, left, route = (np.full(count, np.nan) for _ in range(3))
    leg_of = np.full(count, -1, np.int64)
    steps: list[RouteStep] = []
    credited: dict[str, float] = defaultdict(float)
    begins_m = 0.0
    lost = list(unmatched)
    for fixes in legs:
        leg = _without_tips(_laid_out(path, graph, fixes), graph)
        if leg is None or len(leg.route_m) < 2:
            lost.append(
                Gap(float(path.t_s[fixes.fix[0]]), float(path.t_s[fixes.fix[-1]]), "too_short")
            )
            continue
        number = 1 + max((step.leg for step in steps), default=-1)
        rows = leg.fixes.fix
        route_m = _smooth_along(path, leg)
        new = _steps(graph, leg, route_m, number, begins_m)
        place = np.clip(
            np.searchsorted([s.from_route_m for s in new], route_m + begins_m, "right") - 1, 0, None
        )
        for row, where, metres in zip(rows, place, route_m + begins_m, strict=True):
            step = new[where]
            link[row] = step.link
            forward[row] = step.direction is Direction.FORWARD
            offset[row] = step.from_offset_m + step.direction.sign * (metres - step.from_route_m)
            route[row] = metres
        left[rows] = leg.fixes.left_m
        leg_of[rows] = number
        for step in new:
            link_id = graph.network.links[step.link].link_id
            credited[link_id] += step.to_route_m - step.from_route_m
        steps += new
        begins_m = new[-1].to_route_m
    return MatchedPath(
        t_s=path.t_s,
        link=link,
        forward=forward,
        offset_m=offset,
        left_m=left,
        accuracy_m=np.where(
            link >= 0, np.nan_to_num(path.accuracy_m, nan=DEFAULT_ACCURACY_M), np.nan
        ),
        route_m=route,
        leg=leg_of,
        route=tuple(steps),
        credited_m={name: metres for name, metres in sorted(credited.items()) if metres > 0},
        unmatched=tuple(sorted(lost, key=lambda gap: (gap.from_s, gap.to_s))),
    )


def _laid_out(path: DrivePath, graph: RoadGraph, fixes: LegFixes) -> _Leg:
    """Chain the edges with the ways between them; fixes never go back."""
    lengths = graph.length_m
    edges = [int(fixes.edge[0])]
    starts = [0.0]
    route = [float(fixes.along_m[0])]
    for k in range(1, len(fixes.edge)):
        edge = int(fixes.edge[k])
        driven_m = float(path.driven_m[fixes.fix[k]] - path.driven_m[fixes.fix[k - 1]])
        stays = edge == edges[-1] and fixes.along_m[k] >= fixes.along_m[k - 1] - BACKWARDS_M
        if not stays:
            for following in (*graph.path(edges[-1], edge, way_limit_m(driven_m)), edge):
                starts.append(starts[-1] + float(lengths[edges[-1]]))
                edges.append(following)
        route.append(max(route[-1], starts[-1] + float(fixes.along_m[k])))
    return _Leg(fixes, edges, np.array(starts), np.array(route))


def _without_tips(leg: _Leg, graph: RoadGraph) -> _Leg | None:
    """Cut off the first and the last link if hardly anything of them was driven."""
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
    route_m = np.clip(leg.route_m, leg.starts_m[first], ends_m[last])
    if route_m[-1] <= route_m[0]:
        return None
    return _Leg(leg.fixes, leg.edges[first : last + 1], leg.starts_m[first : last + 1], route_m)


def _smooth_along(path: DrivePath, leg: _Leg) -> Floats:
    """Follow the distance driven, and let the fixes correct it slowly."""
    driven_m = path.driven_m[leg.fixes.fix]
    t_s = path.t_s[leg.fixes.fix]
    step_s = float(np.clip(np.median(np.diff(t_s)), 0.05, 5.0))
    grid_s = np.arange(t_s[0], t_s[-1] + step_s, step_s)
    ahead_m = np.interp(grid_s, t_s, leg.route_m - driven_m)
    smooth_m = gaussian_filter1d(ahead_m, SMOOTH_S / step_s, mode="nearest")
    route_m = driven_m + np.interp(t_s, grid_s, smooth_m)
    return np.maximum.accumulate(np.clip(route_m, leg.route_m[0], leg.route_m[-1]))


def _steps(
    graph: RoadGraph, leg: _Leg, route_m: Floats, number: int, begins_m: float
) -> list[RouteStep]:
    """Return the stretches of links from the first fix to the last, joined where one goes on."""
    steps: list[RouteStep] = []
    for edge, start_m in zip(leg.edges, leg.starts_m, strict=True):
        length_m = float(graph.length_m[edge])
        from_m, to_m = max(start_m, route_m[0]), min(start_m + length_m, route_m[-1])
        if to_m <= from_m:
            continue
        is_forward = bool(graph.forward[edge])
        direction = Direction.FORWARD if is_forward else Direction.BACKWARD
        zero_m = float(graph.from_m[edge] if is_forward else graph.to_m[edge])
        new = RouteStep(
            leg=number,
            link=int(graph.link[edge]),
            direction=direction,
            from_offset_m=zero_m + direction.sign * (from_m - start_m),
            to_offset_m=zero_m + direction.sign * (to_m - start_m),
            from_route_m=begins_m + from_m,
            to_route_m=begins_m + to_m,
        )
        last = steps[-1] if steps else None
        if last and (last.link, last.direction) == (new.link, new.direction):
            if abs(last.to_offset_m - new.from_offset_m) < 1e-6:
                steps[-1] = RouteStep(
                    number,
                    last.link,
                    direction,
                    last.from_offset_m,
                    new.to_offset_m,
                    last.from_route_m,
                    new.to_route_m,
                )
                continue
        steps.append(new)
    return steps
