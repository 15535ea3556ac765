"""Preview of a network: how its columns are interpreted and which lines have faults."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from math import isnan
from typing import Final

from roadscan.model.road import RoadClass
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.network_rows import GEOFABRIK_ONEWAY, Lines, Row, text_of
from roadscan.read.road_tags import NO, REVERSE, WIDTHS_M, YES, is_known_surface, number_in

MEANINGS: Final = tuple(field.name for field in fields(NetworkMapping))
EXAMPLES: Final = 3
MAX_FAULTS: Final = 100
"""Faults listed individually; the rest are only counted."""
_EXAMPLE_CHARACTERS: Final = 40
_ONEWAY: Final = YES | NO | REVERSE | {letter.lower() for letter in GEOFABRIK_ONEWAY}


class LineFault(StrEnum):
    """A fault of a line, or of a value that then counts as missing."""

    NO_LINE = "no_line"
    """The feature has no line geometry: it is skipped."""
    ID_TWICE = "id_twice"
    """Another line has the same id: the network cannot be used."""
    ID_MISSING = "id_missing"
    """Other lines have an id; this one gets an id from its coordinates."""
    CLASS_UNKNOWN = "class_unknown"
    """Not A, B or N: derived from the highway, else B."""
    SURFACE_UNKNOWN = "surface_unknown"
    """Unknown surface: not scored."""
    ONEWAY_UNKNOWN = "oneway_unknown"
    """Unknown value: both directions count."""
    WIDTH_IMPLAUSIBLE = "width_implausible"
    """No lane width between 2 and 6 m: the scheme's default applies."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a network."""

    name: str
    filled: int
    """Number of lines with a value."""
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one line."""

    line: int
    """Number of the feature in its file, from 1."""
    kind: LineFault
    value: str


@dataclass(frozen=True, slots=True)
class NetworkPreview:
    """What a person should check before a network is used."""

    lines: int
    columns: tuple[Column, ...]
    taken: dict[str, str]
    """Column used for each meaning; "" where there is none."""
    faults: tuple[Fault, ...]
    """At most `MAX_FAULTS`."""
    fault_counts: dict[str, int]


EMPTY_PREVIEW: Final = NetworkPreview(0, (), {}, (), {})
"""For OpenStreetMap, which has no columns."""


def preview_lines(lines: Lines, mapping: NetworkMapping) -> NetworkPreview:
    """Preview the lines of a network under a mapping."""
    columns = lines.columns
    faults = sorted(_faults(lines, mapping), key=lambda fault: fault.line)
    return NetworkPreview(
        len(lines.rows),
        tuple(_column(name, lines) for name in columns),
        {
            meaning: next((n for n in getattr(mapping, meaning) if n in columns), "")
            for meaning in MEANINGS
        },
        tuple(faults[:MAX_FAULTS]),
        dict(Counter(fault.kind.value for fault in faults)),
    )


def _column(name: str, lines: Lines) -> Column:
    texts = [text for row in lines.rows if (text := text_of(row, (name,)))]
    shown = dict.fromkeys(text[:_EXAMPLE_CHARACTERS] for text in texts)
    return Column(name, len(texts), tuple(shown)[:EXAMPLES])


def _faults(lines: Lines, mapping: NetworkMapping) -> Iterator[Fault]:
    for number in lines.left_out:
        yield Fault(number, LineFault.NO_LINE, "")
    by_id = defaultdict[str, list[int]](list)
    for row in lines.rows:
        by_id[text_of(row, mapping.link_id)].append(row.number)
        yield from _value_faults(row, mapping)
    without = by_id.pop("", [])
    for number in without if by_id else ():
        yield Fault(number, LineFault.ID_MISSING, "")
    for link_id, numbers in by_id.items():
        for number in numbers if len(numbers) > 1 else ():
            yield Fault(number, LineFault.ID_TWICE, link_id)


def _value_faults(row: Row, mapping: NetworkMapping) -> Iterator[Fault]:
    given = text_of(row, mapping.road_class)
    if given and given.upper() not in set(RoadClass):
        yield Fault(row.number, LineFault.CLASS_UNKNOWN, given)
    given = text_of(row, mapping.surface)
    if not is_known_surface(given):
        yield Fault(row.number, LineFault.SURFACE_UNKNOWN, given)
    given = text_of(row, mapping.oneway)
    if given.lower() not in _ONEWAY:
        yield Fault(row.number, LineFault.ONEWAY_UNKNOWN, given)
    given = text_of(row, mapping.lane_width)
    width_m = number_in(given)
    if given and (isnan(width_m) or not WIDTHS_M[0] <= width_m <= WIDTHS_M[1]):
        yield Fault(row.number, LineFault.WIDTH_IMPLAUSIBLE, given)
