"""Tracks as TCX, Garmin's format of training sessions."""

from roadscan.read.track_fixes import Fixes, number_or_nan, time_or_nan
from roadscan.read.track_xml import closed_elements, local_name

IN_POINT = {
    ("time", "trackpoint"): "time",
    ("latitudedegrees", "position"): "lat",
    ("longitudedegrees", "position"): "lon",
    ("speed", "tpx"): "speed",
}
"""What is used of a point, by element and the one around it."""


def read_tcx(text: str) -> Fixes:
    """Read the points of every `Track` as a separate part; the speed is in m/s.

    Raises
    ------
    ValueError
        If it is not well-formed, declares entities, or is nested too deeply.
    """
    fixes = Fixes()
    said: dict[str, str] = {}
    part = 0
    for element, parents in closed_elements(text, fixes.warnings):
        name, parent = local_name(element), local_name(parents[-1]) if parents else ""
        if name == "trackpoint":
            fixes.add(
                time_or_nan(said.get("time")),
                number_or_nan(said.get("lon")),
                number_or_nan(said.get("lat")),
                speed_mps=number_or_nan(said.get("speed")),
                part=part,
            )
            said = {}
        elif name == "track":
            part += 1
        elif (name, parent) in IN_POINT and any(local_name(p) == "trackpoint" for p in parents):
            said[IN_POINT[name, parent]] = element.text or ""
    return fixes
