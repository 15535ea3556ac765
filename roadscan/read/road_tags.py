"""Interpretation of tags and columns: class, surface, one-way, width, in or out of town."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from math import isnan, nan

from roadscan.model.road import RoadClass, Surface

NO = frozenset({"", "no", "false", "0", "both", "n", "f", "none", "nan"})
YES = frozenset({"yes", "true", "1", "y", "t", "forward", "f_only", "ja"})
REVERSE = frozenset({"-1", "reverse", "backward"})
RURAL_MAXSPEED_KMH = 70.0
"""In German towns the limit is 50, on main roads at most 70; above that a road is outside."""
TRAFFIC_RULES = ("zone:traffic", "source:maxspeed", "maxspeed:type", "maxspeed")
MOTORWAYS = frozenset({"motorway", "motorway_link"})
ROUNDABOUTS = frozenset({"roundabout", "circular"})
WIDTHS_M = (2.0, 6.0)
"""A lane narrower or wider than this is an error in the data; the scheme's width is used."""
MAX_LEVEL = 20


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, list[str]]]:
    text = files("roadscan.read").joinpath("highways.toml").read_text(encoding="utf-8")
    table: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return table


def road_class_of(given: str, highway: str) -> RoadClass:
    """Return the class of area: the network's own, else derived from the highway, else B."""
    code = given.strip().upper()
    if code in set(RoadClass):
        return RoadClass(code)
    for name, highways in _table()["road_class"].items():
        if highway in highways:
            return RoadClass(name)
    return RoadClass.B


def surface_of(given: str) -> Surface:
    """Return the class of construction; asphalt if not given."""
    name = given.strip().lower()
    if not name:
        return Surface.ASPHALT
    for surface, names in _table()["surface"].items():
        if name in names:
            return Surface(surface)
    return Surface.OTHER


def is_known_surface(given: str) -> bool:
    """Tell whether a surface is listed; an empty one counts as known."""
    name = given.strip().lower()
    return not name or any(name in names for names in _table()["surface"].values())


def is_drawn_from_osm(highway: str) -> bool:
    """Tell whether an OpenStreetMap way of this kind becomes a link."""
    return highway in _table()["driven"]["osm"]


def is_driven(highway: str) -> bool:
    """Tell whether a survey vehicle may use such a road; an unstated kind counts as one."""
    return not highway or highway in _table()["driven"]["yes"]


def directions_of(oneway: str, tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Return whether a link may be driven forward and backward."""
    if not is_driven(tags.get("highway", "")):
        return False, False
    value = oneway.strip().lower()
    if value in REVERSE:
        return False, True
    implied = tags.get("junction") in ROUNDABOUTS or tags.get("highway") in MOTORWAYS
    one_way = value in YES or (value == "" and implied)
    return True, not one_way


def lane_width_of(lane_width: str, width: str, lanes: str, *, default_lanes: int) -> float:
    """Return a plausible lane width in metres, else NaN."""
    own = number_in(lane_width)
    count = number_in(lanes)
    per_lane = number_in(width) / max(1.0, default_lanes if isnan(count) else count)
    for value in (own, per_lane):
        if WIDTHS_M[0] <= value <= WIDTHS_M[1]:
            return value
    return nan


def is_outside_town(given: str, tags: Mapping[str, str]) -> bool:
    """Tell whether a link is outside a town: as stated, else by its traffic rules."""
    value = given.strip().lower()
    if value:
        return value not in NO
    rules = {tags.get(key, "").lower() for key in TRAFFIC_RULES}
    if tags.get("highway") in MOTORWAYS or any(
        rule.endswith((":rural", ":motorway")) for rule in rules
    ):
        return True
    if any(rule.endswith(":urban") for rule in rules):
        return False
    return number_in(tags.get("maxspeed", "")) > RURAL_MAXSPEED_KMH


def level_of(tags: Mapping[str, str]) -> int:
    """Return the level of a bridge or tunnel, 0 on the ground."""
    layer = number_in(tags.get("layer", ""))
    if abs(layer) <= MAX_LEVEL and layer != 0:
        return int(layer)
    if tags.get("bridge", "no").lower() not in NO:
        return 1
    return -1 if tags.get("tunnel", "no").lower() not in NO else 0


def number_in(text: str) -> float:
    """Return the number at the start of a text, else NaN."""
    found = re.match(r"\s*(-?\d+(?:[.,]\d+)?)", text)
    return float(found.group(1).replace(",", ".")) if found else nan
