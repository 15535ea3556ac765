"""Interpret tags and columns of roads: class, surface, one-way, width, in or out of town."""

import re
import tomllib
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.resources import files
from math import isnan, nan
from typing import Any

from roadscan.model.road import LinkKind, RoadClass, Surface

NO = frozenset({"", "no", "false", "0", "both", "n", "f", "none", "nan", "nein", "falsch"})
YES = frozenset({"yes", "true", "1", "y", "t", "ja", "j", "wahr", "x"})
INSIDE = NO | {"inside", "urban", "innerorts", "io"}
OUTSIDE = YES | {"outside", "rural", "ausserorts", "außerorts", "ao"}
ONEWAY = {
    "forward": frozenset(
        {"yes", "true", "1", "y", "ja", "j", "wahr", "forward", "f_only", "ft", "in", "mit"}
    )
    | {"einbahn", "einbahnstraße", "einbahnstrasse"},
    "backward": frozenset({"-1", "reverse", "backward", "tf", "gegen", "against"}),
    "both": frozenset({"no", "false", "0", "n", "nein", "falsch", "both", "none", "beide"}),
}
"""Values of a one-way column whose meaning does not depend on its other values."""
FROM_TO = {"f": "forward", "t": "backward", "b": "both"}
"""From, to and both (Geofabrik, HERE); a B in the column shows that it uses this code."""
TRUE_FALSE = {"t": "forward", "f": "both"}
"""True and false, if the column holds both of them and no B."""
RURAL_MAXSPEED_KMH = 70.0
"""In German towns the limit is 50, on main roads at most 70; a road with more is outside."""
TRAFFIC_RULES = ("zone:traffic", "source:maxspeed", "maxspeed:type", "maxspeed")
MOTORWAYS = frozenset({"motorway", "motorway_link"})
ROUNDABOUTS = frozenset({"roundabout", "circular"})
WIDTHS_M = (2.0, 6.0)
"""A lane narrower or wider than this is an error in the data; the scheme's width is used."""
PATH_LEAST_M = 1.0
"""A path may be narrower than a lane."""
UNITS_M = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001}
"""Units in which a width may be given, in metres."""
NOT_GIVEN = frozenset(
    {
        *("null", "none", "nan", "nil", "leer", "undefined", "unknown", "unbekannt", "unnamed"),
        *("k.a.", "k.a", "o.a.", "o.n.", "n.a.", "n.v.", "n/a", "#n/a", "#nv"),
        *("keineangabe", "keineangaben", "ohneangabe", "nichtangegeben", "nichtbekannt"),
        *("ohnename", "ohnenamen", "namenlos", "unbenannt"),
    }
)
"""Texts that mean a missing value, in lower case and without spaces."""
MAX_LEVEL = 20


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, list[str]]]:
    text = files("roadscan.read").joinpath("highways.toml").read_text(encoding="utf-8")
    table: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return table


def _widths() -> dict[str, float]:
    table: dict[str, Any] = dict(_table())
    widths: dict[str, float] = table["kind_width_m"]
    return widths


def road_class_of(given: str, highway: str) -> RoadClass:
    """Return the road class: the network's own, else the one implied by `highway`, else B."""
    code = given.strip().upper()
    if code in set(RoadClass):
        return RoadClass(code)
    for name, highways in _table()["road_class"].items():
        if highway in highways:
            return RoadClass(name)
    return RoadClass.B


def is_known_highway(highway: str) -> bool:
    """Tell whether the class of a road follows from its `highway`."""
    return any(highway in highways for highways in _table()["road_class"].values())


def surface_of(given: str) -> Surface:
    """Return the surface: asphalt if none is given, other if it is unknown."""
    return Surface.ASPHALT if not given.strip() else _surface_in(given) or Surface.OTHER


def is_known_surface(given: str) -> bool:
    """Tell whether a surface is understood; an empty one counts as known."""
    return not given.strip() or _surface_in(given) is not None


@lru_cache(maxsize=4096)
def _surface_in(given: str) -> Surface | None:
    """Return the surface that a value names; None if a word is unknown or two words disagree."""
    value, table = given.strip().lower(), _table()["surface"]
    whole = next((Surface(name) for name, names in table.items() if value in names), None)
    if whole is not None:
        return whole
    words = [word for word in re.split(r"[^\w:]+", value) if word]
    nothing = _table()["surface_words"]["nothing"]
    found = {_surface_of_word(word) for word in words if word not in nothing}
    return found.pop() if len(found) == 1 else None


def _surface_of_word(word: str) -> Surface | None:
    endings = _table()["surface_words"]
    root = next((word.removesuffix(end) for end in endings["nothing"] if word.endswith(end)), word)
    for name, names in _table()["surface"].items():
        if {word, root} & {known for known in names if len(known) > 1}:  # a letter is a code
            return Surface(name)
    for surface in (Surface.ASPHALT, Surface.PAVING):
        if word.endswith(tuple(endings[surface])):
            return surface
    return None


def is_drawn_from_osm(tags: Mapping[str, str], *, paths: bool = False) -> bool:
    """Tell whether an OpenStreetMap way becomes a link; ways that are no road only with `paths`."""
    if tags.get("highway", "") in _table()["driven"]["osm"]:
        return True
    parts = {tags.get("footway", ""), tags.get("cycleway", ""), tags.get("path", "")}
    is_part = bool(parts & set(_table()["kind"]["part_of_road"]))
    return paths and kind_of(tags) is not LinkKind.ROAD and not is_part


def kind_of(tags: Mapping[str, str]) -> LinkKind:
    """Return the kind of a way: by its highway, and by what bicycles may do on it."""
    table, highway = _table()["kind"], tags.get("highway", "")
    bicycle = tags.get("bicycle", "").strip().lower()
    kind = next((kind for kind in LinkKind if highway in table.get(kind.value, [])), LinkKind.ROAD)
    if kind in {LinkKind.PATH, LinkKind.FOOTWAY} and bicycle in table["designated"]:
        return LinkKind.CYCLEWAY
    if kind is LinkKind.FOOTWAY and bicycle in table["allowed"]:
        return LinkKind.PATH
    return kind


def kind_width_m(kind: LinkKind) -> float | None:
    """Return the usual width of a way that is no road."""
    width_m = _widths().get(kind.value)
    return None if width_m is None else float(width_m)


def is_contraflow(tags: Mapping[str, str]) -> bool:
    """Tell whether bicycles may go against a one-way."""
    return tags.get("oneway:bicycle", "").strip().lower() == "no" or tags.get(
        "cycleway", ""
    ).startswith("opposite")


def is_driven(highway: str) -> bool:
    """Tell whether a survey vehicle may use such a road; an unstated kind counts as one."""
    return not highway or highway in _table()["driven"]["yes"]


def oneway_code(given: str) -> str:
    """Return a one-way value in lower case, with "1.0" as "1"."""
    value = given.strip().lower()
    return re.sub(r"^([+-]?\d+)[.,]0+$", r"\1", value)


def oneway_meanings(values: Collection[str], *, from_to: bool = False) -> dict[str, str]:
    """Return the meaning of each code of a one-way column; codes that are unclear are absent.

    One letter or number means different things in different registers, so the column as a whole
    decides: F is "from" beside a B (or if `from_to` is known), "false" beside a T, else unknown;
    1 is unknown beside a 2 or 3, which only other codes have.
    """
    meanings = {code: name for name, codes in ONEWAY.items() for code in codes & set(values)}
    letters = set(values) & {"f", "t", "b"}
    if from_to or ("b" in letters and len(letters) > 1):
        meanings |= {code: FROM_TO[code] for code in letters}
    elif letters == {"f", "t"}:
        meanings |= {code: TRUE_FALSE[code] for code in letters}
    if "b" in letters or {"ft", "tf"} & set(values):
        meanings.pop("n", None)  # beside from and to, N means closed
    if any(re.fullmatch(r"[+-]?\d+", value) and value not in {"-1", "0", "1"} for value in values):
        meanings = {code: name for code, name in meanings.items() if code not in {"-1", "0", "1"}}
    return meanings


def directions_of(oneway: str, tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Return whether a link may be driven forward and backward; an unknown value is ignored."""
    if not is_driven(tags.get("highway", "")) and kind_of(tags) is LinkKind.ROAD:
        return False, False
    value = oneway_code(oneway)
    if value in ONEWAY["backward"]:
        return False, True
    implied = tags.get("junction") in ROUNDABOUTS or tags.get("highway") in MOTORWAYS
    one_way = value in ONEWAY["forward"] or (implied and value not in ONEWAY["both"])
    return True, not one_way


def lane_width_of(
    lane_width: str, width: str, lanes: str, *, default_lanes: int, least_m: float = WIDTHS_M[0]
) -> float:
    """Return the lane width in metres, NaN if none is plausible; the widths are texts in metres."""
    own = number_in(lane_width)
    count = number_in(lanes)
    per_lane = number_in(width) / max(1.0, default_lanes if isnan(count) else count)
    for value in (own, per_lane):
        if least_m <= value <= WIDTHS_M[1]:
            return value
    return nan


def in_metres(given: str, unit: str) -> str:
    """Convert a width to a text in metres, from the unit that it names or else from `unit`."""
    named = re.search(r"\d\s*(mm|cm|dm|m)\.?$", given.strip().lower())
    factor = UNITS_M[named[1] if named else unit]
    value = number_in(given)
    return given if factor == 1.0 or isnan(value) else f"{value * factor:g}"


def is_outside_town(given: str, tags: Mapping[str, str]) -> bool:
    """Tell whether a link is outside a town: as stated, else by its traffic rules."""
    value = oneway_code(given)
    if value in INSIDE | OUTSIDE and value:
        return value in OUTSIDE
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


@lru_cache(maxsize=4096)
def is_not_given(text: str) -> bool:
    """Tell whether a text means that no value is given: NULL, <Null>, -, k. A."""
    word = text.casefold().replace(" ", "").strip("<>()[]")
    return not word.strip("-\N{EN DASH}\N{EM DASH}_.?/") or word in NOT_GIVEN


def number_in(text: str) -> float:
    """Return the number at the start of a text, else NaN."""
    found = re.match(r"\s*(-?\d+(?:[.,]\d+)?)", text)
    return float(found.group(1).replace(",", ".")) if found else nan
