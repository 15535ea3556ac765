"""Where streets meet: the junctions by which people name a stretch of road."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from roadscan.model.arrays import Floats, Ints
from roadscan.model.road import Junction, Link, RoadClass
from roadscan.read.network_geometry import MEETS_M, SAME_VERTEX_M

MAX_NAMES: Final = 2
"""Streets named at one junction, the main ones first."""
MAX_STEPS: Final = 50
"""Links that a street is followed over to its next junction."""


def with_junctions(meetings: "Meetings") -> list[Link]:
    """Return the links with the places where named streets meet them.

    Where none does at an end, the street is followed to its next junction, as long as it goes on
    in one link only.
    """
    links = meetings.links
    if not any(link.street for link in links):
        return list(links)
    own = [meetings.junctions_on(number) for number in range(len(links))]
    return [
        replace(
            link, junctions=(*_beyond(meetings, own, k, 0), *own[k], *_beyond(meetings, own, k, 1))
        )
        for k, link in enumerate(links)
    ]


@dataclass(frozen=True, slots=True)
class _Meeting:
    """A node on a link: at its start (0), its end (1), or between (-1)."""

    link: int
    offset_m: float
    end: int
    node: int


@dataclass(frozen=True, slots=True)
class Meetings:
    """Which links meet where."""

    links: Sequence[Link]
    length_m: Floats
    by_link: dict[int, list[_Meeting]]
    by_node: dict[int, list[_Meeting]]

    @classmethod
    def of(cls, links: Sequence[Link]) -> "Meetings":
        """Find where ends meet each other or another link, and where links share a vertex."""
        shapes = np.array([shapely.LineString(link.xy_m) for link in links], dtype=object)
        length_m = shapely.length(shapes)
        by_link: dict[int, list[_Meeting]] = defaultdict(list)
        by_node: dict[int, list[_Meeting]] = defaultdict(list)
        for meeting in _meetings(links, shapes, length_m):
            by_link[meeting.link].append(meeting)
            by_node[meeting.node].append(meeting)
        return cls(links, length_m, by_link, by_node)

    def junctions_on(self, number: int) -> list[Junction]:
        """Return the junctions of a link itself, in order."""
        found = {
            round(meeting.offset_m, 1): names
            for meeting in self.by_link[number]
            if (names := self._names(meeting))
        }
        return sorted(found.items())

    def _names(self, meeting: _Meeting) -> str:
        own = self.links[meeting.link].street
        others = {self.links[other.link].street: "" for other in self.by_node[meeting.node]}
        for other in self.by_node[meeting.node]:
            link = self.links[other.link]
            if link.road_class is not RoadClass.N:
                is_main = link.road_class is RoadClass.A
                others[link.street] = max(others[link.street], "2" if is_main else "1")
        named = [name for name in others if name not in {"", own}]
        named.sort(key=lambda name: (-int(others[name] or 0), name))
        return " / ".join(named[:MAX_NAMES])

    def onward(self, number: int, end: int) -> tuple[int, int] | None:
        """Return the link on which a street goes on behind an end, and the end met; else None."""
        link = self.links[number]
        here = [meeting for meeting in self.by_link[number] if meeting.end == end]
        on = [
            meeting
            for one in here
            for meeting in self.by_node[one.node]
            if meeting.link != number and self.links[meeting.link].street == link.street
        ]
        only = on[0] if len(on) == 1 and link.street else None
        return None if only is None or only.end < 0 else (only.link, only.end)


def islands(meetings: Meetings) -> list[list[int]]:
    """Return the parts that no way connects with the longest one, the longest of them first.

    Each is the numbers of its links, in order.
    """
    count = len(meetings.links)
    pairs = np.array(
        [(here[0].link, other.link) for here in meetings.by_node.values() for other in here[1:]]
    ).reshape(-1, 2)
    joined = coo_array((np.ones(len(pairs), np.bool_), pairs.T), shape=(count, count))
    parts, part = connected_components(joined, directed=False)
    length_m = np.bincount(part, meetings.length_m, parts)
    by_part = np.split(np.argsort(part, kind="stable"), np.cumsum(np.bincount(part))[:-1])
    order = np.argsort(-length_m, kind="stable")[1:]
    return [by_part[number].tolist() for number in order.tolist()]


def _beyond(
    meetings: Meetings, own: Sequence[list[Junction]], number: int, end: int
) -> Iterator[Junction]:
    """Yield the next junction behind an end of a link, unless there is one at the end itself."""
    here_m = meetings.length_m[number] if end else 0.0
    if any(abs(at_m - here_m) <= MEETS_M for at_m, _ in own[number]):
        return
    far_m, current, met = 0.0, number, end
    for _ in range(MAX_STEPS):
        on = meetings.onward(current, met)
        if on is None or on[0] == number:
            return
        current, met = on[0], 1 - on[1]
        length_m = float(meetings.length_m[current])
        if own[current]:
            at_m, name = own[current][0 if met else -1]
            far_m += at_m if met else length_m - at_m
            yield round(float(here_m) + far_m if end else -far_m, 1), name
            return
        far_m += length_m


def _meetings(links: Sequence[Link], shapes: Any, length_m: Floats) -> Iterator[_Meeting]:
    ends = np.array([link.xy_m[k] for link in links for k in (0, -1)])
    group = _groups(ends)
    for number, node in enumerate(group.tolist()):
        side = number % 2
        offset_m = float(length_m[number // 2]) if side else 0.0
        yield _Meeting(number // 2, offset_m, side, node)
    level = np.array([link.level for link in links])
    points: Any = shapely.points(ends)
    end, link = shapely.STRtree(shapes).query(points, "dwithin", MEETS_M)
    other = (end // 2 != link) & (level[end // 2] == level[link])
    end, link = end[other], link[other]
    offset = shapely.line_locate_point(shapes[link], points[end])
    inside = (offset > MEETS_M) & (offset < length_m[link] - MEETS_M)
    for node, number, offset_m in zip(
        group[end[inside]].tolist(), link[inside].tolist(), offset[inside].tolist(), strict=True
    ):
        yield _Meeting(number, offset_m, -1, node)
    yield from _shared_vertices(links, level, int(group.max()) + 1)


def _shared_vertices(links: Sequence[Link], level: Ints, first: int) -> Iterator[_Meeting]:
    """Yield where links cross at a vertex inside both of them."""
    inner = [link.xy_m[1:-1] for link in links]
    owner = np.repeat(np.arange(len(links)), [len(xy) for xy in inner])
    if not len(owner):
        return
    places = np.round(np.concatenate(inner) / SAME_VERTEX_M).astype(np.int64)
    key = np.column_stack([places, level[owner]])
    _, which, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    shared = np.flatnonzero(count[which] > 1)
    before = np.concatenate([[0], np.cumsum([len(xy) for xy in inner])])
    for number in shared.tolist():
        link = int(owner[number])
        xy_m = links[link].xy_m[: number - int(before[link]) + 2]
        offset_m = float(np.hypot(*np.diff(xy_m, axis=0).T).sum())
        yield _Meeting(link, offset_m, -1, first + int(which[number]))


def _groups(ends: Floats) -> Ints:
    """Return the number of the node that each end belongs to."""
    pairs = cKDTree(ends).query_pairs(MEETS_M, output_type="ndarray")
    joined = coo_array((np.ones(len(pairs), np.bool_), pairs.T), shape=(len(ends), len(ends)))
    _, group = connected_components(joined, directed=False)
    found: Ints = group
    return found
