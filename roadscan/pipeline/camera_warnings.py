"""Warnings about a drive's camera: how much an assumed camera may falsify the results."""

from typing import Final

import numpy as np

from roadscan.locate.camera_projection import placing_error_m
from roadscan.model.frame import Camera

AHEAD_M: Final = 8.0
"""Distance ahead at which most damage is seen."""


def camera_error_m(camera: Camera) -> float:
    """Return the error along the road that the camera causes, as one standard deviation."""
    return float(placing_error_m(camera, np.array([AHEAD_M]))[0])


def camera_warnings(camera: Camera) -> tuple[str, ...]:
    """Return the warnings about a camera, each beginning with its code."""
    if not camera.assumed:
        return ()
    values = ", ".join(f"{name} {getattr(camera, name):g}" for name in camera.assumed)
    return (
        f"camera_assumed: {values} are those of a typical dash-cam, not given or measured: damage "
        f"{AHEAD_M:g} m ahead may lie {camera_error_m(camera):.1f} m off and have another size, "
        "scores may be half a class off, and no pictures are kept; give a camera file",
    )
