"""Encoder of Mapbox Vector Tiles 2.1, vectorised over all features of a tile.

Coordinates of all features are transformed, rounded, delta-encoded and packed at once, and values
column by column. Feature by feature, through the messages of a protocol buffer library, encoding
took most of a tile's time; DECISIONS.md has the measurement.
"""

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from roadscan.model.arrays import Bools, Floats, Ints

EXTENT: Final = 4096
BUFFER: Final = 64
"""Units beyond the edge that a tile still contains, so that lines are drawn without gaps."""
_LINE, _POLYGON = 2, 3
_MOVE_TO: Final = 9
_CLOSE: Final = 15


def tile_bounds_deg(z: int, y: int, x: int) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a WebMercatorQuad tile with its buffer, in degrees."""
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
    """Return a tile with one layer, b"" if no feature is visible.

    Parameters
    ----------
    layer
        The layer's name.
    names
        The properties of the features.
    wkb
        Lines or polygons in CRS84, as WKB.
    rows
        The values of each feature; None is omitted.
    zyx
        Zoom, row and column of the tile.
    """
    moved = shapely.transform(shapely.from_wkb(list(wkb)), lambda xy: _to_tile(xy, *zyx))
    bounds = shapely.bounds(moved)
    low, high = -BUFFER, EXTENT + BUFFER
    crosses = (bounds[:, :2] < low).any(axis=1) | (bounds[:, 2:] > high).any(axis=1)
    moved[crosses] = shapely.clip_by_rect(moved[crosses], low, low, high, high)
    parts, owners = shapely.get_parts(moved, return_index=True)
    drawn = _drawn(parts, owners)
    if not len(drawn.owners):
        return b""
    values, tags, tag_ends = _tagged([rows[owner] for owner in drawn.owners.tolist()])
    tile = [_field(1, layer.encode()), _EXTENT_AND_VERSION]
    tile += [
        _field(2, _field(2, own) + kind + _field(4, commands))
        for own, kind, commands in zip(
            _packed(tags, tag_ends),
            [_KINDS[kind] for kind in drawn.kinds.tolist()],
            _packed(drawn.commands, drawn.ends),
            strict=True,
        )
    ]
    tile += [_field(3, name.encode()) for name in names]
    tile += [_field(4, _VALUES[type(value)](value)) for value in values]
    return _field(3, b"".join(tile))


def _tagged(rows: Sequence[Sequence[Any]]) -> tuple[list[Any], Ints, Ints]:
    """Return the distinct values, alternating indices of keys and values, and where each row ends.

    None is omitted.
    """
    values: list[Any] = []
    columns: list[list[int]] = []
    for column in zip(*rows, strict=True):
        own = [value for value in dict.fromkeys(column) if value is not None]
        numbers = dict(zip(own, range(len(values), len(values) + len(own)), strict=True))
        values += own
        columns.append([numbers.get(value, -1) for value in column])
    number = np.array(columns, np.int64).reshape(len(columns), len(rows)).T
    known = number >= 0
    keys = np.broadcast_to(np.arange(len(columns)), number.shape)
    pairs = np.stack([keys, number], axis=2)[known].ravel()
    return values, pairs, 2 * np.cumsum(known.sum(axis=1))


def _packed(numbers: Ints, ends: Ints) -> list[bytes]:
    """Return numbers as varints (seven bits per byte, lowest first), split at `ends`."""
    most = max(1, -(-int(numbers.max(initial=0)).bit_length() // 7))
    octets = np.empty((len(numbers), most), np.uint8)
    size = np.ones(len(numbers), np.int64)
    for place in range(most):
        rest = numbers >> 7 * (place + 1)
        octets[:, place] = (numbers >> 7 * place & 127) | (rest > 0) << 7
        size += rest > 0
    packed = octets[np.arange(most) < size[:, np.newaxis]].tobytes()
    at = np.concatenate([[0], np.cumsum(size)])[np.concatenate([[0], ends])]
    return [packed[begin:end] for begin, end in pairwise(at.tolist())]


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    octets.append(number)
    return bytes(octets)


_SHORT: Final = [bytes((length,)) for length in range(128)]
_BYTES: Final = [bytes((field << 3 | 2,)) for field in range(16)]


def _field(number: int, body: bytes) -> bytes:
    """Return a length-delimited protocol buffer field."""
    length = len(body)
    return _BYTES[number] + (_SHORT[length] if length < 128 else _varint(length)) + body


_EXTENT_AND_VERSION: Final = b"\x28" + _varint(EXTENT) + b"\x78\x02"
_KINDS: Final = {kind: b"\x18" + _varint(kind) for kind in (_LINE, _POLYGON)}
_VALUES: Final[dict[type, Callable[[Any], bytes]]] = {
    str: lambda value: _field(1, value.encode()),
    float: lambda value: b"\x19" + struct.pack("<d", value),
    int: lambda value: b"\x30" + _varint(value << 1 if value >= 0 else ~value << 1 | 1),
    bool: lambda value: b"\x38" + _varint(value),
}
"""Encoders of the fields of a value message: string, double, sint and bool."""


def _to_tile(lonlat: Floats, z: int, y: int, x: int) -> Floats:
    lon, lat = lonlat[:, 0], np.radians(lonlat[:, 1])
    across = (lon + 180) / 360
    down = (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2
    found: Floats = EXTENT * (2**z * np.column_stack([across, down]) - [x, y])
    return found


class _Drawn(NamedTuple):
    """Geometry commands of the visible features."""

    owners: Ints
    kinds: Ints
    commands: Ints
    """Those of all features, one after another."""
    ends: Ints
    """Where the commands of each feature end."""


def _drawn(parts: Any, owners: Ints) -> _Drawn:
    """Encode lines and polygons, given in units of the tile, as geometry commands."""
    are_areas = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    oriented = shapely.orient_polygons(parts)  # the format requires exteriors with a positive area
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
    closes = closed[line] & np.append(starts[1:], True)  # ClosePath closes rings
    points, line = _chosen(moves & ~closes, points, line)
    enough = np.bincount(line, minlength=len(lines)) >= np.where(closed, 3, 2)
    points, line = _chosen(enough[line], points, line)
    owner = whose[line]
    steps = np.diff(points, axis=0, prepend=0)
    steps[np.diff(owner, prepend=-1) > 0] = points[np.diff(owner, prepend=-1) > 0]
    zigzag = (steps << 1) ^ (steps >> 63)
    # each line: MoveTo, first point, LineTo, other points, and ClosePath for a ring
    begins = np.flatnonzero(np.diff(line, prepend=-1))
    count = np.diff(np.append(begins, len(line)))
    is_ring = closed[line[begins]]
    size = 2 * count + 2 + is_ring
    end = np.cumsum(size)
    first = end - size
    commands = np.empty(size.sum(), np.int64)
    commands[first] = _MOVE_TO
    commands[first + 3] = (count - 1) << 3 | 2
    commands[end[is_ring] - 1] = _CLOSE
    nth = np.arange(len(line)) - np.repeat(begins, count)
    at = np.repeat(first, count) + 1 + 2 * nth + (nth > 0)
    commands[at], commands[at + 1] = zigzag[:, 0], zigzag[:, 1]
    whole = np.flatnonzero(np.diff(owner[begins], append=-1))
    kinds = np.where(is_ring, _POLYGON, _LINE)
    return _Drawn(owner[begins][whole], kinds[whole], commands, end[whole])


def _chosen(which: Bools, points: Ints, line: Ints) -> tuple[Ints, Ints]:
    return points[which], line[which]
