"""GPX 1.0 and 1.1."""

from math import nan

import gpxpy
from defusedxml.ElementTree import fromstring
from gpxpy.gpx import GPXTrackPoint

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, epoch_s, number_or_nan


def read_gpx(text: str) -> Fixes:
    """Read every segment of every track as a part of its own; routes have no times: left out.

    Speed, course and accuracy come from the point's own elements or from its extensions
    (`speed`, `course`, `accuracy`, in any namespace). Entity declarations are refused.
    """
    _refuse_entities(text)
    fixes = Fixes()
    part = 0
    for track in gpxpy.parse(text).tracks:
        for segment in track.segments:
            for point in segment.points:
                _add(fixes, point, part)
            part += 1
    return fixes


def _refuse_entities(text: str) -> None:
    try:
        fromstring(text.encode(), forbid_dtd=True)
    except Exception as error:
        message = f"not well-formed or not harmless XML: {type(error).__name__} {error}"
        raise ValueError(message) from error


def _add(fixes: Fixes, point: GPXTrackPoint, part: int) -> None:
    extra = _extensions(point)
    hdop = number_or_nan(point.horizontal_dilution)
    fixes.add(
        nan if point.time is None else epoch_s(point.time),
        point.longitude,
        point.latitude,
        speed_mps=number_or_nan(extra.get("speed", point.speed)),
        course_deg=number_or_nan(extra.get("course", point.course)),
        accuracy_m=number_or_nan(extra.get("accuracy", hdop * HDOP_TO_M)),
        part=part,
    )


def _extensions(point: GPXTrackPoint) -> dict[str, str]:
    found: dict[str, str] = {}
    for extension in point.extensions:
        for element in extension.iter():
            if isinstance(element.tag, str) and element.text:
                found[element.tag.rsplit("}", 1)[-1].lower()] = element.text
    return found
