"""The track formats: everything that the rest of roadscan knows of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from roadscan.read.track_csv import SEPARATORS, read_csv
from roadscan.read.track_fixes import Fixes
from roadscan.read.track_geojson import read_geojson
from roadscan.read.track_gpx import read_gpx
from roadscan.read.track_nmea import read_nmea


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """One format of tracks."""

    name: str
    word: str
    """What people call it."""
    suffixes: tuple[str, ...]
    shows: Callable[[str], bool]
    """Whether the head of a file, without leading blanks, is of this format."""
    read: Callable[[str], Fixes]
    """Read a whole text; a ValueError says what is wrong with it."""


NMEA_LINES: Final = re.compile(r"\$[A-Z]{2}(?:RMC|GGA|GSA|GSV|GLL|VTG),")


def _root(name: str) -> Callable[[str], bool]:
    """Return what finds an XML element, with any prefix."""
    element = re.compile(rf"<(?:[\w.-]+:)?{name}[\s>/]")
    return lambda head: head.startswith("<") and element.search(head[:65536]) is not None


def _shows_csv(head: str) -> bool:
    first_line = head.split("\n", 1)[0]
    return (
        not head.startswith("<")
        and "\x00" not in head[:4096]
        and (any(separator in first_line for separator in SEPARATORS) or first_line[0:1] == "#")
    )


TRACK_FORMATS: Final = (
    TrackFormat("gpx", "GPX", (".gpx",), _root("gpx"), read_gpx),
    TrackFormat("geojson", "GeoJSON", (".geojson",), lambda head: head[:1] == "{", read_geojson),
    TrackFormat("nmea", "NMEA", (".nmea",), lambda head: bool(NMEA_LINES.search(head)), read_nmea),
    TrackFormat("csv", "CSV", (".csv",), _shows_csv, read_csv),
)
"""In the order in which a file is tried."""

NAMES: Final = ", ".join(one.word for one in TRACK_FORMATS[:-1]) + f" or {TRACK_FORMATS[-1].word}"
