"""GeoJSON, GeoPackage and Shapefile: a line a row, what it means by the names of its columns."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.read.raw_link import RawLink

DRIVERS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".gpkg": "GPKG", ".shp": "ESRI Shapefile"}
LINES = frozenset({1, 2, 5})
"""Shapely type ids of LineString, LinearRing and MultiLineString."""
ROAD_LAYERS = ("links", "roads", "network", "segments", "lines")
TAGS = (
    "highway",
    "junction",
    "maxspeed",
    "zone:traffic",
    "source:maxspeed",
    "layer",
    "bridge",
    "tunnel",
)


@dataclass(frozen=True, slots=True)
class NetworkMapping:
    """Names of columns, in lower case; the first one that the file has counts."""

    link_id: tuple[str, ...] = ("link_id", "linkid", "id", "fid_link", "kante", "edge_id")
    street: tuple[str, ...] = ("street", "name", "strasse", "straße", "strname", "street_name")
    street_key: tuple[str, ...] = (
        "street_key",
        "key",
        "strschl",
        "schluessel",
        "strassenschluessel",
    )
    road_class: tuple[str, ...] = ("road_class", "class", "fk", "klasse")
    surface: tuple[str, ...] = ("surface", "bw", "belag", "oberflaeche")
    oneway: tuple[str, ...] = ("oneway", "one_way", "einbahn", "einbahnstrasse")
    lane_width: tuple[str, ...] = ("lane_width_m", "lane_width", "fahrstreifenbreite")
    width: tuple[str, ...] = ("width_m", "width", "breite")
    lanes: tuple[str, ...] = ("lanes", "fahrstreifen")
    outside_town: tuple[str, ...] = ("outside_town", "ausserorts", "außerorts", "rural")


def read_table(path: Path, mapping: NetworkMapping) -> list[RawLink]:
    """Read the line layer of a file; a MultiLineString becomes one link a part.

    Without a column for the id, ids come from the coordinates.

    Raises
    ------
    RoadscanError
        `network_malformed`, `network_no_crs`, `network_no_lines`.
    """
    driver = DRIVERS[path.suffix.lower()]
    _check_content(path, driver)
    try:
        layer = _line_layer(path)
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, force_2d=True)
        shapes = shapely.from_wkb(wkb)
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        shapely.GEOSException,
    ) as error:
        raise RoadscanError(
            "network_malformed",
            f"{path.name} cannot be read ({' '.join(str(error).split())[:160]})",
            "Export the network again",
        ) from error
    to_lonlat = _to_lonlat(path, meta["crs"], driver, shapes)
    names = [str(name).lower() for name in meta["fields"]]
    rows = list(zip(*columns, strict=True)) if len(columns) else [()] * len(shapes)
    return [
        link
        for shape, row in zip(shapes, rows, strict=True)
        for link in _links(shape, dict(zip(names, row, strict=True)), mapping, to_lonlat)
    ]


def _check_content(path: Path, driver: str) -> None:
    """Let no file make GDAL open another one: only what its name says it is goes on."""
    with path.open("rb") as file:
        head = file.read(64)
    right = {
        "GeoJSON": head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"),
        "GPKG": head.startswith(b"SQLite format 3\x00"),
        "ESRI Shapefile": head.startswith(b"\x00\x00\x27\x0a"),
    }
    if not right[driver]:
        raise RoadscanError(
            "network_malformed", f"{path.name} is no {driver}", "Check what the file really holds"
        )


def _line_layer(path: Path) -> str:
    layers: list[tuple[str, str | None]] = [
        (str(name), kind) for name, kind in pyogrio.list_layers(path)
    ]
    lines = [
        name for name, kind in layers if kind is None or "LineString" in kind or kind == "Unknown"
    ]
    named = [name for name in lines if name.lower() in ROAD_LAYERS]
    if len(lines) == 1:
        return lines[0]
    if len(named) == 1:
        return named[0]
    if not lines:
        raise RoadscanError(
            "network_no_lines",
            f"{path.name} has no layer of lines, only {', '.join(n for n, _ in layers) or 'none'}",
            "Export the lines of the roads",
        )
    raise RoadscanError(
        "network_malformed",
        f"{path.name} has several layers of lines: {', '.join(lines)}",
        "Name the one with the roads links, or export it alone",
    )


def _to_lonlat(
    path: Path, crs: str | None, driver: str, shapes: Sequence[shapely.Geometry]
) -> Transformer | None:
    """Return the way to WGS84, None where the coordinates already are."""
    if crs is None or "Undefined" in str(crs):
        raise _no_crs(path, "does not say in which CRS its coordinates are")
    try:
        source = CRS.from_user_input(crs)
    except CRSError as error:
        raise _no_crs(path, f"names the unknown CRS {crs!r}") from error
    if source.to_epsg() == 4326:
        west, south, east, north = shapely.total_bounds(shapes)
        if not (-180.0 <= west <= east <= 180.0 and -90.0 <= south <= north <= 90.0):
            if np.isfinite([west, south, east, north]).all() and driver == "GeoJSON":
                raise _no_crs(path, f"has coordinates such as {west:.0f}, {south:.0f}: no degrees")
            if not np.isnan([west, south, east, north]).all():
                raise _bad_numbers(path)
        return None
    return Transformer.from_crs(source, 4326, always_xy=True)


def _links(
    shape: shapely.Geometry | None,
    row: dict[str, Any],
    mapping: NetworkMapping,
    to_lonlat: Transformer | None,
) -> list[RawLink]:
    if shape is None or shape.is_empty or shapely.get_type_id(shape) not in LINES:
        return []
    parts = shapely.get_parts(shape)

    def text(names: tuple[str, ...]) -> str:
        return next((_text(row[name]) for name in names if name in row and _text(row[name])), "")

    given_id = text(mapping.link_id)
    links = []
    for number, part in enumerate(parts):
        lonlat = _lonlat(part, to_lonlat)
        link_id = given_id or _id_of(lonlat)
        links.append(
            RawLink(
                link_id=link_id if len(parts) == 1 or not given_id else f"{link_id}.{number}",
                lonlat=lonlat,
                street=text(mapping.street),
                street_key=text(mapping.street_key),
                road_class=text(mapping.road_class),
                surface=text(mapping.surface),
                oneway=text(mapping.oneway),
                lane_width=text(mapping.lane_width),
                width=text(mapping.width),
                lanes=text(mapping.lanes),
                outside_town=text(mapping.outside_town),
                tags={name: _text(row[name]) for name in TAGS if name in row and _text(row[name])},
            )
        )
    return links


def _lonlat(part: shapely.LineString, to_lonlat: Transformer | None) -> Floats:
    xy = shapely.get_coordinates(part)
    if to_lonlat is not None:
        xy = np.column_stack(to_lonlat.transform(xy[:, 0], xy[:, 1]))
    if not np.isfinite(xy).all():
        raise RoadscanError(
            "network_malformed",
            "a line has a coordinate that is no number",
            "Repair the geometry and export it again",
        )
    return xy


def _id_of(lonlat: Floats) -> str:
    """Name a line by its coordinates to the centimetre."""
    return hashlib.sha256(json.dumps(np.round(lonlat, 7).tolist()).encode()).hexdigest()[:12]


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 -- NaN is a missing value
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _no_crs(path: Path, why: str) -> RoadscanError:
    return RoadscanError(
        "network_no_crs", f"{path.name} {why}", "Export it with its CRS (for GeoJSON: in WGS84)"
    )


def _bad_numbers(path: Path) -> RoadscanError:
    return RoadscanError(
        "network_malformed",
        f"{path.name} has coordinates off the Earth",
        "Repair and export it again",
    )
