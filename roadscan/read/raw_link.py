"""A line of a network as its file has it, before it becomes a link."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadscan.model.arrays import Floats


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
