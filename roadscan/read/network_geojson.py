"""GeoJSON (RFC 7946), read without GDAL.

GDAL takes a file's word for what it is: a `crs` member of type "link" made it fetch that address,
and a JSON of type "gdal_streamed_alg" made it run the command line inside.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.read.input_files import check_file
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.network_rows import Lines, RawLink, Row, raw_links

MAX_BYTES = 400_000_000
"""About a million links; reading takes ten times the file's size in memory."""
CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC):[\d.]*:?(\w+)", re.IGNORECASE)


def read_geojson(path: Path, mapping: NetworkMapping) -> list[RawLink]:
    """Read the links of a GeoJSON network; raises what `geojson_lines` and `raw_links` raise."""
    return raw_links(geojson_lines(path), mapping, path.name)


def geojson_lines(path: Path) -> Lines:
    """Read the line features; other geometries are skipped.

    WGS84, unless the obsolete `crs` member names another CRS.

    Raises
    ------
    RoadscanError
        `network_malformed`, `network_no_crs`, and what `check_file` raises.
    """
    check_file(path, MAX_BYTES)
    try:
        root = json.loads(path.read_bytes().decode("utf-8-sig"))
        features = _features(root)
        crs = _crs(root, path.name)
        rows = [_row(feature, number) for number, feature in enumerate(features, start=1)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RoadscanError(
            "network_malformed",
            f"{path.name} is not a GeoJSON network ({' '.join(str(error).split())[:160]})",
            "Export the network again",
        ) from error
    return Lines(
        [row for row in rows if row.parts],
        crs,
        tuple(row.number for row in rows if not row.parts),
    )


def _features(root: dict[str, Any]) -> list[dict[str, Any]]:
    if root.get("type") == "Feature":
        return [root]
    if root.get("type") != "FeatureCollection":
        message = f"its type is {str(root.get('type'))[:40]!r}, not FeatureCollection"
        raise ValueError(message)
    features = root["features"]
    if not isinstance(features, list):
        message = "features is no list"
        raise TypeError(message)
    return features


def _crs(root: dict[str, Any], source: str) -> CRS:
    if root.get("crs") is None:
        return CRS.from_epsg(4326)
    name = str((root["crs"].get("properties") or {}).get("name", ""))
    found = CRS_NAME.fullmatch(name.strip())
    if found is not None and found[2].upper() == "CRS84":
        return CRS.from_epsg(4326)
    try:
        if found is not None and found[1].upper() == "EPSG":
            return CRS.from_epsg(found[2])
    except CRSError:
        pass
    raise RoadscanError(
        "network_no_crs",
        f"{source} has a crs member with an unknown CRS ({name[:60]!r})",
        "Export it in WGS84, or with an EPSG code",
    )


def _row(feature: dict[str, Any], number: int) -> Row:
    geometry = feature.get("geometry") or {}
    values = {str(name).lower(): value for name, value in (feature.get("properties") or {}).items()}
    lines: Sequence[Any] = ()
    if geometry.get("type") == "LineString":
        lines = [geometry["coordinates"]]
    elif geometry.get("type") == "MultiLineString":
        lines = geometry["coordinates"]
    return Row([_line(line) for line in lines if len(line) > 1], values, number)


def _line(positions: Sequence[Sequence[Any]]) -> Floats:
    """Return (n, 2) coordinates; heights are dropped.

    Raises
    ------
    ValueError
        For a coordinate that is not a number, such as the text "13.7".
    """
    for x, y, *_ in positions:
        if type(x) not in {int, float} or type(y) not in {int, float}:
            message = f"a line has the position {str([x, y])[:60]}"
            raise ValueError(message)
    try:
        return np.array([position[:2] for position in positions], dtype=np.float64)
    except OverflowError as error:
        raise ValueError(str(error)) from error
