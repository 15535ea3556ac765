"""A line of a network as its file has it, before it becomes a link."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadscan.model.arrays import Floats

MAX_TEXT = 200
"""Characters of a name or id that are kept: none of a road is longer."""


@dataclass(frozen=True, slots=True)
class RawLink:
    """Geometry in WGS84 and what the file says, as text; "" where it says nothing."""

    link_id: str
    lonlat: Floats
    """(n, 2) longitude and latitude in degrees."""
    street: str = ""
    street_key: str = ""
    road_class: str = ""
    surface: str = ""
    oneway: str = ""
    lane_width: str = ""
    width: str = ""
    lanes: str = ""
    outside_town: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    """OpenStreetMap tags that decide on class, town and level."""


def plain_text(value: object) -> str:
    """Return one line of printable text, "" for what is no single value or missing."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, (str, int, float)) or value != value:  # noqa: PLR0124 -- NaN
        return ""
    text = str(value)[: 2 * MAX_TEXT]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:MAX_TEXT]
