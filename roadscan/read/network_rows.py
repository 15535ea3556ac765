"""Convert table rows of any format into raw links: attributes by column, coordinates in WGS84."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pyproj import CRS, Transformer

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.model.road import RoadClass
from roadscan.read.network_ids import id_by_place
from roadscan.read.network_mapping import (
    DEFAULT_MAPPING,
    MEANINGS,
    NetworkMapping,
    check_columns,
    id_parts,
    is_chosen,
)
from roadscan.read.road_tags import in_metres, is_not_given, oneway_code, oneway_meanings

TAGS = (
    "junction",
    "bicycle",
    "oneway:bicycle",
    "cycleway",
    "maxspeed",
    "zone:traffic",
    "source:maxspeed",
    "maxspeed:type",
    "layer",
    "bridge",
    "tunnel",
)
CHAIN_M = 0.3
"""A part of a line that begins this near to the end of the part before it goes on there."""
METRES_PER_DEGREE = 111_320.0
MAX_SHOWN = 8
"""Values of a column that a message names."""
MAX_TEXT = 200
"""Names and ids are cut to this many characters: none of a road is longer."""
COMPOUND_IDS = (
    ("from_node", "to_node"),
    ("from_node", "to_node", "from_station"),
    ("street_key", "from_node", "to_node"),
    ("street_key", "from_node", "to_node", "from_station"),
)
"""What may name a line where no column does by itself."""
OWNER_COLUMNS = frozenset({"klasse", "class"})
"""Columns that hold the class of area in one register and who owns the road in another."""
GEOFABRIK_COLUMN = "fclass"
"""Column found only in Geofabrik's OpenStreetMap shapefiles, which code one-way as letters."""


@dataclass(frozen=True, slots=True)
class RawLink:
    """A line as the file has it: geometry in WGS84, attributes as text, "" where missing."""

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
    from_node: str = ""
    to_node: str = ""
    from_station: str = ""
    to_station: str = ""
    carried: tuple[tuple[str, str], ...] = ()
    """Other columns, with their values."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """OpenStreetMap tags that determine class, built-up area and level."""
    number: int = 0
    """Position of the feature in its file, from 1; 0 where a file has no such order."""
    id_by_place: bool = False
    """Whether the id was derived from the coordinates."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line feature: parts, each (n, 2) in the CRS of the file, and values by column."""

    parts: Sequence[Floats]
    values: Mapping[str, object]
    """By the column's name in lower case."""
    number: int = 0
    """Position of the feature in its file, from 1."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The line features of a file."""

    rows: Sequence[Row]
    crs: CRS
    left_out: tuple[int, ...] = ()
    """Numbers of the features that are not lines."""
    encoding: str = ""
    """That was found out because the file declares none, else ""."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.values))


def raw_links(lines: Lines, mapping: NetworkMapping, source: str) -> list[RawLink]:
    """Return a link for each row, or for each part of it that does not go on where one ended.

    Ids are the network's own, with the number of the part if there are several, else derived from
    the coordinates, with a number where lines lie on each other.

    Raises
    ------
    RoadscanError
        `network_malformed` for coordinates off the Earth or a mapping that names
        unknown columns, `network_class_unknown` if the column chosen for the class holds something
        else, `network_no_crs` if the coordinates cannot be WGS84.
    """
    rows = lines.rows
    check_columns(mapping, lines.columns, source)
    reading = Reading.of(lines, mapping)
    reading.check_class(mapping, source)
    places = iter(_to_lonlat([part for row in rows for part in row.parts], lines.crs, source))
    links: list[RawLink] = []
    copies = Counter[str]()
    for row in rows:
        given = text_of(row, reading.columns.link_id)
        lines_of_row = _chained([next(places) for _ in row.parts])
        for number, lonlat in lines_of_row.items():
            link_id = given if len(lines_of_row) == 1 else f"{given}.{number}"
            if not given:
                link_id = place = id_by_place(lonlat)
                if copies[place]:
                    link_id = f"{place}.{copies[place]}"
                copies[place] += 1
            link = _link(row, link_id, lonlat, reading)
            links.append(link if given else replace(link, id_by_place=True))
    return links


def _chained(parts: Sequence[Floats]) -> dict[int, Floats]:
    """Join each part to the one before it if it goes on there; return them by their first number.

    The parts of a line follow each other as the register counts along it.
    """
    chains: dict[int, Floats] = {}
    open_ = -1
    for number, part in enumerate(parts):
        if not _metres(part[:-1], part[1:]).sum() > CHAIN_M:
            chains[number], open_ = part, -1
        elif open_ >= 0 and _metres(chains[open_][-1:], part[:1])[0] <= CHAIN_M:
            chains[open_] = np.vstack([chains[open_], part[1:]])
        else:
            chains[number], open_ = part, number
    return chains


def _metres(a: Floats, b: Floats) -> Floats:
    """Return the distances of places given in degrees, good for a few metres."""
    east, north = ((b - a) * METRES_PER_DEGREE).T
    away_m: Floats = np.hypot(east * np.cos(np.radians(a[:, 1])), north)
    return away_m


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table is read: which columns, and what their values mean."""

    columns: NetworkMapping
    """Without the columns that hold something else."""
    road_class: Mapping[str, str]
    """Class by value in lower case."""
    oneway: Mapping[str, str]
    """"forward", "backward" or "both" by value as `oneway_code` returns it."""
    surface: Mapping[str, str]
    """Surface by value in lower case, as far as the mapping says."""
    other_classes: Mapping[str, tuple[str, ...]]
    """What is no class in the columns that are called like one, by column."""
    doubtful_class: str = ""
    """Column not taken because its A and B may be the owners Autobahn and Bundesstraße."""

    @classmethod
    def of(cls, lines: Lines, mapping: NetworkMapping) -> "Reading":
        """Look at all values of a column before one of them is taken for anything."""
        chosen = _class_is_chosen(mapping)
        given, mapping = mapping, _of_present(mapping, lines.columns)
        classes = dict(mapping.road_class_values) or {name.lower(): name for name in RoadClass}
        others = {
            name: rest
            for name in mapping.road_class
            if (rest := tuple(v for v in _values(lines, name) if v.lower() not in classes))
        }
        doubtful = () if chosen else _doubtful_classes(lines, set(mapping.road_class) - {*others})
        columns = replace(
            mapping,
            link_id=_id_columns(lines, given),
            road_class=tuple(
                name for name in mapping.road_class if chosen or name not in {*others, *doubtful}
            ),
        )
        codes = {oneway_code(value) for name in mapping.oneway for value in _values(lines, name)}
        oneway = oneway_meanings(codes, from_to=GEOFABRIK_COLUMN in lines.columns)
        own = {oneway_code(value): meaning for value, meaning in mapping.oneway_values}
        return cls(
            columns,
            classes,
            oneway | own,
            dict(mapping.surface_values),
            others,
            "".join(doubtful[:1]),
        )

    def check_class(self, mapping: NetworkMapping, source: str) -> None:
        """Refuse a column that was chosen for the class and holds something else."""
        if not self.other_classes or not _class_is_chosen(mapping):
            return
        name, values = next(iter(self.other_classes.items()))
        raise RoadscanError(
            "network_class_unknown",
            f"the column {name} of {source} is to hold the class A, B or N, but has "
            f"{', '.join(values[:MAX_SHOWN])}",
            "Say in the mapping file what each value means, in a table [road_class_values] with "
            'lines such as G = "B", or take no column for the class',
        )


def _of_present(mapping: NetworkMapping, columns: Collection[str]) -> NetworkMapping:
    """Return a mapping without the columns that a file lacks: rows are read faster by it."""
    present = {*columns}
    found: dict[str, Any] = {
        meaning: tuple(name for name in getattr(mapping, meaning) if {*id_parts(name)} <= present)
        for meaning in MEANINGS
    }
    return replace(mapping, **found)


def _class_is_chosen(mapping: NetworkMapping) -> bool:
    return is_chosen(mapping, "road_class") or bool(mapping.road_class_values)


def _doubtful_classes(lines: Lines, names: Collection[str]) -> tuple[str, ...]:
    """Return the columns whose A and B may be owners: without an N nothing says which they are."""
    return tuple(
        name
        for name in sorted(OWNER_COLUMNS & set(names))
        if (values := {value.upper() for value in _values(lines, name)}) and "N" not in values
    )


def _values(lines: Lines, name: str) -> list[str]:
    """Return the distinct values of a column as text, in order of appearance."""
    texts = dict.fromkeys(cell_text(row.values.get(name)) for row in lines.rows)
    return [text for text in texts if text]


def _id_columns(lines: Lines, mapping: NetworkMapping) -> tuple[str, ...]:
    """Return the chosen id columns, else the usual one that names each line once, else several.

    Where nothing does, the first usual one with a value. One only: ids of two columns could meet.
    """
    if is_chosen(mapping, "link_id"):
        return mapping.link_id
    present = [name for name in DEFAULT_MAPPING.link_id if name in lines.columns]
    values = {name: [cell_text(row.values.get(name)) for row in lines.rows] for name in present}
    unique = [name for name in present if all(values[name]) and _all_differ(values[name])]
    filled = [name for name in present if any(values[name])]
    return tuple((unique or _compound_ids(lines, mapping) or filled)[:1])


def _compound_ids(lines: Lines, mapping: NetworkMapping) -> list[str]:
    """Return the nodes and stations that together name each line once, as few as suffice."""
    found = {
        meaning: next((name for name in getattr(mapping, meaning) if name in lines.columns), "")
        for meaning in ("from_node", "to_node", "from_station", "street_key")
    }
    ids = []
    for meanings in COMPOUND_IDS:
        names = tuple(found[meaning] for meaning in meanings)
        if not all(names):
            continue
        texts = [tuple(text_of(row, (name,)) for name in names) for row in lines.rows]
        if all(all(text) for text in texts) and len(set(texts)) == len(texts):
            ids.append(" + ".join(names))
    return ids


def _all_differ(texts: Sequence[str]) -> bool:
    return len(set(texts)) == len(texts)


def _link(row: Row, link_id: str, lonlat: Floats, reading: Reading) -> RawLink:
    mapping = reading.columns
    oneway = oneway_code(text_of(row, mapping.oneway))
    surface, highway = text_of(row, mapping.surface), text_of(row, mapping.highway)
    tags = {name: text for name in TAGS if name in row.values and (text := text_of(row, (name,)))}
    return RawLink(
        link_id=link_id,
        lonlat=lonlat,
        street=text_of(row, mapping.street),
        street_key=text_of(row, mapping.street_key),
        road_class=reading.road_class.get(text_of(row, mapping.road_class).lower(), ""),
        surface=reading.surface.get(surface.lower(), surface),
        oneway=reading.oneway.get(oneway, ""),
        lane_width=in_metres(text_of(row, mapping.lane_width), mapping.width_unit),
        width=in_metres(text_of(row, mapping.width), mapping.width_unit),
        lanes=text_of(row, mapping.lanes),
        outside_town=text_of(row, mapping.outside_town),
        from_node=text_of(row, mapping.from_node),
        to_node=text_of(row, mapping.to_node),
        from_station=text_of(row, mapping.from_station),
        to_station=text_of(row, mapping.to_station),
        carried=tuple((n, text) for n in mapping.carry if (text := text_of(row, (n,)))),
        tags=tags | ({"highway": highway} if highway else {}),
        number=row.number,
    )


def text_of(row: Row, names: tuple[str, ...]) -> str:
    """Return the first value among these columns as text; "" if all are empty."""
    if not names:
        return ""
    texts = (_joined_text(row, name) for name in names)
    return next((text for text in texts if text), "")


def _joined_text(row: Row, name: str) -> str:
    """Return the value of a column, or of several joined; "" if one is missing."""
    if "+" not in name or name in row.values:
        return cell_text(row.values.get(name))
    texts = [cell_text(row.values.get(part)) for part in id_parts(name)]
    return "-".join(texts) if all(texts) else ""


def cell_text(value: object) -> str:
    """Return the text of a table's cell; "" where it says that there is no value."""
    text = plain_text(value)
    return "" if is_not_given(text) else text


def plain_text(value: object) -> str:
    """Return one line of printable text; "" for a missing or composite value."""
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


def _to_lonlat(parts: Sequence[Floats], crs: CRS, source: str) -> list[Floats]:
    """Return the parts in WGS84, checked to be on Earth."""
    if not parts:
        return []
    xy = np.concatenate(parts)
    if not np.isfinite(xy).all():
        raise RoadscanError(
            "network_malformed",
            f"{source} has a coordinate that is not a number",
            "Repair the geometry and export it again",
        )
    x, y = Transformer.from_crs(crs, 4326, always_xy=True).transform(xy[:, 0], xy[:, 1])
    off_earth = ~((np.abs(x) <= 180.0) & (np.abs(y) <= 90.0))
    if off_earth.any():
        raise _off_earth(xy[int(np.argmax(off_earth))], crs, source)
    return np.split(np.column_stack([x, y]), np.cumsum([len(part) for part in parts])[:-1])


def _off_earth(place: Floats, crs: CRS, source: str) -> RoadscanError:
    if crs.is_geographic:
        return RoadscanError(
            "network_no_crs",
            f"{source} has coordinates such as {place[0]:.0f}, {place[1]:.0f}, which are not "
            "degrees, and does not state their CRS",
            "Export it with its CRS (GeoJSON: in WGS84, longitude first)",
        )
    return RoadscanError(
        "network_malformed",
        f"{source} has the position {place[0]:.0f}, {place[1]:.0f}, which is outside {crs.name}",
        "Repair the geometry, or correct the CRS, and export it again",
    )
