"""Prepare a drive: when and where a video was recorded, and which of its frames to analyse."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pyproj import Transformer

from roadscan.errors import RoadscanError
from roadscan.locate.apparent_motion import Motion, apparent_motion
from roadscan.locate.clean_track import clean_track
from roadscan.locate.drive_path import sample_times, state_at
from roadscan.locate.map_matching import match_path
from roadscan.locate.reversing import (
    backwards_m,
    reversing,
    turn_rounds,
    windows_to_look_at,
    without,
)
from roadscan.locate.vehicle_speed import vehicle_doubt
from roadscan.model.arrays import Floats
from roadscan.model.drive import Drive, RematchInputs
from roadscan.model.frame import Camera
from roadscan.model.link_table import bounds_of
from roadscan.model.road import MatchedPath, Network, Vehicle
from roadscan.model.track import FIX_FIELDS, CleanCounts, DrivePath, Track
from roadscan.pipeline.measure_camera import measured_camera
from roadscan.pipeline.run_record import Stopwatch
from roadscan.pipeline.video_clock import (
    RATE_HZ,
    WIDTH_PX,
    GivenOffset,
    place_in_time,
)
from roadscan.read.input_files import sha256_of
from roadscan.read.track_file import read_track
from roadscan.read.video import grey_frames, probe

METHOD = 10
"""Raised by every change that alters a chunk's result, so that no old chunk is reused."""

MAX_NETWORK_DISTANCE_M = 10_000.0
TRACK_AROUND_S = 60.0
"""Seconds of track stored before and after the video; the purge deletes the rest."""

BRIDGED_S = 5.0
"""What lies between fixes further apart is told."""
MAX_LOST_SHARE = 0.1
"""Share of lost fixes from which a track is reported; chosen by judgment."""


@dataclass(frozen=True, slots=True)
class Detecting:
    """The properties of the detector that results depend on."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a drive's results depend on besides its files."""

    survey: str
    camera: Camera
    offset: GivenOffset | None
    every_m: float
    viewing: str
    """The part of the scheme that decides how frames become views and hits."""
    pictures: str = ""
    """The detector of people and the extent of the pictures, as one string."""
    vehicle: Vehicle = Vehicle.CAR


@dataclass(frozen=True, slots=True)
class DrivenTrack:
    """A track cleaned and matched to the network; several videos may share it."""

    name: str
    sha256: str
    track: Track
    path: DrivePath
    matched: MatchedPath
    vehicle: Vehicle = Vehicle.CAR


@dataclass(frozen=True, slots=True)
class PreparedDrive:
    """A drive ready to be analysed."""

    drive: Drive
    video_path: Path
    path: DrivePath
    matched: MatchedPath
    wanted_video_s: Floats
    """Times in the video at which a frame is analysed, one every so many metres driven."""
    trace: RematchInputs


def drive_track(track_path: Path, network: Network, vehicle: Vehicle = Vehicle.CAR) -> DrivenTrack:
    """Read a track, clean it and match it to the network.

    Raises
    ------
    RoadscanError
        The errors of `read_track`; `network_too_far` if track and network lie over 10 km apart.
    """
    track = read_track(track_path)
    path = clean_track(track, network.crs_epsg)
    track = with_warnings(track, path, vehicle)
    check_near(path, network, track_path.name)
    matched = match_path(path, network, vehicle)
    return DrivenTrack(track_path.name, sha256_of(track_path), track, path, matched, vehicle)


def with_warnings(track: Track, path: DrivePath, vehicle: Vehicle) -> Track:
    """Return a track with all that is doubtful about it once it is cleaned."""
    told = vehicle_doubt(path, vehicle)
    doubted = replace(track, warnings=(*track.warnings, told)) if told else track
    return with_losses(with_bridges(doubted, path), path.counts)


def with_losses(track: Track, counts: CleanCounts) -> Track:
    """Return the track, with a warning if many of its fixes cannot be used."""
    dropped = {
        "cannot be read": track.unread,
        "with a time that goes back": counts.not_increasing,
        "without a position": counts.no_position,
        "after a jump": counts.outlier_speed,
        "after a jerk": counts.outlier_acceleration,
    }
    lost, fixes = sum(dropped.values()), counts.fixes + track.unread
    if lost < MAX_LOST_SHARE * fixes:
        return track
    why = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
    warning = f"track_fixes_lost: {lost} of {fixes} fixes cannot be used ({why})"
    return replace(track, warnings=(*track.warnings, warning))


def with_bridges(track: Track, path: DrivePath) -> Track:
    """Return the track, with a warning about the metres assumed between distant fixes, if any."""
    step_s, driven_m = np.diff(path.t_s), np.diff(path.driven_m)
    bridged = (np.diff(path.piece) == 0) & (driven_m > 0.0) & (step_s > BRIDGED_S)
    if not bridged.any():
        return track
    warning = (
        f"track_bridged: {driven_m[bridged].sum():.0f} m lie between fixes up to "
        f"{step_s[bridged].max():.0f} s apart; they are used where only one way leads along"
    )
    return replace(track, warnings=(*track.warnings, warning))


def prepare_drive(
    video_path: Path,
    track: DrivenTrack,
    network: Network,
    settings: Settings,
    detecting: Detecting,
    watch: Stopwatch | None = None,
    continues_s: Mapping[float, float] | None = None,
) -> PreparedDrive:
    """Find out where and when a video was recorded and which of its frames to analyse.

    `continues_s` says when the videos of a date ended that came before, both in UTC: parts of one
    recording often share their date.

    Raises
    ------
    RoadscanError
        If this video or its clock is unusable; other videos of the survey may still be fine.
    """
    info = probe(video_path)
    earlier_s = 0.0
    if continues_s is not None and info.started_s is not None:
        earlier_s = continues_s.get(info.started_s, info.started_s) - info.started_s
    clock = place_in_time(video_path, info, track.path, settings.offset, earlier_s, watch)
    shift_s = clock.started_s + clock.offset_s
    track = _without_reversing(video_path, info.playable_s, track, network, shift_s, watch)
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
        vehicle=track.vehicle,
    )
    trace = RematchInputs(_filmed(track.track, from_s, to_s), settings.every_m, settings.pictures)
    digest = settings_digest(drive, network, trace, settings.viewing)
    drive = replace(drive, settings_sha256=digest)
    return PreparedDrive(drive, video_path, track.path, track.matched, wanted_s, trace)


def _without_reversing(
    video_path: Path,
    playable_s: float,
    track: DrivenTrack,
    network: Network,
    shift_s: float,
    watch: Stopwatch | None,
) -> DrivenTrack:
    """Leave out stretches driven backwards: they neither drive the other lane nor view this one.

    The picture is decoded only around places where the track turns round.
    """
    turns_s = turn_rounds(track.path)
    windows = windows_to_look_at(turns_s, shift_s, shift_s + playable_s)
    if not windows:
        return track
    in_video = tuple((from_s - shift_s, to_s - shift_s) for from_s, to_s in windows)
    motion = _motion(video_path, in_video, watch)
    backwards = reversing(track.path, turns_s, motion, shift_s)
    if not backwards:
        return track
    warning = (
        f"track_reversing: {backwards_m(track.path, backwards):.0f} m were driven backwards; "
        "they are not assessed"
    )
    forwards = without(track.track, backwards)
    forwards = replace(forwards, warnings=(*forwards.warnings, warning))
    path = clean_track(forwards, network.crs_epsg)
    matched = match_path(path, network, track.vehicle)
    return replace(track, track=forwards, path=path, matched=matched)


def _motion(
    video_path: Path, windows: tuple[tuple[float, float], ...], watch: Stopwatch | None
) -> Motion:
    frames = grey_frames(video_path, windows, RATE_HZ, WIDTH_PX)
    watch = watch or Stopwatch()
    with watch.stage("clock"):
        return apparent_motion(watch.waits("clock_decode", frames))


def driven_stretches(path: DrivePath, from_s: float, to_s: float) -> tuple[Floats, ...]:
    """Return the uninterrupted stretches of a path between two times, each (n, 2)."""
    inside = (path.t_s >= from_s) & (path.t_s <= to_s)
    xy_m = np.column_stack([path.x_m, path.y_m])
    pieces = (xy_m[inside & (path.piece == piece)] for piece in np.unique(path.piece))
    return tuple(piece for piece in pieces if len(piece) > 1)


def _filmed(track: Track, from_s: float, to_s: float) -> Track:
    """Return the fixes around the video: as many as it takes to match it in the same way again."""
    # a fix without a time compares false and is left out: cleaning has counted it
    near = (track.t_s >= from_s - TRACK_AROUND_S) & (track.t_s <= to_s + TRACK_AROUND_S)
    return replace(track, **{name: getattr(track, name)[near] for name in FIX_FIELDS})


def check_near(path: DrivePath, network: Network, name: str) -> None:
    """Raise `network_too_far` if path and network lie more than 10 km apart."""
    bounds_m = bounds_of(network.links)
    low, high = bounds_m[:, :2].min(axis=0), bounds_m[:, 2:].max(axis=0)
    xy = np.column_stack([path.x_m, path.y_m])
    outside_m = np.hypot(*np.maximum(0.0, np.maximum(low - xy, xy - high)).T)
    nearest_m = float(np.min(outside_m)) if np.isfinite(outside_m).any() else np.inf
    if nearest_m <= MAX_NETWORK_DISTANCE_M:
        return
    if _is_near_turned_round(path, low, high):
        raise RoadscanError(
            "track_swapped",
            f"longitude and latitude of the track {name} are swapped: turned round they lie at the "
            "network, as they are thousands of kilometres away",
            "Swap the two columns, or their names",
        )
    raise RoadscanError(
        "network_too_far",
        f"the track {name} comes no nearer to the network {network.source} "
        f"than {nearest_m / 1000:.0f} km",
        "Give the network of the place that was driven",
    )


def _is_near_turned_round(path: DrivePath, low: Floats, high: Floats) -> bool:
    """Tell whether a track comes near to a network if longitude and latitude change places."""
    transformer = Transformer.from_crs(path.crs_epsg, 4326, always_xy=True)
    lon, lat = transformer.transform(path.x_m, path.y_m)
    usable = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 90.0)
    if not usable.any():
        return False
    x_m, y_m = transformer.transform(lat[usable], lon[usable], direction="INVERSE")
    xy = np.column_stack([x_m, y_m])
    outside_m = np.hypot(*np.maximum(0.0, np.maximum(low - xy, xy - high)).T)
    return bool(np.nanmin(outside_m, initial=np.inf) <= MAX_NETWORK_DISTANCE_M)


def settings_digest(drive: Drive, network: Network, trace: RematchInputs, viewing: str) -> str:
    """Return the checksum of everything that a drive's results depend on besides its files."""
    return _digest(
        [
            str(METHOD),
            drive.model_name,
            drive.model_sha256,
            drive.camera.sha256,
            f"{drive.clock.started_s + drive.clock.offset_s:.3f}",
            f"{drive.clock.sigma_s:.3f}",
            network.sha256,
            str(network.crs_epsg),
            f"{trace.every_m:.3f}",
            viewing,
            trace.pictures,
            drive.vehicle.value,
        ]
    )


def _digest(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
