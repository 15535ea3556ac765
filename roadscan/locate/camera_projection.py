"""Pinhole camera over a flat road: pixels to metres and back, and the near field."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from roadscan.model.arrays import Bools, Floats
from roadscan.model.frame import Camera, Rows

MAX_ROW_M = 0.15
"""Where one pixel row covers more road than this, a box's top and bottom mean nothing."""
MAX_PLACING_ERROR_M = 0.5
PITCH_ERROR_DEG = 0.25
"""Pitch error of a camera calibrated once in a nodding vehicle; limits how far boxes are placed."""
NOD_DEG = 0.2
"""Nodding of the vehicle, one standard deviation, however well its camera is known."""
SEARCH_M = np.arange(1.0, 40.0, 0.05)


@dataclass(frozen=True, slots=True)
class NearField:
    """Near field: metres ahead of the camera in which the lane is seen well and in full width."""

    near_m: float
    far_m: float


def focal_px(camera: Camera, width: int) -> float:
    """Return the focal length in pixels of a picture of this width."""
    return float(width / 2 / np.tan(np.radians(camera.hfov_deg) / 2))


def ground_from_pixel(camera: Camera, width: int, height: int, uv: Floats) -> tuple[Floats, Floats]:
    """Return for pixels (n, 2) the metres ahead of the camera and left of the vehicle's middle.

    NaN at and above the horizon. Flat road, principal point in the middle, no distortion.
    """
    focal = focal_px(camera, width)
    x, y = (uv[:, 0] - width / 2) / focal, (uv[:, 1] - height / 2) / focal
    roll, pitch, yaw = np.radians([camera.roll_deg, camera.pitch_deg, camera.yaw_deg])
    x, y = x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)
    ahead, down = np.cos(pitch) - y * np.sin(pitch), np.sin(pitch) + y * np.cos(pitch)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(down > 1e-9, camera.height_m / down, np.nan)
    forward = reach * (ahead * np.cos(yaw) + x * np.sin(yaw))
    left = reach * (ahead * np.sin(yaw) - x * np.cos(yaw))
    return np.where(forward > 0, forward, np.nan), left + camera.left_m


def pixel_from_ground(
    camera: Camera, width: int, height: int, ahead_m: Floats, left_m: Floats
) -> Floats:
    """Return the pixels (n, 2) of points on the road; NaN behind the camera."""
    focal = focal_px(camera, width)
    roll, pitch, yaw = np.radians([camera.roll_deg, camera.pitch_deg, camera.yaw_deg])
    left_m = left_m - camera.left_m
    axis = ahead_m * np.cos(yaw) + left_m * np.sin(yaw)
    right = ahead_m * np.sin(yaw) - left_m * np.cos(yaw)
    depth = axis * np.cos(pitch) + camera.height_m * np.sin(pitch)
    below = camera.height_m * np.cos(pitch) - axis * np.sin(pitch)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = (np.where(depth > 0, value / depth, np.nan) for value in (right, below))
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    return np.column_stack([x * focal + width / 2, y * focal + height / 2])


def pitch_error_m(camera: Camera, ahead_m: Floats) -> Floats:
    """Return how far points on the road shift along it if the pitch is wrong."""
    error_m: Floats = ahead_m**2 / camera.height_m * np.radians(PITCH_ERROR_DEG)
    return error_m


def placing_error_m(camera: Camera, ahead_m: Floats) -> Floats:
    """Return the error along the road of points placed on it, as one standard deviation.

    It follows from the uncertainty of the camera's pitch, angle of view and height, and from the
    nodding. A row of the picture lies `axis` below the optical axis: its angle is wrong by
    sin(2 axis) / 2 of the focal length's relative error, and a wrong angle shifts a point by
    (d² + h²) / h.
    """
    hfov, known = math.radians(camera.hfov_deg), camera.known
    focal_share = math.radians(known.hfov_deg.sigma) / math.sin(hfov)
    axis = np.arctan2(camera.height_m, ahead_m) - math.radians(camera.pitch_deg)
    angle = np.hypot(
        np.radians(math.hypot(known.pitch_deg.sigma, NOD_DEG)), np.sin(2 * axis) / 2 * focal_share
    )
    by_angle_m = (ahead_m**2 + camera.height_m**2) / camera.height_m * angle
    error_m: Floats = np.hypot(by_angle_m, ahead_m * known.height_m.sigma / camera.height_m)
    return error_m


def near_field(camera: Camera, width: int, height: int, lane_width_m: float) -> NearField | None:
    """Return the near field, in which boxes can be placed on the lane; None if there is none.

    It begins where the lane fits into the picture and ends where one pixel row covers 0.15 m of
    road, or a pitch error shifts a point by 0.5 m, whichever is nearer.
    """
    half = lane_width_m / 2
    edges = [
        pixel_from_ground(camera, width, height, SEARCH_M, SEARCH_M * 0 + s) for s in (half, -half)
    ]
    inside = np.all([inside_picture(uv, width, height) for uv in edges], axis=0)
    rows = pixel_from_ground(camera, width, height, SEARCH_M, SEARCH_M * 0)[:, 1]
    row_m = -np.gradient(SEARCH_M, rows)
    error_m = pitch_error_m(camera, SEARCH_M)
    good = inside & (row_m <= MAX_ROW_M) & (error_m <= MAX_PLACING_ERROR_M)
    if not good.any():
        return None
    seen = SEARCH_M[good]
    return NearField(float(seen[0]), float(seen[-1]))


def inside_picture(uv: Floats, width: int, height: int) -> Bools:
    """Tell which pixels (n, 2) lie in the picture."""
    u, v = uv[:, 0], uv[:, 1]
    return (u >= 0) & (u <= width) & (v >= 0) & (v <= height)


MARGIN = 1.6
"""Factor on the far end: to recognise a box there, the detector needs some road behind it."""


def near_field_rows(
    camera: Camera,
    width: int,
    height: int,
    lane_widths_m: Iterable[float],
    margin: float = MARGIN,
) -> Rows | None:
    """Return the picture rows of the near field for lanes of these widths; None if there is none.

    They reach from `margin` times the far end to the nearest row in which a lane fits into the
    picture. A camera with roll needs more rows.
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
