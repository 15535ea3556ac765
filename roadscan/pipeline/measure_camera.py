"""Measures the camera of a drive by its own video, and holds it against what is known of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.locate.calibration_windows import calibration_windows
from roadscan.locate.camera_calibration import Calibration, Driven, Estimate, calibrate
from roadscan.locate.drive_path import state_at
from roadscan.locate.point_pairs import follow_points
from roadscan.locate.relative_motion import PointPairs
from roadscan.locate.smooth import unwrapped_deg
from roadscan.model.drive import ClockFit, VideoInfo
from roadscan.model.frame import Basis, Camera, CameraKnowledge, Known
from roadscan.model.track import DrivePath
from roadscan.read.camera_file import with_checksum
from roadscan.read.video import grey_frames

RATE_HZ: Final = 10.0
WIDTH_PX: Final = 640
SHARE: Final = 0.1
"""Of the video is looked at, within the two bounds below."""
LEAST_S: Final = 60.0
MOST_S: Final = 150.0
MAX_CLOCK_SIGMA_S: Final = 1.0
"""With a clock known less well, speed and turn are those of another moment."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """When a value that was measured counts."""

    sure: float
    """It replaces an assumption if its standard deviation is below this."""
    apart: float
    """It contradicts a camera file if it is further off than this, ..."""
    digits: int


_LIMITS: Final = {
    "hfov_deg": _Limits(6.0, 6.0, 1),
    "height_m": _Limits(0.2, 0.25, 2),
    "pitch_deg": _Limits(1.75, 1.0, 2),
    "yaw_deg": _Limits(1.0, 1.5, 2),
    "roll_deg": _Limits(0.75, 3.0, 1),
}
APART_SIGMAS: Final = 4.0
"""... and than so many standard deviations of both."""


def calibrate_video(
    video_path: Path,
    info: VideoInfo,
    camera: Camera,
    path: DrivePath | None = None,
    clock: ClockFit | None = None,
) -> Calibration:
    """Find out what a video, with its track if there is one, tells of its camera.

    Raises
    ------
    RoadscanError
        What is wrong with the video.
    """
    started_s = None if clock is None else clock.started_s + clock.offset_s
    budget_s = float(np.clip(SHARE * info.playable_s, LEAST_S, MOST_S))
    told = None if started_s is None else path
    windows = calibration_windows(told, started_s or 0.0, info.playable_s, budget_s)
    followed = follow_points(grey_frames(video_path, windows, RATE_HZ, WIDTH_PX))
    driven = None
    if path is not None and clock is not None and clock.sigma_s <= MAX_CLOCK_SIGMA_S:
        driven = _driven(path, clock, followed.points)
    hfov = camera.known.hfov_deg
    return calibrate(
        followed.points,
        max(followed.width, 1),
        Estimate(camera.hfov_deg, hfov.sigma),
        driven,
        find_hfov=hfov.basis is Basis.ASSUMED,
    )


def measured_camera(
    video_path: Path,
    info: VideoInfo,
    camera: Camera,
    path: DrivePath | None = None,
    clock: ClockFit | None = None,
) -> Camera:
    """Return the camera of a drive: as it is known, with what its video tells of it.

    Where the video breaks, it tells nothing; whoever looks at its frames says so.
    """
    try:
        found = calibrate_video(video_path, info, camera, path, clock)
    except RoadscanError as error:
        if not error.code.startswith("video_"):
            raise
        return camera
    return with_measurements(camera, found)


def with_measurements(camera: Camera, found: Calibration) -> Camera:
    """Return a camera with what was measured of it in place of what was only assumed.

    What is given stays, but is known as contradicted where the video shows otherwise.
    """
    values: dict[str, float] = {}
    known: dict[str, Known] = {}
    for name, limits in _LIMITS.items():
        estimate: Estimate | None = getattr(found, name)
        before: Known = getattr(camera.known, name)
        value: float = getattr(camera, name)
        values[name], known[name] = value, before
        if estimate is None:
            continue
        sigma = max(round(estimate.sigma, 2), 0.01)
        if before.basis is Basis.ASSUMED:
            if estimate.sigma < limits.sure:
                values[name] = round(estimate.value, limits.digits)
                known[name] = Known(Basis.MEASURED, sigma)
            continue
        if apart(name, estimate, Estimate(value, before.sigma)):
            known[name] = Known(Basis.CONTRADICTED, round(abs(estimate.value - value), 2))
    pitch = known["pitch_deg"]
    moved_deg = round(found.slipped_deg, 1)
    known["pitch_deg"] = replace(pitch, sigma=round(float(np.hypot(pitch.sigma, moved_deg / 2)), 2))
    changed = replace(
        camera,
        hfov_deg=values["hfov_deg"],
        height_m=values["height_m"],
        pitch_deg=values["pitch_deg"],
        yaw_deg=values["yaw_deg"],
        roll_deg=values["roll_deg"],
        known=CameraKnowledge(**known),
        moved_deg=moved_deg,
    )
    if changed == camera:
        return camera
    if camera.name == "default" and changed.basis is Basis.MEASURED:
        changed = replace(changed, name="measured")
    return with_checksum(changed)


def apart(name: str, one: Estimate, other: Estimate) -> bool:
    """Tell whether two estimates of a value of the camera cannot be of one camera."""
    sigma = float(np.hypot(one.sigma, other.sigma))
    return abs(one.value - other.value) > max(_LIMITS[name].apart, APART_SIGMAS * sigma)


def _driven(path: DrivePath, clock: ClockFit, points: PointPairs) -> Driven:
    """Return what the track says of each pair of frames."""
    middle_s = clock.started_s + clock.offset_s + points.t_s
    first, last = (
        state_at(path, middle_s + side * points.step_s / 2).driven_m for side in (-1.0, 1.0)
    )
    course_deg = state_at(path, middle_s).heading_deg
    known = np.isfinite(course_deg)
    course = np.full(len(course_deg), np.nan)
    course[known] = -np.radians(unwrapped_deg(course_deg[known]))
    return Driven(last - first, course)
