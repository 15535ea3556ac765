"""Boxes that a perfect detector would draw around the damage in a picture."""

import numpy as np
import shapely

from .damage import Shape
from .pinhole import Pinhole
from .scene import Pose, seen_from

MIN_AHEAD_M = 0.8
MIN_POINTS = 3
MIN_LONG_PX = 10.0
MARGIN_PX = 1.5

Box = tuple[float, float, float, float]


def box_of(
    shape: Shape, camera: Pinhole, pose: Pose, far_m: float, window: Box | None = None
) -> Box | None:
    """Return x1, y1, x2, y2 of what is nearer than `far_m`, clipped to the picture or a window.

    The shape is in world metres. None where nothing is seen, or less than 10 px both ways.
    """
    frame = window or (0.0, 0.0, float(camera.width), float(camera.height))
    ahead, left = seen_from(pose, shape.outline if len(shape.outline) else shape.points)
    near = (ahead > MIN_AHEAD_M) & (ahead <= far_m)
    if near.sum() < MIN_POINTS:
        return None
    uv = camera.project(ahead[near], left[near])[:, :2]
    if len(shape.outline):
        # what leaves the picture leaves it where its edge does, not at the corner of its box
        seen = shapely.MultiPoint(uv).convex_hull.intersection(shapely.box(*frame))
        if seen.is_empty:
            return None
        low, high = np.array(seen.bounds[:2]), np.array(seen.bounds[2:])
    else:
        inside = uv[((uv >= frame[:2]) & (uv <= frame[2:])).all(axis=1)]
        if not len(inside):
            return None
        low, high = inside.min(axis=0), inside.max(axis=0)
    low = np.maximum(low - MARGIN_PX, frame[:2])
    high = np.minimum(high + MARGIN_PX, frame[2:])
    if (high - low).max() < MIN_LONG_PX:
        return None
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
