"""What is wrong with the lines of a network where they lie: copies, gaps, crossings without a node.

Unambiguous faults are repaired and reported: a copy is left out, an end just short of its neighbour
is moved onto it. Everything else is only reported. The lines are in a metric CRS.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from roadscan.model.arrays import Bools, Floats, Ints
from roadscan.model.road import Link, RoadClass
from roadscan.read.network_faults import Fault, LineFault

MEETS_M: Final = 0.3
"""Ends nearer than this to another line are joined to it anyway (`locate.road_graph`)."""
SNAP_M: Final = 1.0
"""An end up to this far from its neighbour is moved onto it."""
GAP_M: Final = 3.0
"""An end up to this far from its neighbour is reported."""
SAME_M: Final = 0.2
"""Lines nowhere further apart than this are copies of each other."""
BESIDE_M: Final = 2.0
"""A line this close to another of the same road is no carriageway of its own."""
MIN_BESIDE: Final = 0.7
"""Share of a line's length that runs beside another one, from which it is a double line."""
MIN_BESIDE_M: Final = 10.0
"""Shorter lines, such as those inside a junction, do lie this close."""
ALONG_M: Final = 0.3
"""A line this close to another runs along it, which no two separate roads do."""
EVERY_M: Final = 5.0
"""Spacing of the points at which a line is compared with others."""
MIN_ALONG_M: Final = 10.0
"""Lines that meet at a sharp angle run along each other for less."""
SAME_VERTEX_M: Final = 0.01


@dataclass(frozen=True, slots=True)
class ReadLink:
    """A link, the number of its feature in the file, and its kind of road, "" if not stated."""

    link: Link
    number: int
    highway: str = ""

    def fault(self, kind: LineFault, value: str = "") -> Fault:
        """Return a fault of this line."""
        return Fault(self.number, kind, value, self.link.link_id)

    @property
    def name(self) -> str:
        """Name of the line in messages."""
        return f"{self.link.link_id}" + (f" (#{self.number})" if self.number else "")


def mend_lines(lines: Sequence[ReadLink]) -> tuple[list[ReadLink], list[Fault]]:
    """Leave copies out and close small gaps; return the lines and what is or was wrong."""
    kept, faults = _without_copies(lines)
    joined, gaps = _joined(kept)
    return joined, [*faults, *gaps, *_crossings(joined)]


def _shapes(lines: Sequence[ReadLink]) -> Any:
    return np.array([shapely.LineString(line.link.xy_m) for line in lines], dtype=object)


def _without_copies(lines: Sequence[ReadLink]) -> tuple[list[ReadLink], list[Fault]]:
    """Leave out lines that lie on an earlier one and carry the same lane."""
    shapes = _shapes(lines)
    left_out: set[int] = set()
    faults: list[Fault] = []
    for pair in _side_by_side(lines, shapes):
        if pair.first in left_out or pair.second in left_out:
            continue
        a, b = lines[pair.first], lines[pair.second]
        line_a, line_b = shapes[pair.first], shapes[pair.second]
        reversed_ = _is_reversed(line_a, line_b)
        if not _share_a_lane(a.link, b.link, reversed_=reversed_):
            continue
        if shapely.hausdorff_distance(line_a, line_b) <= SAME_M:
            left_out.add(pair.second)
            kind = LineFault.COPY_REVERSED if reversed_ else LineFault.COPY
            faults.append(b.fault(kind, f"{a.name}{_difference(a.link, b.link)}"))
        elif (along_m := _along_m(line_a, line_b) if pair.on else 0.0) >= MIN_ALONG_M:
            faults.append(b.fault(LineFault.COPY_PARTIAL, f"{a.name}, {along_m:.1f} m"))
        elif pair.beside_m >= MIN_BESIDE_M and _is_same_road(a, b):
            value = f"{a.name}, {pair.beside_m:.0f} m{_difference(a.link, b.link)}"
            faults.append(b.fault(LineFault.DOUBLE_LINE, value))
    return [line for k, line in enumerate(lines) if k not in left_out], faults


def _along_m(first: shapely.LineString, second: shapely.LineString) -> float:
    """Return how much of the second line lies on the first one."""
    return float(second.intersection(first.buffer(ALONG_M)).length)


def _is_same_road(a: ReadLink, b: ReadLink) -> bool:
    """Tell whether two lines beside each other may be one road: a path beside it is another."""
    names = {a.link.street, b.link.street} - {""}
    is_path = [line.link.road_class is RoadClass.N for line in (a, b)]
    return len(names) < 2 and is_path[0] == is_path[1] and a.highway == b.highway


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two lines of one level that may run along each other, by number, the earlier first."""

    first: int
    second: int
    on: bool
    """Whether they come within `ALONG_M` in more than one place."""
    beside_m: float
    """How far one of them runs within `BESIDE_M` of the other, if that is most of it."""


def _side_by_side(lines: Sequence[ReadLink], shapes: Any) -> Iterator[_Pair]:
    length_m = shapely.length(shapes)
    count = np.maximum(1, np.round(length_m / EVERY_M)).astype(np.int64)
    owner = np.repeat(np.arange(len(lines)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    places = shapely.line_interpolate_point(
        shapes[owner], (number + 0.5) * (length_m / count)[owner]
    )
    place, other = shapely.STRtree(shapes).query(places, "dwithin", BESIDE_M)
    level = np.array([line.link.level for line in lines])
    keep = (owner[place] != other) & (level[owner[place]] == level[other])
    place, other = place[keep], other[keep]
    if not len(place):
        return
    is_on = shapely.dwithin(places[place], shapes[other], ALONG_M)
    pairs, which, beside = np.unique(
        np.column_stack([owner[place], other]), axis=0, return_inverse=True, return_counts=True
    )
    on = np.bincount(which.ravel(), is_on, len(pairs))
    own = pairs[:, 0]
    on_enough = on >= np.minimum(2, count[own])
    beside_m = np.where(beside >= MIN_BESIDE * count[own], beside / count[own] * length_m[own], 0.0)
    found: dict[tuple[int, int], _Pair] = {}
    for k in np.flatnonzero(on_enough | (beside_m >= MIN_BESIDE_M)).tolist():
        first, second = sorted(pairs[k].tolist())
        known = found.get((first, second), _Pair(first, second, on=False, beside_m=0.0))
        found[first, second] = _Pair(
            first,
            second,
            on=known.on or bool(on_enough[k]),
            beside_m=max(known.beside_m, float(beside_m[k])),
        )
    yield from (found[key] for key in sorted(found))


def _is_reversed(first: shapely.LineString, second: shapely.LineString) -> bool:
    """Tell whether the second line runs against the first one along it."""
    steps = shapely.line_interpolate_point(second, np.linspace(0.1, 0.9, 9), normalized=True)
    near = shapely.dwithin(steps, first, BESIDE_M)
    on_first = shapely.line_locate_point(first, steps[near])
    return bool(np.sum(np.sign(np.diff(on_first))) < 0)


def _share_a_lane(a: Link, b: Link, *, reversed_: bool) -> bool:
    """Tell whether two lines on each other carry one lane twice; a pair of one-ways does not."""
    forward, backward = (b.backward, b.forward) if reversed_ else (b.forward, b.backward)
    return (a.forward and forward) or (a.backward and backward)


def _difference(a: Link, b: Link) -> str:
    """Describe how a copy differs from the line that stays, as far as that affects a result."""
    told = {
        "road_class": (a.road_class, b.road_class),
        "surface": (a.surface, b.surface),
        "street": (a.street, b.street),
        "lane_width": (a.lane_width_m, b.lane_width_m),
        "oneway": (a.forward != a.backward, b.forward != b.backward),
    }
    found = [f"{name} {mine} / {own}" for name, (mine, own) in told.items() if mine != own]
    return "".join(f"; {text}" for text in found)


def _joined(lines: Sequence[ReadLink]) -> tuple[list[ReadLink], list[Fault]]:
    """Move ends that miss their neighbour by up to `SNAP_M` onto it; tell those up to `GAP_M`."""
    shapes = _shapes(lines)
    ends = np.array([line.link.xy_m[k] for line in lines for k in (0, -1)])
    miss_m, onto, name = _nearest(lines, shapes, ends)
    loose = (miss_m > MEETS_M) & (miss_m <= GAP_M)
    # a line shorter than what both ends may move would fold
    room = np.repeat(shapely.length(shapes) > 2 * SNAP_M, 2)
    moves = loose & (miss_m <= SNAP_M) & room
    target = _targets(ends, moves, onto)
    faults = []
    for end in np.flatnonzero(loose).tolist():
        own = end // 2 == name[end]
        moved_m = float(np.hypot(*(target[end] - ends[end])))
        kind = {
            (True, True): LineFault.LOOP_CLOSED,
            (True, False): LineFault.LOOP_OPEN,
            (False, True): LineFault.END_MOVED,
            (False, False): LineFault.END_SHORT,
        }[bool(own), bool(moves[end])]
        if own and end % 2:
            continue  # reported at the start of the loop
        value = f"{moved_m if moves[end] else miss_m[end]:.2f} m"
        value += "" if own else f", {lines[name[end]].name}"
        faults.append(lines[end // 2].fault(kind, value))
    return [
        _with_ends(line, target[2 * k], target[2 * k + 1]) for k, line in enumerate(lines)
    ], faults


def _nearest(lines: Sequence[ReadLink], shapes: Any, ends: Floats) -> tuple[Floats, Floats, Ints]:
    """Return of each end how far the next line is, its nearest place, and its number.

    NaN where nothing is within `GAP_M`. The other end of the same line counts if the line is long.
    """
    points: Any = shapely.points(ends)
    end, other = shapely.STRtree(shapes).query(points, "dwithin", GAP_M)
    level = np.array([line.link.level for line in lines])
    keep = (end // 2 != other) & (level[end // 2] == level[other])
    end, other = end[keep], other[keep]
    on_line = shapely.line_interpolate_point(
        shapes[other], shapely.line_locate_point(shapes[other], points[end])
    )
    place = np.column_stack([shapely.get_x(on_line), shapely.get_y(on_line)])
    pairs = cKDTree(ends).query_pairs(GAP_M, output_type="ndarray")
    own = pairs[:, 0] // 2 == pairs[:, 1] // 2
    long = shapely.length(shapes)[pairs[:, 0] // 2] > 4 * GAP_M
    pairs = pairs[~own | long]
    end = np.concatenate([end, pairs[:, 0], pairs[:, 1]])
    other = np.concatenate([other, pairs[:, 1] // 2, pairs[:, 0] // 2])
    place = np.concatenate([place, ends[pairs[:, 1]], ends[pairs[:, 0]]])
    is_end = np.arange(len(end)) >= len(end) - 2 * len(pairs)
    away_m = np.hypot(*(place - ends[end]).T)
    nearest_m, onto = np.full(len(ends), np.nan), ends.copy()
    name = np.full(len(ends), -1)
    # the nearest wins, and an end before the middle of a line that is hardly nearer
    far_first = np.argsort(away_m - np.where(is_end, MEETS_M, 0.0))[::-1]
    end, other, place, away_m = (values[far_first] for values in (end, other, place, away_m))
    nearest_m[end], onto[end], name[end] = away_m, place, other  # of several the last one stays
    touching = np.unique(end[away_m <= MEETS_M])
    nearest_m[touching] = 0.0
    return nearest_m, onto, name


def _targets(ends: Floats, moves: Bools, onto: Floats) -> Floats:
    """Return where each end goes: ends near each other meet in one place."""
    target = np.where(moves[:, None], onto, ends)
    pairs = cKDTree(ends).query_pairs(SNAP_M, output_type="ndarray")
    pairs = pairs[moves[pairs].any(axis=1)]
    if not len(pairs):
        return target
    linked = coo_array((np.ones(len(pairs), np.bool_), pairs.T), shape=(len(ends), len(ends)))
    _, group = connected_components(linked, directed=False)
    by_group = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[by_group], np.arange(group.max() + 2))
    for number in np.unique(group[pairs]).tolist():
        members = by_group[starts[number] : starts[number + 1]]
        fixed = members[~moves[members]]
        middle = ends[fixed if len(fixed) else members].mean(axis=0)
        going = members[moves[members]]
        near = np.hypot(*(ends[going] - middle).T) <= SNAP_M
        target[going[near]] = middle
    return target


def _with_ends(line: ReadLink, start: Floats, end: Floats) -> ReadLink:
    xy = line.link.xy_m
    if np.array_equal(xy[0], start) and np.array_equal(xy[-1], end):
        return line
    return replace(line, link=replace(line.link, xy_m=np.vstack([start, xy[1:-1], end])))


def _crossings(lines: Sequence[ReadLink]) -> Iterator[Fault]:
    """Tell where two lines of one level cross and neither has an end or a common vertex there."""
    shapes = _shapes(lines)
    level = np.array([line.link.level for line in lines])
    a, b = shapely.STRtree(shapes).query(shapes, "crosses")
    once = (a < b) & (level[a] == level[b])
    a, b = a[once], b[once]
    for first, second, met in zip(a, b, shapely.intersection(shapes[a], shapes[b]), strict=True):
        places = shapely.get_coordinates(met)
        for place in places:
            corners = [_apart_m(lines[k].link.xy_m, place) for k in (first, second)]
            at_end = any(min(apart[0], apart[-1]) <= MEETS_M for apart in corners)
            if not at_end and any(apart.min() > SAME_VERTEX_M for apart in corners):
                yield lines[first].fault(LineFault.CROSSING_WITHOUT_NODE, lines[second].name)
                break


def _apart_m(xy_m: Floats, place: Floats) -> Floats:
    apart: Floats = np.hypot(*(xy_m - place).T)
    return apart
