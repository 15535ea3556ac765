"""The coordinate reference systems that layers are served in, and transformations between them.

In all of them the easting or longitude comes first, including in EPSG's own axis order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from roadscan.model.arrays import Floats

Geometries = NDArray[np.object_]
EDGE_PARTS: Final = 64
"""Segments per edge of a box, since the edge is curved in another CRS."""


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS, the decimals of its coordinates in responses, and its area of use."""

    uri: str
    authority: str
    decimals: int
    extent: tuple[float, float, float, float]


_MERCATOR_M: Final = 20_037_508.35
_UTM_M: Final = (-1_500_000.0, 0.0, 2_500_000.0, 9_400_000.0)
CRS84: Final = Crs(
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC:CRS84", 7, (-180.0, -90.0, 180.0, 90.0)
)
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
ALL: Final = (
    CRS84,
    Crs(f"{_EPSG}25832", "EPSG:25832", 3, _UTM_M),
    Crs(f"{_EPSG}25833", "EPSG:25833", 3, _UTM_M),
    Crs(f"{_EPSG}3857", "EPSG:3857", 3, (-_MERCATOR_M, -_MERCATOR_M, _MERCATOR_M, _MERCATOR_M)),
)
BY_URI: Final = {crs.uri: crs for crs in ALL}


def from_crs84(shapes: Geometries, crs: Crs) -> Geometries:
    """Transform geometries into another CRS; None stays None."""
    return shapes if crs is CRS84 else _transformed(shapes, CRS84, crs)


def to_crs84(shape: shapely.Geometry, crs: Crs) -> shapely.Geometry:
    """Transform a geometry into CRS84; ValueError if it is outside the area of use."""
    found = shape if crs is CRS84 else _transformed(shape, crs, CRS84)
    if not np.isfinite(shapely.get_coordinates(found)).all():
        raise ValueError(f"outside of {crs.authority}")
    return found


def box_to_crs84(corners: Sequence[float], crs: Crs) -> shapely.Geometry:
    """Return a box as a geometry in CRS84: a point or line if it has no width, or an empty one.

    It is given by its lower left and upper right corner, with heights (six numbers) or without. A
    box in CRS84 whose west is greater than its east crosses the antimeridian. ValueError for a
    wrong number of coordinates, if south is greater than north, or west greater than east in a
    projected CRS.
    """
    if len(corners) not in {4, 6}:
        raise ValueError(f"a box has four or six numbers, not {len(corners)}")
    half = len(corners) // 2
    west, south, east, north = (*corners[:2], *corners[half : half + 2])
    if south > north or (west > east and crs is not CRS84):
        raise ValueError("the first corner must be the lower left one")
    if west > east:
        sides = ((west, 180.0), (-180.0, east))
        return shapely.union_all([_box(w, south, e, north) for w, e in sides if w <= e])
    if crs is CRS84:
        return _box(west, south, east, north)
    clipped = shapely.intersection(_box(west, south, east, north), shapely.box(*crs.extent))
    if shapely.is_empty(clipped):
        return clipped
    if crs.authority == "EPSG:3857":
        return _box(*shapely.bounds(to_crs84(clipped, crs)).tolist())
    longest_m = max(east - west, north - south, 1e-3)
    return to_crs84(shapely.segmentize(clipped, longest_m / EDGE_PARTS), crs)


def _box(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _transformed(shape: Any, source: Crs, target: Crs) -> Any:
    transformer = _transformer(source.authority, target.authority)

    def move(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(shape, move)


@cache
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)
