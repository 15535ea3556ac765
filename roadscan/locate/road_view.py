"""The driven lane in the picture: its outline for stored pictures, and cells hidden by traffic."""

from dataclasses import replace
from typing import Final

import numpy as np

from roadscan.locate.camera_projection import (
    NearField,
    focal_px,
    ground_from_pixel,
    pixel_from_ground,
)
from roadscan.locate.driven_route import RouteAhead
from roadscan.model.arrays import Bools, Floats
from roadscan.model.damage import STRIPS
from roadscan.model.frame import Camera, Rows

SIDE_M: Final = 1.0
"""A stored picture shows this much beside the lane, where edges break and water stands."""
LEAST_TALL_M: Final = 0.35
"""No person or vehicle is lower than this, even if the camera's height is off by half."""
STEP_M: Final = 0.1
BELOW_PICTURE: Final = 4.0
"""Picture heights; road points further above or below the picture are not drawn."""
TRAFFIC_HEIGHT_M: Final = 2.0
"""Height of traffic to be recognised: a person, a car, most of a van."""
WITHIN_CELL: Final = np.array([0.15, 0.5, 0.85])
"""Probe points of a cell, as shares of its sides."""


def road_outline(
    camera: Camera,
    width: int,
    height: int,
    road: RouteAhead,
    field: NearField,
    lane_width_m: float,
) -> Floats | None:
    """Return the corners (n, 2) of the driven lane and 1 m to either side, in pixels.

    It reaches from below the picture's lower edge to the farthest assessed row and follows the road
    round bends; the vehicle is assumed to drive in the middle of its lane. None if there is no such
    area: then nothing may be shown.
    """
    along = np.arange(STEP_M, min(field.far_m, float(road.along_m[-1])), STEP_M)
    sides = [
        _beside(camera, width, height, road, along, side * (lane_width_m / 2 + SIDE_M))
        for side in (1.0, -1.0)
    ]
    drawn = np.all([np.isfinite(uv).all(axis=1) for uv in sides], axis=0)
    drawn &= np.all([np.abs(uv[:, 1]) < BELOW_PICTURE * height for uv in sides], axis=0)
    # an outline that runs up in the picture and down again is not a road
    left, right = (uv[drawn] for uv in sides)
    if len(left) < 2 or not (left[-1, 1] < left[0, 1] and right[-1, 1] < right[0, 1]):
        return None
    return np.vstack([left, right[::-1]])


def traffic_rows(camera: Camera, width: int, height: int, field: NearField) -> Rows | None:
    """Return the rows of the picture in which traffic in the near field appears.

    They reach from the top of traffic on the farthest assessed row to the lower edge. None if they
    are not in the picture.
    """
    above = replace(camera, height_m=camera.height_m - TRAFFIC_HEIGHT_M)
    tops = pixel_from_ground(
        above, width, height, np.repeat(field.far_m, 2), np.array([SIDE_M, -SIDE_M]) * 3
    )[:, 1]
    if not np.isfinite(tops).all():
        return None
    top = int(np.clip(np.floor(tops.min()), 0, height))
    return Rows(top, height) if top < height else None


def tall_enough(camera: Camera, width: int, height: int, boxes_xyxy: Floats) -> Bools:
    """Tell which boxes (n, 4) are tall enough for a person standing at their lower edge.

    A pothole mistaken for a vehicle is a hand's breadth tall. A person who is half hidden seems to
    be farther away, and so taller. A box whose lower edge is not on the road always counts.
    """
    x1, y1, x2, y2 = boxes_xyxy.T
    ahead_m, _ = ground_from_pixel(camera, width, height, np.column_stack([(x1 + x2) / 2, y2]))
    tall_m = (y2 - y1) / focal_px(camera, width) * ahead_m
    tall: Bools = ~(tall_m < LEAST_TALL_M)
    return tall


def hidden_cells(
    boxes_xyxy: Floats,
    camera: Camera,
    size: tuple[int, int],
    road: RouteAhead,
    edges_m: Floats,
    lane_width_m: float,
) -> Bools:
    """Tell which cells (rows, 3) of the lane ahead are covered by one of the boxes (n, 4).

    `edges_m` (rows + 1,) are the rows' edges along the route from the vehicle, ascending; `size`
    is (width, height) of the picture. A cell is hidden if a box covers any of nine points
    in it: partly visible cells are not assessed.
    """
    rows = len(edges_m) - 1
    if not len(boxes_xyxy) or rows < 1:
        return np.zeros((max(rows, 0), STRIPS), np.bool_)
    along = edges_m[:-1, None] + np.diff(edges_m)[:, None] * WITHIN_CELL
    across = lane_width_m * (0.5 - (np.arange(STRIPS)[:, None] + WITHIN_CELL) / STRIPS)
    shape = (rows, STRIPS, len(WITHIN_CELL), len(WITHIN_CELL))
    grid_along = np.broadcast_to(along[:, None, :, None], shape).ravel()
    grid_across = np.broadcast_to(across[None, :, None, :], shape).ravel()
    uv = _beside(camera, *size, road, grid_along, grid_across)
    u, v = uv[:, :1], uv[:, 1:]
    x1, y1, x2, y2 = boxes_xyxy.T
    under = ((u >= x1) & (u <= x2) & (v >= y1) & (v <= y2)).any(axis=1)
    hidden: Bools = under.reshape(rows, STRIPS, -1).any(axis=2)
    return hidden


def _beside(
    camera: Camera,
    width: int,
    height: int,
    road: RouteAhead,
    along_m: Floats,
    left_m: Floats | float,
) -> Floats:
    """Return the pixels of points along the road ahead and beside it."""
    ahead, left, turn = (
        np.interp(along_m, road.along_m, values)
        for values in (road.ahead_m, road.left_m, road.turn_rad)
    )
    return pixel_from_ground(
        camera, width, height, ahead - left_m * np.sin(turn), left + left_m * np.cos(turn)
    )
