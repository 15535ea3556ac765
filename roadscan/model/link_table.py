"""The links of a large network in arrays: a link is made when it is asked for.

Half a million links as objects take a second GB of memory and seconds to make; a drive meets some
hundred of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, make_dataclass
from typing import Any, Final, get_type_hints, overload

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from roadscan.model.arrays import Floats, Ints
from roadscan.model.road import Link

LARGE: Final = 2000
"""A network with fewer links is kept as objects."""
_HINTS: Final[dict[str, Any]] = {
    name: hint for name, hint in get_type_hints(Link).items() if name != "xy_m"
}
_NAMES: Final = [name for name in Link.__slots__ if name in _HINTS]
_Row = make_dataclass("_Row", [(name, _HINTS[name]) for name in _NAMES])
_ROW: Final[TypeAdapter[Any]] = TypeAdapter(_Row)


@dataclass(frozen=True, slots=True, eq=False)
class LinkTable(Sequence[Link]):
    """Links by number: `xy_m[first[k]:first[k + 1]]` are the vertices of link k."""

    xy_m: Floats
    """(n, 2) vertices of all links."""
    first: Ints
    rows: npt.NDArray[np.uint8]
    """The other fields of each link as JSON, one after the other."""
    row_first: Ints
    bounds_m: Floats
    """(links, 4) west, south, east, north."""

    @classmethod
    def of(cls, links: Iterable[Link]) -> "LinkTable":
        """Put links into a table, one by one."""
        xy, count, rows = list[Floats](), list[int](), list[bytes]()
        for link in links:
            xy.append(link.xy_m)
            count.append(len(link.xy_m))
            rows.append(_ROW.dump_json(_Row(*(getattr(link, name) for name in _NAMES))))
        xy_m = np.concatenate(xy) if xy else np.empty((0, 2))
        first = _starts(count)
        return cls(
            xy_m,
            first,
            np.frombuffer(b"".join(rows), np.uint8),
            _starts([len(row) for row in rows]),
            _bounds(xy_m, first),
        )

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.first) - 1

    @overload
    def __getitem__(self, number: int) -> Link: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Link]: ...

    def __getitem__(self, number: int | slice) -> Link | Sequence[Link]:
        """Make a link, or a tuple of links."""
        if isinstance(number, slice):
            return tuple(self[k] for k in range(*number.indices(len(self))))
        k = range(len(self))[number]
        row = self.rows[self.row_first[k] : self.row_first[k + 1]].tobytes()
        values = vars(_ROW.validate_json(row))
        return Link(xy_m=np.array(self.xy_m[self.first[k] : self.first[k + 1]]), **values)

    def __iter__(self) -> Iterator[Link]:
        """Make the links one by one."""
        return (self[k] for k in range(len(self)))


def kept(links: Iterable[Link], count: int) -> Sequence[Link]:
    """Return so many links as they are best kept: a large number in a table."""
    return LinkTable.of(links) if count >= LARGE else tuple(links)


def bounds_of(links: Sequence[Link]) -> Floats:
    """Return west, south, east and north of each link (n, 4)."""
    if isinstance(links, LinkTable):
        return links.bounds_m
    if not links:
        return np.empty((0, 4))
    xy_m = np.concatenate([link.xy_m for link in links])
    return _bounds(xy_m, _starts([len(link.xy_m) for link in links]))


def _starts(counts: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _bounds(xy_m: Floats, first: Ints) -> Floats:
    if len(first) < 2:
        return np.empty((0, 4))
    low, high = (edge.reduceat(xy_m, first[:-1]) for edge in (np.minimum, np.maximum))
    return np.hstack([low, high])
