"""The track formats: everything that the rest of roadscan knows about each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from roadscan.read.track_csv import SEPARATORS, read_csv
from roadscan.read.track_fit import read_fit, shows_fit
from roadscan.read.track_fixes import Fixes
from roadscan.read.track_geojson import read_geojson
from roadscan.read.track_gpx import read_gpx
from roadscan.read.track_kml import read_kml
from roadscan.read.track_nmea import read_nmea
from roadscan.read.track_tcx import read_tcx
from roadscan.read.track_text import decoded


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """One format of tracks."""

    name: str
    word: str
    """Its common name."""
    suffixes: tuple[str, ...]
    shows: Callable[[bytes], bool]
    """Whether a file is of this format."""
    read: Callable[[bytes], Fixes]
    """Read a whole file; a ValueError says what is wrong with it."""


HEAD: Final = 1_000_000
"""Bytes in which a text must show its format: a log may begin with something else."""
NMEA_LINES: Final = re.compile(r"\$[A-Z]{2}(?:RMC|GGA|GSA|GSV|GLL|VTG),")


def _text(read: Callable[[str], Fixes]) -> Callable[[bytes], Fixes]:
    return lambda content: read(decoded(content))


def _head(shows: Callable[[str], bool]) -> Callable[[bytes], bool]:
    """Return what looks at the head of a text, without its leading blanks."""
    return lambda content: shows(decoded(content[:HEAD]).lstrip())


def _root(name: str) -> Callable[[bytes], bool]:
    """Return what finds an XML element, with any prefix."""
    element = re.compile(rf"<(?:[\w.-]+:)?{name}[\s>/]")
    return _head(lambda head: head.startswith("<") and element.search(head[:65536]) is not None)


def _shows_csv(head: str) -> bool:
    first_line = head.split("\n", 1)[0]
    return (
        not head.startswith("<")
        and "\x00" not in head[:4096]
        and (any(separator in first_line for separator in SEPARATORS) or first_line[0:1] == "#")
    )


TRACK_FORMATS: Final = (
    TrackFormat("fit", "FIT", (".fit",), shows_fit, read_fit),
    TrackFormat("gpx", "GPX", (".gpx",), _root("gpx"), _text(read_gpx)),
    TrackFormat("kml", "KML", (".kml",), _root("kml"), _text(read_kml)),
    TrackFormat("tcx", "TCX", (".tcx",), _root("TrainingCenterDatabase"), _text(read_tcx)),
    TrackFormat(
        "geojson", "GeoJSON", (".geojson",), _head(lambda h: h[:1] == "{"), _text(read_geojson)
    ),
    TrackFormat(
        "nmea", "NMEA", (".nmea",), _head(lambda h: bool(NMEA_LINES.search(h))), _text(read_nmea)
    ),
    TrackFormat("csv", "CSV", (".csv",), _head(_shows_csv), _text(read_csv)),
)
"""In the order in which they are tried on a file."""

NAMES: Final = ", ".join(one.word for one in TRACK_FORMATS[:-1]) + f" or {TRACK_FORMATS[-1].word}"
