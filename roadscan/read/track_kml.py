"""Tracks as KML: `gx:Track`, or placemarks with a time and a point."""

from math import nan

from roadscan.read.track_fixes import Fixes, number_or_nan, time_or_nan
from roadscan.read.track_xml import closed_elements, local_name


def read_kml(text: str) -> Fixes:
    """Read each `gx:Track` as a separate part, and all placemarks with a time stamp as one.

    Lines without times say nothing of when: they are used for the message alone.

    Raises
    ------
    ValueError
        If it is not well-formed, declares entities, or a track has more or fewer times than
        positions.
    """
    fixes = Fixes()
    times: list[str] = []
    places: list[str] = []
    stamp, point = "", ""
    lines = part = 0
    for element, parents in closed_elements(text, fixes.warnings):
        name, parent = local_name(element), local_name(parents[-1]) if parents else ""
        said = (element.text or "").strip()
        if parent == "track" and name == "when":
            times.append(said)
        elif parent == "track" and name == "coord":
            places.append(said)
        elif name == "track":
            part += 1
            _add_track(fixes, times, places, part)
            times, places = [], []
        elif parent == "timestamp" and name == "when":
            stamp = said
        elif parent == "point" and name == "coordinates":
            point = said
        elif name == "placemark":
            if stamp and point:
                _add(fixes, stamp, point.split(","), 0)
            stamp = point = ""
        elif name == "linestring":
            lines += 1
    if lines and not fixes.t_s:
        fixes.not_read["time"] = f"its {lines} lines have no times"
        fixes.add(nan, nan, nan)
    return fixes


def _add_track(fixes: Fixes, times: list[str], places: list[str], part: int) -> None:
    if len(times) != len(places):
        message = f"a track has {len(places)} positions but {len(times)} times"
        raise ValueError(message)
    for stamp, place in zip(times, places, strict=True):
        _add(fixes, stamp, place.split(), part)


def _add(fixes: Fixes, stamp: str, place: list[str], part: int) -> None:
    lon, lat = place[:2] if len(place) > 1 else ("", "")
    fixes.add(time_or_nan(stamp), number_or_nan(lon), number_or_nan(lat), part=part)
