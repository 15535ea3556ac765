"""GeoJSON: points with a time, or lines with the times of their vertices."""

import json
from math import nan
from typing import Any

from roadscan.read.track_fixes import Fixes, number_or_nan, parse_time

TIME = ("time", "timestamp", "datetime", "time_s", "t_s", "utc")
LINE_TIMES = ("coordTimes", "times", "timestamps")


def read_geojson(text: str) -> Fixes:
    """Read Point features with a property for the time, and LineString features with `coordTimes`.

    Each line is a part of its own.
    """
    root = json.loads(text)
    features = root["features"] if root.get("type") == "FeatureCollection" else [root]
    fixes = Fixes()
    for part, feature in enumerate(features):
        geometry = feature.get("geometry") or {}
        properties = feature.get("properties") or {}
        kind = geometry.get("type")
        if kind == "Point":
            _add_point(fixes, geometry["coordinates"], properties)
        elif kind in {"LineString", "MultiLineString"}:
            _add_lines(fixes, geometry, properties, part)
    return fixes


def _add_point(fixes: Fixes, place: list[float], properties: dict[str, Any]) -> None:
    time = next((properties[name] for name in TIME if name in properties), None)
    fixes.add(
        parse_time(time),
        number_or_nan(place[0]),
        number_or_nan(place[1]),
        speed_mps=number_or_nan(properties.get("speed_mps", properties.get("speed"))),
        course_deg=number_or_nan(properties.get("course_deg", properties.get("course"))),
        accuracy_m=number_or_nan(properties.get("accuracy_m", properties.get("accuracy"))),
    )


def _add_lines(
    fixes: Fixes, geometry: dict[str, Any], properties: dict[str, Any], part: int
) -> None:
    lines, times = geometry["coordinates"], _line_times(properties)
    if geometry["type"] == "LineString":
        lines = [lines]
        times = [times]
    for number, line in enumerate(lines):
        stamps = times[number] if number < len(times) else []
        for vertex, place in enumerate(line):
            stamp = parse_time(stamps[vertex]) if vertex < len(stamps) else nan
            fixes.add(stamp, number_or_nan(place[0]), number_or_nan(place[1]), part=part)


def _line_times(properties: dict[str, Any]) -> list[Any]:
    nested = properties.get("coordinateProperties") or {}
    for name in LINE_TIMES:
        if name in properties:
            return list(properties[name])
        if name in nested:
            return list(nested[name])
    return []
