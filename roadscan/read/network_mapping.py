"""Meaning of a network's columns; docs/networks.md lists the names."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from roadscan.errors import RoadscanError
from roadscan.model.road import Surface
from roadscan.read.input_files import check_file
from roadscan.read.road_tags import UNITS_M

MAX_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class NetworkMapping:
    """Column names by meaning, in any case; the first with a value in a row counts.

    An id may be made of several columns: "vnk + nnk".

    The tables of values say what a column's own codes mean: (("b", "A"), ("g", "B")).
    """

    link_id: tuple[str, ...] = (
        "link_id",
        "linkid",
        "id",
        "fid_link",
        "kante",
        "edge_id",
        "osm_id",
        "objectid",
        "fid",
    )
    street: tuple[str, ...] = (
        *("street", "name", "strasse", "straße", "strname", "street_name", "str_name"),
        *("strassenname", "straßenname", "strassen_name", "straßen_name", "strassenna"),
        *("strassenbezeichnung", "straßenbezeichnung", "str_bez", "strbez"),
    )
    street_key: tuple[str, ...] = (
        *("street_key", "key", "strschl", "schluessel", "strassenschluessel", "str_schl"),
        *("straßenschlüssel", "schlüssel", "strschluessel", "strschlüssel", "strassensc"),
        *("strassen_schluessel", "strkey", "str_key"),
    )
    road_class: tuple[str, ...] = ("road_class", "class", "fk", "klasse")
    surface: tuple[str, ...] = ("surface", "bw", "belag", "oberflaeche")
    oneway: tuple[str, ...] = ("oneway", "one_way", "einbahn", "einbahnstrasse")
    lane_width: tuple[str, ...] = ("lane_width_m", "lane_width", "fahrstreifenbreite")
    width: tuple[str, ...] = ("width_m", "width", "breite")
    lanes: tuple[str, ...] = ("lanes", "fahrstreifen")
    outside_town: tuple[str, ...] = (
        "outside_town",
        "outside_to",  # truncated by the Shapefile format
        "ausserorts",
        "außerorts",
        "rural",
    )
    highway: tuple[str, ...] = ("highway", "fclass")
    from_node: tuple[str, ...] = ("from_node", "vnk", "von_knoten", "anfangsknoten", "von_netzkn")
    to_node: tuple[str, ...] = ("to_node", "nnk", "nach_knoten", "endknoten", "nach_netzk")
    from_station: tuple[str, ...] = ("from_station", "vst", "von_station", "anfangsstation")
    to_station: tuple[str, ...] = ("to_station", "bst", "bis_station", "endstation", "nst")
    carry: tuple[str, ...] = ()
    """Any other columns, to be shown with the results."""
    road_class_values: tuple[tuple[str, str], ...] = ()
    """Class A, B or N by value of the column; then every value of it has to be here."""
    oneway_values: tuple[tuple[str, str], ...] = ()
    """"forward", "backward" or "both" by value of the column."""
    surface_values: tuple[tuple[str, str], ...] = ()
    """"asphalt", "paving" or "other" by value of the column; others mean what they say."""
    width_unit: str = "m"
    """Unit of both widths where a value does not name its own."""

    def __post_init__(self) -> None:
        """Let a single name stand for itself, and compare columns without case."""
        for meaning in MEANINGS:
            given = getattr(self, meaning)
            names = (given,) if isinstance(given, str) else given
            object.__setattr__(self, meaning, tuple(name.lower() for name in names))


TABLES: Final[dict[str, frozenset[str]]] = {
    "road_class_values": frozenset({"A", "B", "N"}),
    "oneway_values": frozenset({"forward", "backward", "both"}),
    "surface_values": frozenset(Surface),
}
"""What a table of values may say."""
MEANINGS: Final = tuple(
    f.name for f in fields(NetworkMapping) if f.name not in {*TABLES, "width_unit", "carry"}
)
"""The meanings that a column can have."""
DEFAULT_MAPPING = NetworkMapping()


def read_mapping(network: Path) -> NetworkMapping:
    """Read the mapping beside a network (roads.gpkg: roads.mapping.toml); without one, the default.

    A key of `NetworkMapping` names one column, or a list of them, and replaces the default.

    Raises
    ------
    RoadscanError
        `network_malformed` naming the key, and what `check_file` raises.
    """
    path = mapping_path(network)
    if not path.exists():
        return DEFAULT_MAPPING
    check_file(path, MAX_BYTES)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(path, f"is not valid TOML ({error})") from error
    known = [field.name for field in fields(NetworkMapping)]
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise _malformed(path, f"has the unknown key {key!r}; known keys: {', '.join(known)}")
        if key in TABLES:
            found[key] = _table(path, key, value)
            continue
        if key == "width_unit":
            if value not in UNITS_M:
                raise _malformed(path, f"has {key} = {value!r}; known units: {', '.join(UNITS_M)}")
            found[key] = value
            continue
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _malformed(path, f"has {key} = {value!r}")
        found[key] = tuple(name.lower() for name in names)
    return NetworkMapping(**found)


def _table(path: Path, key: str, value: object) -> tuple[tuple[str, str], ...]:
    """Return what the values of a column mean, by the value in lower case."""
    if not isinstance(value, dict):
        raise _malformed(path, f"has {key} = {value!r}, not a table [{key}]")
    for given, meaning in value.items():
        if meaning not in TABLES[key]:
            allowed = ", ".join(sorted(TABLES[key]))
            raise _malformed(path, f"has {given} = {meaning!r} in [{key}]; allowed are {allowed}")
    return tuple((str(given).lower(), str(meaning)) for given, meaning in value.items())


def id_parts(name: str) -> tuple[str, ...]:
    """Return the columns that an id is made of: one, or those joined by a plus sign."""
    return tuple(part.strip() for part in name.split("+"))


def mapping_path(network: Path) -> Path:
    """Return the path at which the mapping of a network would be."""
    return network.with_suffix(".mapping.toml")


def is_chosen(mapping: NetworkMapping, meaning: str) -> bool:
    """Tell whether somebody chose the columns of a meaning; the usual names are a guess."""
    return bool(getattr(mapping, meaning) != getattr(DEFAULT_MAPPING, meaning))


def check_columns(mapping: NetworkMapping, columns: Collection[str], source: str) -> None:
    """Refuse a mapping that names missing columns, so that a typo does not fall back to defaults.

    Raises
    ------
    RoadscanError
        `network_malformed`.
    """
    for meaning in (*MEANINGS, "carry"):
        wanted = getattr(mapping, meaning)
        single = [part for name in wanted for part in id_parts(name)]
        if is_chosen(mapping, meaning) and not all(name in columns for name in single):
            raise RoadscanError(
                "network_malformed",
                f"the mapping takes {meaning} from {', '.join(wanted)}, "
                f"but {source} has {', '.join(sorted(columns)[:30]) or 'no columns'}",
                "Correct the mapping",
            )


def _malformed(path: Path, why: str) -> RoadscanError:
    line = " ".join(why.split())[:300]
    return RoadscanError(
        "network_malformed", f"{path.name} {line}", 'Write lines such as street = "strassenname"'
    )
