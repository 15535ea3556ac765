"""The renderer's camera: a pinhole over a flat road, written apart from the one roadscan uses."""

from dataclasses import dataclass
from math import cos, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pinhole:
    """Picture size and the keys of a camera file; principal point in the middle, no distortion.

    `pitch_deg` counts down, `yaw_deg` to the left. There is no roll.
    """

    width: int
    height: int
    hfov_deg: float
    height_m: float
    pitch_deg: float
    yaw_deg: float = 0.0

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / tan(radians(self.hfov_deg) / 2)

    @property
    def horizon_px(self) -> float:
        """Row of the horizon."""
        return self.height / 2 - self.focal_px * tan(radians(self.pitch_deg))

    def project(self, ahead_m: Floats, left_m: Floats, up_m: Floats | float = 0.0) -> Floats:
        """Return pixels (n, 3): column, row and depth along the optical axis in metres.

        Points are metres ahead of the camera, left of it and above the road.
        """
        yaw, pitch = radians(self.yaw_deg), radians(self.pitch_deg)
        axis = ahead_m * cos(yaw) + left_m * sin(yaw)
        right = ahead_m * sin(yaw) - left_m * cos(yaw)
        below = self.height_m - up_m
        depth = axis * cos(pitch) + below * sin(pitch)
        down = below * cos(pitch) - axis * sin(pitch)
        safe = np.where(np.abs(depth) > 1e-6, depth, 1e-6)
        u = self.width / 2 + self.focal_px * right / safe
        v = self.height / 2 + self.focal_px * down / safe
        return np.column_stack([u, v, depth + 0 * u])

    def ground(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Return metres ahead and left of the road under pixels below the horizon."""
        yaw, pitch = radians(self.yaw_deg), radians(self.pitch_deg)
        x = (u - self.width / 2) / self.focal_px
        y = (v - self.height / 2) / self.focal_px
        reach = self.height_m / (y * cos(pitch) + sin(pitch))
        axis, right = reach * (cos(pitch) - y * sin(pitch)), reach * x
        return axis * cos(yaw) + right * sin(yaw), axis * sin(yaw) - right * cos(yaw)
