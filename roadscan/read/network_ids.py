"""Ids of lines that have none: made from where they lie, kept when a network is replaced."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
from pyproj import Transformer

from roadscan.model.arrays import Floats
from roadscan.model.road import Network

GRID_M: Final = 5.0
"""Places are rounded to this, so that most lines keep their id when they move by centimetres."""
SAME_ROAD_M: Final = 3.0
"""A line nowhere farther than this from one of the network before is the same road."""
METRES_PER_DEGREE: Final = 111_320.0


def id_by_place(lonlat: Floats) -> str:
    """Make an id of a line's start, middle and end, given in degrees and rounded to `GRID_M`."""
    per_degree = METRES_PER_DEGREE * np.array([np.cos(np.radians(round(lonlat[0, 1], 1))), 1.0])
    along_m = np.concatenate(
        [[0.0], np.cumsum(np.hypot(*(np.diff(lonlat, axis=0) * per_degree).T))]
    )
    middle = [np.interp(along_m[-1] / 2.0, along_m, lonlat[:, axis]) for axis in (0, 1)]
    places = np.array([lonlat[0], middle, lonlat[-1]]) * per_degree / GRID_M
    return hashlib.sha256(np.rint(places).astype(np.int64).tobytes()).hexdigest()[:12]


def kept_ids(
    lines: Sequence[Floats], own_ids: Sequence[str], before: Network, epsg: int
) -> dict[int, str]:
    """Return the id in the network before of each line that is the same road, by its number.

    Parameters
    ----------
    lines
        Lines without an id, in the metric CRS `epsg`.
    own_ids
        Ids that other lines of the new network have already: they are not given again.
    before
        The network before, whose links are in their order of precedence.
    """
    if not lines or not before.links:
        return {}
    shapes = np.array([shapely.LineString(xy_m) for xy_m in lines], dtype=object)
    old = np.array([shapely.LineString(xy) for xy in _in_crs(before, epsg)], dtype=object)
    middles: Any = shapely.line_interpolate_point(shapes, 0.5, normalized=True)
    new, known = shapely.STRtree(old).query(middles, "dwithin", SAME_ROAD_M)
    ends = np.stack([shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)])
    old_ends = np.stack([shapely.get_point(old, 0), shapely.get_point(old, -1)])
    # drawn the other way round it is another line: places on it count from its start
    same_way = (shapely.distance(ends[:, new], old_ends[:, known]) <= SAME_ROAD_M).all(axis=0)
    new, known = new[same_way], known[same_way]
    apart_m = shapely.hausdorff_distance(shapes[new], old[known])
    taken, found = set(own_ids), dict[int, str]()
    for k in np.lexsort((known, new, apart_m)).tolist():
        link_id = before.links[known[k]].link_id
        if apart_m[k] <= SAME_ROAD_M and int(new[k]) not in found and link_id not in taken:
            found[int(new[k])] = link_id
            taken.add(link_id)
    return found


def _in_crs(network: Network, epsg: int) -> list[Floats]:
    if network.crs_epsg == epsg:
        return [link.xy_m for link in network.links]
    change = Transformer.from_crs(network.crs_epsg, epsg, always_xy=True)
    return [np.column_stack(change.transform(*link.xy_m.T)) for link in network.links]
