"""Objection areas: GeoJSON polygons in which no pictures are stored."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError

from roadscan.errors import RoadscanError
from roadscan.model.stored_picture import ObjectionMask
from roadscan.read.input_files import check_file

MAX_BYTES: Final = 50_000_000
AREAS: Final = frozenset({"Polygon", "MultiPolygon"})
NAMED_BY: Final = ("name", "id", "address")
"""Properties used as a mask's name; the first with a value counts."""


def read_objections(path: Path) -> tuple[ObjectionMask, ...]:
    """Read the polygons of a GeoJSON file (RFC 7946: WGS84 longitude and latitude).

    Raises
    ------
    RoadscanError
        `objections_malformed`: a faulty file is refused as a whole, because a missing area would
        go unnoticed. And what `check_file` raises.
    """
    check_file(path, MAX_BYTES)
    try:
        root = json.loads(path.read_bytes().decode("utf-8-sig"))
        masks = [_mask(feature, number) for number, feature in enumerate(_features(root))]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _malformed(path, " ".join(str(error).split())[:160]) from error
    except ShapelyError as error:
        raise _malformed(path, " ".join(str(error).split())[:160]) from error
    if not masks:
        raise _malformed(path, "it contains no polygon")
    return tuple({mask.mask_id: mask for mask in masks}.values())


def _features(root: Any) -> list[Any]:
    if root["type"] == "FeatureCollection":
        return list(root["features"])
    if root["type"] == "Feature":
        return [root]
    return [{"geometry": root, "properties": {}}]


def _mask(feature: Any, number: int) -> ObjectionMask:
    geometry = feature["geometry"]
    if geometry["type"] not in AREAS:
        message = f"feature {number} is a {str(geometry['type'])[:40]}, not a polygon"
        raise ValueError(message)
    area = shapely.make_valid(shapely.from_geojson(json.dumps(geometry)))
    if area.is_empty or not area.area:
        message = f"feature {number} has no area"
        raise ValueError(message)
    west, south, east, north = area.bounds
    if not (west >= -180 and south >= -90 and east <= 180 and north <= 90):
        message = f"feature {number} is at {west:.1f}, {south:.1f}, not longitude and latitude"
        raise ValueError(message)
    wkb = bytes(shapely.to_wkb(shapely.normalize(area)))
    properties = feature.get("properties") or {}
    names = [str(properties[key]) for key in NAMED_BY if properties.get(key)]
    return ObjectionMask(hashlib.sha256(wkb).hexdigest()[:16], (names or [""])[0][:200], wkb)


def _malformed(path: Path, problem: str) -> RoadscanError:
    return RoadscanError(
        "objections_malformed",
        f"{path.name} is not a GeoJSON file of areas ({problem})",
        "Give polygons in WGS84, as QGIS exports them; nothing in the file was used",
    )
