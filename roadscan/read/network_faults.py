"""Faults that the lines of a network can have, and assumptions made about them."""

from dataclasses import dataclass
from enum import StrEnum


class LineFault(StrEnum):
    """A fault of a line, or of a value that then counts as missing."""

    NO_LINE = "no_line"
    """The feature has no line geometry: it is skipped."""
    NO_LENGTH = "no_length"
    """The line, or a part of it, is shorter than 5 cm: it is skipped."""
    COPY = "copy"
    """It lies on another line: left out, so that nothing is scored twice."""
    COPY_REVERSED = "copy_reversed"
    """The same, drawn the other way round."""
    COPY_PARTIAL = "copy_partial"
    """It partly lies on another line: both stay, and its metres may be credited to either."""
    DOUBLE_LINE = "double_line"
    """It runs beside another line of the same street: both stay, its metres may go to either."""
    END_MOVED = "end_moved"
    """Its end narrowly missed a neighbour: moved onto it."""
    END_SHORT = "end_short"
    """Its end misses a neighbour by more: not joined."""
    LOOP_CLOSED = "loop_closed"
    """Its ends narrowly missed each other: joined."""
    LOOP_OPEN = "loop_open"
    """Its ends miss each other by more: not joined."""
    CROSSING_WITHOUT_NODE = "crossing_without_node"
    """It crosses another line, neither is cut there and neither is a bridge: no way to turn."""
    ID_TWICE = "id_twice"
    """Another line has the same id: the network cannot be used."""
    ID_MISSING = "id_missing"
    """Other lines have an id; this one gets an id from its coordinates."""
    CLASS_UNKNOWN = "class_unknown"
    """Not A, B or N: the column is not used for the class."""
    CLASS_DOUBTFUL = "class_doubtful"
    """A or B, which may be its class or its owner: the column is not used for the class."""
    SURFACE_UNKNOWN = "surface_unknown"
    """Unknown surface: not scored."""
    ONEWAY_UNKNOWN = "oneway_unknown"
    """Unknown value: it counts as missing."""
    OUTSIDE_UNKNOWN = "outside_unknown"
    """Neither yes nor no: it counts as missing."""
    WIDTH_IMPLAUSIBLE = "width_implausible"
    """No lane width between 2 and 6 m: the scheme's default applies."""
    WIDTH_UNIT = "width_unit"
    """Width in another unit than metres, it seems: the scheme's default applies."""
    TEXT_GARBLED = "text_garbled"
    """Letters garbled by a wrong encoding."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one line."""

    line: int
    """Number of the feature in its file, from 1; 0 in OpenStreetMap data."""
    kind: LineFault
    value: str
    link_id: str = ""
    """The id of the line; "" if it has none."""


@dataclass(frozen=True, slots=True)
class Island:
    """A part of a network that no way connects with the rest."""

    line: int
    """Number of its first line in the file, from 1."""
    link_id: str
    links: int
    length_m: float


class Assumed(StrEnum):
    """Property of roads that is assumed because the network does not state it."""

    CLASS_SIDE_ROAD = "class_side_road"
    CLASS_BY_HIGHWAY = "class_by_highway"
    SURFACE_ASPHALT = "surface_asphalt"
    BOTH_DIRECTIONS = "both_directions"
    LANE_WIDTH = "lane_width"
    ID_BY_PLACE = "id_by_place"
    NO_STREET = "no_street"


@dataclass(frozen=True, slots=True)
class Assumption:
    """An assumption, with the amount of road it concerns."""

    kind: Assumed
    links: int
    length_m: float
