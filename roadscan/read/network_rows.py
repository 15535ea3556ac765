"""Convert table rows of any format into raw links: attributes by column, coordinates in WGS84."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pyproj import CRS, Transformer

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.read.network_mapping import NetworkMapping, check_columns

TAGS = (
    "junction",
    "maxspeed",
    "zone:traffic",
    "source:maxspeed",
    "maxspeed:type",
    "layer",
    "bridge",
    "tunnel",
)
MAX_TEXT = 200
"""Names and ids are cut to this many characters: none of a road is longer."""
GEOFABRIK_COLUMN = "fclass"
"""Column found only in Geofabrik's OpenStreetMap shapefiles, which code one-way as letters."""
GEOFABRIK_ONEWAY = {"F": "yes", "T": "-1", "B": "no"}


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
    tags: Mapping[str, str] = field(default_factory=dict)
    """OpenStreetMap tags that determine class, built-up area and level."""


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

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.values))


def raw_links(lines: Lines, mapping: NetworkMapping, source: str) -> list[RawLink]:
    """Return a link for each part of each row.

    Ids are the network's own, with the number of the part if there are several, else derived from
    the coordinates; duplicate lines without an id become one link.

    Raises
    ------
    RoadscanError
        `network_malformed` for coordinates off the Earth or a mapping that names
        unknown columns, `network_no_crs` if the coordinates cannot be WGS84.
    """
    rows, columns = lines.rows, lines.columns
    check_columns(mapping, columns, source)
    places = iter(_to_lonlat([part for row in rows for part in row.parts], lines.crs, source))
    geofabrik = GEOFABRIK_COLUMN in columns
    links: list[RawLink] = []
    derived: set[str] = set()
    for row in rows:
        given = text_of(row, mapping.link_id)
        for number in range(len(row.parts)):
            lonlat = next(places)
            link_id = given if len(row.parts) == 1 else f"{given}.{number}"
            if not given:
                link_id = _id_of(lonlat)
                if link_id in derived:
                    continue
                derived.add(link_id)
            links.append(_link(row, link_id, lonlat, mapping, geofabrik=geofabrik))
    return links


def _link(
    row: Row, link_id: str, lonlat: Floats, mapping: NetworkMapping, *, geofabrik: bool
) -> RawLink:
    oneway = text_of(row, mapping.oneway)
    highway = text_of(row, mapping.highway)
    tags = {name: text for name in TAGS if (text := text_of(row, (name,)))}
    return RawLink(
        link_id=link_id,
        lonlat=lonlat,
        street=text_of(row, mapping.street),
        street_key=text_of(row, mapping.street_key),
        road_class=text_of(row, mapping.road_class),
        surface=text_of(row, mapping.surface),
        oneway=GEOFABRIK_ONEWAY.get(oneway, oneway) if geofabrik else oneway,
        lane_width=text_of(row, mapping.lane_width),
        width=text_of(row, mapping.width),
        lanes=text_of(row, mapping.lanes),
        outside_town=text_of(row, mapping.outside_town),
        tags=tags | ({"highway": highway} if highway else {}),
    )


def text_of(row: Row, names: tuple[str, ...]) -> str:
    """Return the first value among these columns as text; "" if all are empty."""
    texts = (plain_text(row.values.get(name)) for name in names)
    return next((text for text in texts if text), "")


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


def _id_of(lonlat: Floats) -> str:
    """Derive an id from the coordinates, rounded to a centimetre."""
    return hashlib.sha256(json.dumps(np.round(lonlat, 7).tolist()).encode()).hexdigest()[:12]
