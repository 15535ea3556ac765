"""Preview of a network: how its columns are interpreted and which lines have faults."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final

from roadscan.read.network_faults import Assumption, Fault, Island, LineFault
from roadscan.read.network_mapping import MEANINGS, NetworkMapping, id_parts
from roadscan.read.network_rows import Lines, Reading, Row, text_of
from roadscan.read.road_tags import (
    INSIDE,
    OUTSIDE,
    directions_of,
    in_metres,
    is_known_surface,
    lane_width_of,
    number_in,
    oneway_code,
)

EXAMPLES: Final = 3
MAX_ISLANDS: Final = 20
MAX_FAULTS: Final = 100
"""Faults listed individually; the rest are only counted."""
WIDEST_ROAD_M: Final = 60.0
"""A width above this is in another unit."""
_EXAMPLE_CHARACTERS: Final = 40
_GARBLED: Final = re.compile("[\u00c2\u00c3][\u0080-\u00bf\u0152-\u2122]|\ufffd")
"""Remains of a UTF-8 umlaut that was decoded with another encoding."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a network."""

    name: str
    filled: int
    """Number of lines with a value."""
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IslandTotal:
    """All parts of a network that are not connected with the rest."""

    islands: int = 0
    links: int = 0
    length_m: float = 0.0

    @classmethod
    def of(cls, islands: Sequence[Island]) -> "IslandTotal":
        """Add islands up."""
        return cls(
            len(islands),
            sum(island.links for island in islands),
            round(sum(island.length_m for island in islands), 1),
        )


@dataclass(frozen=True, slots=True)
class NetworkPreview:
    """Everything that a person should check before a network is used."""

    lines: int
    columns: tuple[Column, ...]
    taken: dict[str, str]
    """Column used for each meaning; "" where there is none."""
    faults: tuple[Fault, ...]
    """At most `MAX_FAULTS`."""
    fault_counts: dict[str, int]
    assumed: tuple[Assumption, ...] = ()
    carried: tuple[str, ...] = ()
    """Columns carried into the layers as they are."""
    islands: tuple[Island, ...] = ()
    """Parts that are not connected with the rest, the longest first; at most `MAX_ISLANDS`."""
    all_islands: IslandTotal = IslandTotal()
    encoding: str = ""
    """That was found out because the file declares none."""


def preview_lines(
    lines: Lines,
    mapping: NetworkMapping,
    of_geometry: Sequence[Fault] = (),
    assumed: Sequence[Assumption] = (),
    islands: Sequence[Island] = (),
) -> NetworkPreview:
    """Preview the lines of a network under a mapping, with what else was found wrong with them."""
    reading = Reading.of(lines, mapping)
    counts, shown = _counted([*_faults(lines, reading), *of_geometry])
    return NetworkPreview(
        len(lines.rows),
        tuple(_column(name, lines) for name in lines.columns),
        {
            meaning: next(
                (
                    name
                    for name in getattr(reading.columns, meaning)
                    if {*id_parts(name)} <= {*lines.columns}
                ),
                "",
            )
            for meaning in MEANINGS
        },
        shown,
        counts,
        tuple(assumed),
        mapping.carry,
        tuple(islands[:MAX_ISLANDS]),
        IslandTotal.of(islands),
        lines.encoding,
    )


def preview_ways(
    links: int,
    of_geometry: Sequence[Fault],
    assumed: Sequence[Assumption],
    islands: Sequence[Island] = (),
) -> NetworkPreview:
    """Preview OpenStreetMap data, which have no columns to choose from."""
    counts, shown = _counted(of_geometry)
    return NetworkPreview(
        links,
        (),
        {},
        shown,
        counts,
        tuple(assumed),
        islands=tuple(islands[:MAX_ISLANDS]),
        all_islands=IslandTotal.of(islands),
    )


def _counted(faults: Sequence[Fault]) -> tuple[dict[str, int], tuple[Fault, ...]]:
    """Count the faults of each kind, and return the first ones; each kind is among them."""
    counts = Counter(fault.kind.value for fault in faults)
    each = max(1, MAX_FAULTS // max(1, len(counts)))
    seen = Counter[str]()
    first, more = list[Fault](), list[Fault]()
    for fault in sorted(faults, key=lambda fault: fault.line):
        (first if seen[fault.kind] < each else more).append(fault)
        seen[fault.kind] += 1
    shown = [*first, *more][:MAX_FAULTS]
    return dict(counts), tuple(sorted(shown, key=lambda fault: fault.line))


def _column(name: str, lines: Lines) -> Column:
    texts = [text for row in lines.rows if (text := text_of(row, (name,)))]
    shown = dict.fromkeys(text[:_EXAMPLE_CHARACTERS] for text in texts)
    return Column(name, len(texts), tuple(shown)[:EXAMPLES])


def _faults(lines: Lines, reading: Reading) -> Iterator[Fault]:
    for number in lines.left_out:
        yield Fault(number, LineFault.NO_LINE, "")
    by_id = defaultdict[str, list[int]](list)
    for row in lines.rows:
        by_id[text_of(row, reading.columns.link_id)].append(row.number)
        for kind, value in _value_faults(row, reading):
            yield Fault(row.number, kind, value, text_of(row, reading.columns.link_id))
    without = by_id.pop("", [])
    for number in without if by_id else ():
        yield Fault(number, LineFault.ID_MISSING, "")
    for link_id, numbers in by_id.items():
        for number in numbers if len(numbers) > 1 else ():
            yield Fault(number, LineFault.ID_TWICE, link_id, link_id)


def _value_faults(row: Row, reading: Reading) -> Iterator[tuple[LineFault, str]]:
    columns = reading.columns
    for name, others in reading.other_classes.items():
        given = text_of(row, (name,))
        if given in others:
            yield LineFault.CLASS_UNKNOWN, given
    given = text_of(row, (reading.doubtful_class,))
    if given:
        yield LineFault.CLASS_DOUBTFUL, given
    given = text_of(row, columns.surface)
    given = reading.surface.get(given.lower(), given)
    if not is_known_surface(given):
        yield LineFault.SURFACE_UNKNOWN, given
    given = text_of(row, columns.oneway)
    if given and oneway_code(given) not in reading.oneway:
        yield LineFault.ONEWAY_UNKNOWN, given
    given = text_of(row, columns.outside_town)
    if given and oneway_code(given) not in INSIDE | OUTSIDE:
        yield LineFault.OUTSIDE_UNKNOWN, given
    yield from _width_faults(row, reading)
    given = text_of(row, (*columns.street, *columns.link_id))
    if _GARBLED.search(given):
        yield LineFault.TEXT_GARBLED, given


def _width_faults(row: Row, reading: Reading) -> Iterator[tuple[LineFault, str]]:
    columns = reading.columns
    lane, road = (text_of(row, names) for names in (columns.lane_width, columns.width))
    own, whole = (in_metres(text, columns.width_unit) for text in (lane, road))
    tags = {"junction": text_of(row, ("junction",)), "highway": text_of(row, columns.highway)}
    oneway = reading.oneway.get(oneway_code(text_of(row, columns.oneway)), "")
    ways = sum(directions_of(oneway, tags))
    width_m = lane_width_of(own, whole, text_of(row, columns.lanes), default_lanes=ways)
    given = {text: number_in(metres) for text, metres in ((lane, own), (road, whole)) if text}
    wrong = [text for text, metres in given.items() if metres != 0.0]  # 0 says: not given
    if wrong and isnan(width_m):
        is_unit = any(metres > WIDEST_ROAD_M for metres in given.values())
        yield LineFault.WIDTH_UNIT if is_unit else LineFault.WIDTH_IMPLAUSIBLE, wrong[0]
