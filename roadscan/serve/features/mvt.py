"""Writes Mapbox Vector Tiles 2.1: many small features, four times as fast as one by one.

The coordinates of all features are moved, rounded and turned into differences together; the
protocol buffers are those of the package mapbox-vector-tile.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
import shapely
from mapbox_vector_tile.Mapbox import vector_tile_pb2

from roadscan.model.arrays import Bools, Floats, Ints

EXTENT: Final = 4096
BUFFER: Final = 64
"""Units beyond the edge that a tile still holds, so that lines are drawn whole."""
_LINE, _POLYGON = 2, 3
_MOVE_TO: Final = 9
_CLOSE: Final = 15


def tile_bounds_deg(z: int, y: int, x: int) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a tile of WebMercatorQuad with its buffer, in degrees."""
    margin = BUFFER / EXTENT
    units = np.array([x - margin, x + 1 + margin, y + 1 + margin, y - margin]) / 2**z
    lon = units[:2] * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * units[2:]))))
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def encode_tile(
    layer: str,
    names: Sequence[str],
    wkb: Sequence[bytes],
    rows: Sequence[Sequence[Any]],
    zyx: tuple[int, int, int],
) -> bytes:
    """Return a tile with one layer, empty if nothing of it can be seen.

    Parameters
    ----------
    layer
        Its name.
    names
        The properties of the features.
    wkb
        Lines or polygons in CRS84, as WKB.
    rows
        The values of each feature; None is left out.
    zyx
        Zoom, row and column of the tile.
    """
    moved = shapely.transform(shapely.from_wkb(list(wkb)), lambda xy: _to_tile(xy, *zyx))
    bounds = shapely.bounds(moved)
    low, high = -BUFFER, EXTENT + BUFFER
    crosses = (bounds[:, :2] < low).any(axis=1) | (bounds[:, 2:] > high).any(axis=1)
    moved[crosses] = shapely.clip_by_rect(moved[crosses], low, low, high, high)
    parts, owners = shapely.get_parts(moved, return_index=True)
    tile = vector_tile_pb2.tile()
    out = tile.layers.add(name=layer, version=2, extent=EXTENT)
    numbers: dict[tuple[type, Any], int] = {}
    drawn = groupby(_drawn(parts, owners) if len(parts) else (), key=itemgetter(0))
    for owner, pieces in drawn:
        feature = out.features.add()
        for k, value in enumerate(rows[owner]):
            if value is not None:
                number = numbers.setdefault((type(value), value), len(numbers))
                feature.tags.extend((k, number))
        for _, commands, kind in pieces:
            feature.type = kind
            feature.geometry.extend(commands)
    if not out.features:
        return b""
    out.keys.extend(names)
    for of, value in numbers:
        out.values.add(**{_FIELDS[of]: value})
    return bytes(tile.SerializeToString())


_FIELDS: Final = {
    str: "string_value",
    bool: "bool_value",
    int: "sint_value",
    float: "double_value",
}


def _to_tile(lonlat: Floats, z: int, y: int, x: int) -> Floats:
    lon, lat = lonlat[:, 0], np.radians(lonlat[:, 1])
    across = (lon + 180) / 360
    down = (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2
    found: Floats = EXTENT * (2**z * np.column_stack([across, down]) - [x, y])
    return found


def _drawn(parts: Any, owners: Ints) -> Iterator[tuple[int, list[int], int]]:
    """Yield the owner, the drawing commands and the type of each line or ring that is left."""
    are_areas = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    oriented = shapely.orient_polygons(parts)  # exteriors have a positive area, as the format wants
    rings, of_part = shapely.get_rings(oriented[are_areas], return_index=True)
    lines = np.concatenate([parts[~are_areas], rings])
    whose = np.concatenate([owners[~are_areas], owners[are_areas][of_part]])
    closed = np.arange(len(lines)) >= np.count_nonzero(~are_areas)
    order = np.argsort(whose, kind="stable")
    lines, whose, closed = lines[order], whose[order], closed[order]
    xy, line = shapely.get_coordinates(lines, return_index=True)
    points = np.rint(xy).astype(np.int64)
    starts = np.diff(line, prepend=-1) > 0
    moves = starts | (np.diff(points, axis=0, prepend=points[:1]) != 0).any(axis=1)
    closes = closed[line] & np.append(starts[1:], True)  # the format closes rings itself
    points, line = _chosen(moves & ~closes, points, line)
    enough = np.bincount(line, minlength=len(lines)) >= np.where(closed, 3, 2)
    points, line = _chosen(enough[line], points, line)
    owner = whose[line]
    steps = np.diff(points, axis=0, prepend=0)
    steps[np.diff(owner, prepend=-1) > 0] = points[np.diff(owner, prepend=-1) > 0]
    numbers = ((steps << 1) ^ (steps >> 63)).ravel().tolist()
    ends = np.flatnonzero(np.diff(line, append=-1)) + 1
    begin = 0
    for end in ends.tolist():
        to_lines = (end - begin - 1) << 3 | 2
        first, rest = numbers[2 * begin : 2 * begin + 2], numbers[2 * begin + 2 : 2 * end]
        commands = [_MOVE_TO, *first, to_lines, *rest]
        if closed[line[begin]]:
            yield int(owner[begin]), [*commands, _CLOSE], _POLYGON
        else:
            yield int(owner[begin]), commands, _LINE
        begin = end


def _chosen(which: Bools, points: Ints, line: Ints) -> tuple[Ints, Ints]:
    return points[which], line[which]
