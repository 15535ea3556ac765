"""Puts one video on the network: its time, its path, the frames worth looking at."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.locate.apparent_motion import apparent_motion
from roadscan.locate.clean_track import clean_track
from roadscan.locate.clock import choose_windows, fit_clock
from roadscan.locate.drive_path import sample_times, state_at
from roadscan.locate.map_matching import match_path
from roadscan.model.arrays import Floats
from roadscan.model.drive import ClockFit, Drive, RematchInputs, VideoInfo
from roadscan.model.frame import Camera
from roadscan.model.road import MatchedPath, Network
from roadscan.model.time import iso_utc
from roadscan.model.track import FIX_FIELDS, CleanCounts, DrivePath, Track
from roadscan.pipeline.measure_camera import measured_camera
from roadscan.pipeline.run_record import Stopwatch
from roadscan.read.input_files import sha256_of
from roadscan.read.track_file import read_track
from roadscan.read.video import grey_frames, probe

METHOD = 8
"""Raised with every change that makes a chunk's result differ, so that no old chunk is reused."""

MAX_NETWORK_DISTANCE_M = 10_000.0
MIN_OVERLAP_S = 1.0
TRACK_AROUND_S = 60.0
"""Seconds of track stored before and after the video; the purge deletes the rest."""

MAX_LOST_SHARE = 0.1
"""A track that loses this share of its fixes is worth a look: chosen by judgment."""

CLOCK_RATE_HZ = 10.0
CLOCK_WIDTH_PX = 320
CLOCK_SHARE = 0.1
"""Of the video is decoded for the clock fit, within the two bounds below."""
CLOCK_MIN_S = 24.0
CLOCK_MAX_S = 90.0

OPTION_SIGMA_S = 0.1
"""A clock offset given by hand is taken to be right to a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Detecting:
    """The detector, as far as results depend on it."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a drive's results depend on besides its files."""

    survey: str
    camera: Camera
    offset_s: float | None
    every_m: float
    viewing: str
    """Of the scheme: what decides how frames become views and hits."""
    pictures: str = ""
    """The detector of people and the extent of the pictures, as one string."""


@dataclass(frozen=True, slots=True)
class DrivenTrack:
    """A track cleaned and matched to the network; several videos may share it."""

    name: str
    sha256: str
    track: Track
    path: DrivePath
    matched: MatchedPath


@dataclass(frozen=True, slots=True)
class PreparedDrive:
    """A drive ready to be looked at."""

    drive: Drive
    video_path: Path
    path: DrivePath
    matched: MatchedPath
    wanted_video_s: Floats
    """Times in the video at which a frame is looked at, one every so many metres driven."""
    trace: RematchInputs


def drive_track(track_path: Path, network: Network) -> DrivenTrack:
    """Read a track, clean it and match it to the network.

    Raises
    ------
    RoadscanError
        What `read_track` raises; `network_too_far` if they lie over 10 km apart.
    """
    track = read_track(track_path)
    path = clean_track(track, network.crs_epsg)
    track = with_losses(track, path.counts)
    check_near(path, network, track_path.name)
    matched = match_path(path, network)
    return DrivenTrack(track_path.name, sha256_of(track_path), track, path, matched)


def with_losses(track: Track, counts: CleanCounts) -> Track:
    """Return a track that also warns of its fixes without use, if they are many."""
    dropped = {
        "unread": track.unread,
        "not_increasing": counts.not_increasing,
        "no_position": counts.no_position,
        "outlier_speed": counts.outlier_speed,
        "outlier_acceleration": counts.outlier_acceleration,
    }
    lost, fixes = sum(dropped.values()), counts.fixes + track.unread
    if lost < MAX_LOST_SHARE * fixes:
        return track
    why = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
    told = f"track_fixes_lost: {lost} of {fixes} fixes cannot be used ({why})"
    return replace(track, warnings=(*track.warnings, told))


def prepare_drive(
    video_path: Path,
    track: DrivenTrack,
    network: Network,
    settings: Settings,
    detecting: Detecting,
    watch: Stopwatch | None = None,
) -> PreparedDrive:
    """Find out where and when a video was recorded and which of its frames to look at.

    Raises
    ------
    RoadscanError
        What is wrong with this video or its clock; other videos of a survey may still be fine.
    """
    info = probe(video_path)
    clock = place_in_time(video_path, info, track.path, settings.offset_s, watch)
    shift_s = clock.started_s + clock.offset_s
    from_s = max(shift_s, float(track.path.t_s[0]))
    to_s = min(shift_s + info.playable_s, float(track.path.t_s[-1]))
    wanted_s = sample_times(track.path, settings.every_m, from_s, to_s) - shift_s
    ends = state_at(track.path, np.array([from_s, to_s])).driven_m
    watch = watch or Stopwatch()
    with watch.stage("camera"):
        camera = measured_camera(video_path, info, settings.camera, track.path, clock)
    drive = Drive(
        drive_id=_digest([info.sha256, track.sha256])[:16],
        survey=settings.survey,
        video=info,
        track_name=track.name,
        track_sha256=track.sha256,
        clock=clock,
        camera=camera,
        model_name=detecting.name,
        model_sha256=detecting.sha256,
        settings_sha256="",
        started_s=from_s,
        ended_s=to_s,
        path_m=driven_stretches(track.path, from_s, to_s),
        length_m=round(float(np.nan_to_num(ends[1] - ends[0])), 3),
    )
    trace = RematchInputs(_filmed(track.track, from_s, to_s), settings.every_m, settings.pictures)
    digest = settings_digest(drive, network, trace, settings.viewing)
    drive = replace(drive, settings_sha256=digest)
    return PreparedDrive(drive, video_path, track.path, track.matched, wanted_s, trace)


def driven_stretches(path: DrivePath, from_s: float, to_s: float) -> tuple[Floats, ...]:
    """Return the stretches of a path without a gap, between two times."""
    inside = (path.t_s >= from_s) & (path.t_s <= to_s)
    xy_m = np.column_stack([path.x_m, path.y_m])
    pieces = (xy_m[inside & (path.piece == piece)] for piece in np.unique(path.piece))
    return tuple(piece for piece in pieces if len(piece) > 1)


def _filmed(track: Track, from_s: float, to_s: float) -> Track:
    """Return the fixes of what was filmed, with enough around it that it is matched as before."""
    # written so that a fix without a time, which cleaning counts, goes
    kept = (track.t_s >= from_s - TRACK_AROUND_S) & (track.t_s <= to_s + TRACK_AROUND_S)
    return replace(track, **{name: getattr(track, name)[kept] for name in FIX_FIELDS})


def place_in_time(
    video_path: Path,
    info: VideoInfo,
    path: DrivePath,
    offset_s: float | None,
    watch: Stopwatch | None = None,
) -> ClockFit:
    """Find the offset between picture and track; one that is given wins.

    Raises
    ------
    RoadscanError
        `track_no_overlap`, with both intervals and the offset that would bring them together.
    """
    assumed = info.started_s is None
    started_s = float(path.t_s[0]) if info.started_s is None else info.started_s
    warnings = ("clock_assumed",) if assumed else ()
    _check_overlap(info, started_s + (offset_s or 0.0), path, video_path.name)
    if offset_s is not None:
        return ClockFit(started_s, offset_s, OPTION_SIGMA_S, "option", 0.0, warnings)
    budget_s = float(np.clip(CLOCK_SHARE * info.playable_s, CLOCK_MIN_S, CLOCK_MAX_S))
    windows = choose_windows(path, started_s, info.playable_s, budget_s)
    frames = grey_frames(video_path, windows, CLOCK_RATE_HZ, CLOCK_WIDTH_PX)
    watch = watch or Stopwatch()
    with watch.stage("clock"):
        motion = apparent_motion(watch.waits("clock_decode", frames))
        fit = fit_clock(motion, path, started_s)
    source = "assumed" if assumed and fit.source == "container" else fit.source
    return replace(fit, source=source, warnings=warnings + fit.warnings)


def _check_overlap(info: VideoInfo, started_s: float, path: DrivePath, name: str) -> None:
    ended_s = started_s + info.playable_s
    first_s, last_s = float(path.t_s[0]), float(path.t_s[-1])
    if min(ended_s, last_s) - max(started_s, first_s) >= min(MIN_OVERLAP_S, info.playable_s):
        return
    raise RoadscanError(
        "track_no_overlap",
        f"{name} runs from {iso_utc(started_s)} to {iso_utc(ended_s)}, "
        f"the track from {iso_utc(first_s)} to {iso_utc(last_s)}",
        f"Check the camera's clock; --offset-s {first_s - started_s:.1f} lets both begin together",
        video_from=iso_utc(started_s),
        video_to=iso_utc(ended_s),
        track_from=iso_utc(first_s),
        track_to=iso_utc(last_s),
    )


def check_near(path: DrivePath, network: Network, name: str) -> None:
    """Raise `network_too_far` if path and network lie more than 10 km apart."""
    low = np.min([link.xy_m.min(axis=0) for link in network.links], axis=0)
    high = np.max([link.xy_m.max(axis=0) for link in network.links], axis=0)
    xy = np.column_stack([path.x_m, path.y_m])
    outside_m = np.hypot(*np.maximum(0.0, np.maximum(low - xy, xy - high)).T)
    nearest_m = float(np.min(outside_m)) if np.isfinite(outside_m).any() else np.inf
    if nearest_m <= MAX_NETWORK_DISTANCE_M:
        return
    raise RoadscanError(
        "network_too_far",
        f"the track {name} comes no nearer to the network {network.source} "
        f"than {nearest_m / 1000:.0f} km",
        "Give the network of the place that was driven",
    )


def settings_digest(drive: Drive, network: Network, trace: RematchInputs, viewing: str) -> str:
    """Return the checksum of all that a drive's results depend on besides its files."""
    return _digest(
        [
            str(METHOD),
            drive.model_name,
            drive.model_sha256,
            drive.camera.sha256,
            f"{drive.clock.started_s + drive.clock.offset_s:.3f}",
            network.sha256,
            str(network.crs_epsg),
            f"{trace.every_m:.3f}",
            viewing,
            trace.pictures,
        ]
    )


def _digest(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
