"""Tracks as GeoJSON: points with a time, or lines with the times of their vertices."""

import json
import re
from math import nan
from pathlib import Path
from typing import Any

from roadscan.read.track_fixes import Fixes, number_or_nan, time_or_nan

TIME = ("time", "timestamp", "datetime", "time_s", "t_s", "utc_ms", "utc")
LINE_TIMES = ("coordTimes", "times", "timestamps")

_TIME_NAME = re.compile(
    rb'"(?:' + "|".join(sorted({*TIME, *LINE_TIMES}, key=len, reverse=True)).encode() + rb')"\s*:'
)
_PIECE_BYTES = 1024**2
_OVERLAP_BYTES = 64


def has_time_names(path: Path) -> bool:
    """Return whether any member of a GeoJSON file is named like a time that tracks have.

    Without one it cannot be a track. Reads piece by piece: a network may have any size.
    """
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            if _TIME_NAME.search(rest + piece):
                return True
            rest = piece[-_OVERLAP_BYTES:]
    return False


def read_geojson(text: str) -> Fixes:
    """Read Point features with a time property and LineString features with `coordTimes`.

    Each line is a separate part; all points together are one.

    Raises
    ------
    ValueError, TypeError, LookupError, AttributeError
        If it is not JSON or not structured as GeoJSON, or a line has more or fewer times than
        positions.
    """
    root = json.loads(text)
    if root.get("type") not in {"FeatureCollection", "Feature"}:
        message = f"type is {str(root.get('type'))[:40]!r}, not FeatureCollection or Feature"
        raise ValueError(message)
    features = root["features"] if root["type"] == "FeatureCollection" else [root]
    fixes = Fixes()
    part = 0
    for feature in features:
        geometry = feature.get("geometry") or {}
        properties = feature.get("properties") or {}
        kind = geometry.get("type")
        if kind == "Point":
            _add_point(fixes, geometry["coordinates"], properties)
        elif kind in {"LineString", "MultiLineString"}:
            part = _add_lines(fixes, geometry, properties, part)
    return fixes


def _add_point(fixes: Fixes, place: list[Any], properties: dict[str, Any]) -> None:
    fixes.add(
        time_or_nan(next((properties[name] for name in TIME if name in properties), None)),
        number_or_nan(place[0]),
        number_or_nan(place[1]),
        speed_mps=number_or_nan(properties.get("speed_mps", properties.get("speed"))),
        course_deg=number_or_nan(properties.get("course_deg", properties.get("course"))),
        accuracy_m=number_or_nan(properties.get("accuracy_m", properties.get("accuracy"))),
    )


def _add_lines(
    fixes: Fixes, geometry: dict[str, Any], properties: dict[str, Any], part: int
) -> int:
    """Append the vertices of each line; return the number of the last part."""
    lines, times = geometry["coordinates"], _line_times(properties)
    if geometry["type"] == "LineString":
        lines, times = [lines], [times]
    elif times:
        _check_number("lines", len(lines), len(times))
    for number, line in enumerate(lines):
        part += 1
        stamps = times[number] if times else []
        if stamps:
            _check_number("positions", len(line), len(stamps))
        for vertex, place in enumerate(line):
            stamp = time_or_nan(stamps[vertex]) if stamps else nan
            fixes.add(stamp, number_or_nan(place[0]), number_or_nan(place[1]), part=part)
    return part


def _check_number(what: str, places: int, times: int) -> None:
    """Refuse times that cannot be assigned: one too many shifts all that follow."""
    if places != times:
        message = f"{places} {what} but {times} times"
        raise ValueError(message)


def _line_times(properties: dict[str, Any]) -> list[Any]:
    nested = properties.get("coordinateProperties") or {}
    for name in LINE_TIMES:
        if name in properties:
            return list(properties[name])
        if name in nested:
            return list(nested[name])
    return []
