"""The rows of a picture in which boxes can be placed: where pixels are worth a network's time."""

import math
from collections.abc import Iterable

import numpy as np

from roadscan.locate.camera import near_field, pixel_from_ground
from roadscan.model.frame import Camera, Rows

MARGIN = 1.6
"""Of the near field's far end: a box beginning there needs road behind it to be seen as one."""


def near_rows(
    camera: Camera,
    width: int,
    height: int,
    lane_widths_m: Iterable[float],
    margin: float = MARGIN,
) -> Rows | None:
    """Return the rows of the near field of lanes this wide, full width; None if there is none.

    They begin `margin` times as far away as boxes are placed, and end with the nearest row in which
    a lane fits into the picture. A picture that is turned by the roll takes more rows.
    """
    rows = []
    for lane_width_m in lane_widths_m:
        field = near_field(camera, width, height, lane_width_m)
        if field is not None:
            ahead_m = np.repeat([field.far_m * margin, field.near_m], 2)
            left_m = lane_width_m / 2 * np.array([1.0, -1.0, 1.0, -1.0])
            rows += pixel_from_ground(camera, width, height, ahead_m, left_m)[:, 1].tolist()
    if not rows:
        return None
    tilt = width / 2 * abs(math.tan(math.radians(camera.roll_deg)))
    top, bottom = math.floor(min(rows) - tilt), math.ceil(max(rows) + tilt)
    return Rows(max(0, top), min(height, max(bottom, top + 1)))
