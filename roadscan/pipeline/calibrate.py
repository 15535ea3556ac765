"""Measures a camera by videos of drives with it, for a camera file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.locate.camera_calibration import LEAST_STRAIGHT_S, Calibration, Estimate
from roadscan.locate.clean_track import clean_track
from roadscan.model.frame import Camera
from roadscan.pipeline.find_inputs import list_videos
from roadscan.pipeline.measure_camera import apart, calibrate_video, with_measurements
from roadscan.pipeline.run_record import write_atomically
from roadscan.pipeline.video_clock import OFFSET_WITHIN_S, GivenOffset, place_in_time
from roadscan.read.camera_file import camera_text, read_camera
from roadscan.read.track_file import read_track
from roadscan.read.utm_zone import metric_crs
from roadscan.read.video import probe

VALUES: Final = ("hfov_deg", "height_m", "pitch_deg", "yaw_deg", "roll_deg")


@dataclass(frozen=True, slots=True)
class CalibratedCamera:
    """A camera as it was measured, and what that rests on."""

    camera: Camera
    videos: int
    straight_s: float
    bends: int


def calibrate_camera(
    videos: Sequence[Path],
    out: Path,
    track: Path | None = None,
    camera: Path | None = None,
    offset_s: float | None = None,
) -> CalibratedCamera:
    """Measure the camera of some videos and write its file; what `camera` says is kept.

    Raises
    ------
    RoadscanError
        `camera_not_measured` where the videos do not tell where it looks, `camera_differs` where
        they tell of different cameras, `output_not_writable`, and what is wrong with an input.
        Then nothing is written.
    """
    known = read_camera(camera)
    paths = list_videos(list(videos))
    found = [_calibrated(path, track, known, offset_s) for path in paths]
    together = _together(paths, found)
    measured = with_measurements(known, together)
    if measured.name in {"default", "measured"}:
        measured = replace(measured, name=out.stem)
    try:
        write_atomically(out, camera_text(measured))
    except OSError as error:
        raise RoadscanError(
            "output_not_writable",
            f"{out} cannot be written ({error.strerror})",
            "Name another file with --out",
        ) from error
    return CalibratedCamera(measured, len(paths), together.straight_s, together.bends)


def _calibrated(
    video: Path, track: Path | None, known: Camera, offset_s: float | None
) -> Calibration:
    info = probe(video)
    if track is None:
        found = calibrate_video(video, info, known)
    else:
        fixes = read_track(track)
        path = clean_track(fixes, metric_crs(fixes.lon_deg, fixes.lat_deg))
        offset = None if offset_s is None else GivenOffset(offset_s, OFFSET_WITHIN_S)
        clock = place_in_time(video, info, path, offset)
        found = calibrate_video(video, info, known, path, clock)
    if found.pitch_deg is None:
        raise RoadscanError(
            "camera_not_measured",
            f"{video.name} does not show where its camera looks ({found.straight_s:.0f} s of "
            f"straight driving; {LEAST_STRAIGHT_S:.0f} s in clear sight are needed)",
            "Drive half a minute straight on, faster than 15 km/h, by daylight",
        )
    return found


def _together(paths: Sequence[Path], found: Sequence[Calibration]) -> Calibration:
    """Return the mean of what several videos tell, each by how well it knows."""
    values = {}
    for name in VALUES:
        told = [
            (path, estimate)
            for path, one in zip(paths, found, strict=True)
            for estimate in (getattr(one, name),)
            if estimate is not None
        ]
        for path, estimate in told[1:]:
            if apart(name, estimate, told[0][1]):
                raise RoadscanError(
                    "camera_differs",
                    f"{name} is {told[0][1].value:.2f} in {told[0][0].name} and "
                    f"{estimate.value:.2f} in {path.name}",
                    "Give videos of one camera that was not moved in between",
                )
        values[name] = _mean([estimate for _, estimate in told])
    return Calibration(
        **values,
        straight_s=sum(one.straight_s for one in found),
        bends=sum(one.bends for one in found),
        slipped_deg=max(one.slipped_deg for one in found),
    )


def _mean(estimates: Sequence[Estimate]) -> Estimate | None:
    if not estimates:
        return None
    weights = np.array([one.sigma**-2.0 for one in estimates])
    value = float(np.average([one.value for one in estimates], weights=weights))
    # what is wrong in each alike, such as the lens, does not average out
    return Estimate(value, max(float(weights.sum() ** -0.5), min(e.sigma for e in estimates) / 2))
