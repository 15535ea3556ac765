"""Tracks as GPX 1.0 and 1.1."""

from xml.etree.ElementTree import Element

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, number_or_nan, time_or_nan
from roadscan.read.track_xml import closed_elements, local_name

OWN = frozenset({"time", "hdop", "speed", "course"})
"""Elements of a point itself that are used."""
EXTENDED = frozenset({"hdop", "speed", "course", "accuracy"})
"""Elements that are used at any depth of a point's extensions, where it has none of its own: a
time there is of something else, such as when a sensor was last heard."""


def read_gpx(text: str) -> Fixes:
    """Read every segment of every track as a separate part; routes have no times and are skipped.

    Speed, course and accuracy come from the point's own elements or from its extensions
    (`speed`, `course`, `accuracy`, in any namespace). A file that ends in the middle is used as far
    as it goes. A document type, and with it every entity, is refused.

    Raises
    ------
    ValueError
        If it is not well-formed, declares entities, or is nested too deeply for GPX.
    """
    fixes = Fixes()
    part = 0
    own: dict[str, str] = {}
    extended: dict[str, str] = {}
    for element, parents in closed_elements(text, fixes.warnings):
        name = local_name(element)
        parent = parents[-1] if parents else None
        if name == "trkpt":
            _add(fixes, element, extended | own, part)
            own, extended = {}, {}
        elif name == "trkseg":
            part += 1
        elif parent is None or not element.text:
            continue
        elif name in OWN and local_name(parent) == "trkpt" and _same_vocabulary(element, parent):
            own[name] = element.text
        elif name in EXTENDED and any(local_name(around) == "trkpt" for around in parents):
            extended.setdefault(name, element.text)
    return fixes


def _same_vocabulary(element: Element, parent: Element) -> bool:
    """Tell whether an element belongs to the vocabulary of its parent."""
    return str(element.tag).rpartition("}")[0] == str(parent.tag).rpartition("}")[0]


def _add(fixes: Fixes, point: Element, said: dict[str, str], part: int) -> None:
    hdop = number_or_nan(said.get("hdop"))
    fixes.add(
        time_or_nan(said.get("time")),
        number_or_nan(point.get("lon")),
        number_or_nan(point.get("lat")),
        speed_mps=number_or_nan(said.get("speed")),
        course_deg=number_or_nan(said.get("course")),
        accuracy_m=number_or_nan(said.get("accuracy", hdop * HDOP_TO_M)),
        part=part,
    )
