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
    error_m = f"{camera_error_m(camera):.1f} m"
    cost = (
        f"damage {AHEAD_M:g} m ahead may lie {error_m} off and have another size, scores may be "
        "half a class off, and no pictures are kept"
    )
    warnings = []
    if camera.contradicted:
        values = ", ".join(
            f"{name} {getattr(camera, name):g} is off by {getattr(camera.known, name).sigma:.2g}"
            for name in camera.contradicted
        )
        warnings.append(
            f"camera_contradicted: the video shows another camera than the file: {values}; {cost}; "
            "measure it anew with roadscan calibrate"
        )
    if camera.assumed:
        values = ", ".join(f"{name} {getattr(camera, name):g}" for name in camera.assumed)
        warnings.append(
            f"camera_assumed: {values} are those of a typical dash-cam, not given or measured: "
            f"{cost}; give a camera file"
        )
    if camera.moved_deg:
        warnings.append(
            f"camera_moved: it turned by {camera.moved_deg:g} degrees within the drive, so that "
            f"{cost}; fasten its mount"
        )
    return tuple(warnings)
