"""Check whether a video and its track are usable, before any detector runs."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from roadscan.locate.clean_track import clean_track
from roadscan.locate.drive_path import sample_times
from roadscan.locate.map_matching import match_path
from roadscan.model.drive import VideoInfo
from roadscan.model.drive_check import (
    ClockCheck,
    Concern,
    CoverCheck,
    DriveCheck,
    GapCheck,
    TrackCheck,
    VideoCheck,
)
from roadscan.model.frame import Camera
from roadscan.model.road import MatchedPath, Network, Vehicle
from roadscan.model.time import iso_utc
from roadscan.model.track import DrivePath, Gap, Track
from roadscan.pipeline.camera_warnings import camera_warnings
from roadscan.pipeline.measure_camera import measured_camera
from roadscan.pipeline.prepare import check_near, with_warnings
from roadscan.pipeline.video_clock import place_in_time
from roadscan.read.camera_file import read_camera
from roadscan.read.track_file import read_track
from roadscan.read.utm_zone import metric_crs
from roadscan.read.video import probe

EVERY_M = 3.0

# Limits beyond which staff are asked to look. Chosen by judgment, not measured: a false alarm
# costs one click.
MAX_ACCURACY_M: Final = 10.0
MAX_INTERVAL_S: Final = 3.0
MAX_GAP_SHARE: Final = 0.1
MIN_OVERLAP_SHARE: Final = 0.9
MIN_NETWORK_SHARE: Final = 0.8
MIN_DRIVEN_M: Final = 50.0


def check_drive(
    video_path: Path,
    track_path: Path | None,
    network: Network | None = None,
    camera: Camera | None = None,
    vehicle: Vehicle = Vehicle.CAR,
) -> DriveCheck:
    """Check a video, its track if there is one, and how much of the drive lies on a network.

    Without a camera, a typical dash-cam is assumed, and that is reported as a concern.

    Raises
    ------
    RoadscanError
        If the video or the track is unusable; `network_too_far`.
    """
    info = probe(video_path)
    camera = camera or read_camera(None)
    if track_path is None:
        camera = measured_camera(video_path, info, camera)
        warnings = info.warnings + camera_warnings(camera)
        return with_concerns(DriveCheck(_video(info), None, None, None, warnings, camera=camera))
    track = read_track(track_path)
    crs = metric_crs(track.lon_deg, track.lat_deg) if network is None else network.crs_epsg
    path = clean_track(track, crs)
    track = with_warnings(track, path, vehicle)
    if network is not None:
        check_near(path, network, track_path.name)
    clock = place_in_time(video_path, info, path)
    camera = measured_camera(video_path, info, camera, path, clock)
    shift_s = clock.started_s + clock.offset_s
    from_s = max(shift_s, float(path.t_s[0]))
    to_s = min(shift_s + info.playable_s, float(path.t_s[-1]))
    frames = len(sample_times(path, EVERY_M, from_s, to_s))
    matched = None if network is None else match_path(path, network, vehicle)
    return with_concerns(
        DriveCheck(
            _video(info),
            _track(track_path.name, track, path),
            ClockCheck(
                round(clock.offset_s, 3),
                round(clock.sigma_s, 3),
                clock.source,
                round(clock.correlation, 3),
            ),
            CoverCheck(
                round(to_s - from_s, 1),
                round(frames * EVERY_M, 1),
                frames,
                round(sum((_within(gap, from_s, to_s) for gap in path.gaps), 0.0), 1),
                None if matched is None else round(_on_network_m(matched, from_s, to_s), 1),
            ),
            info.warnings + track.warnings + clock.warnings + camera_warnings(camera),
            camera=camera,
        )
    )


def _within(gap: Gap, from_s: float, to_s: float) -> float:
    return max(0.0, min(gap.to_s, to_s) - max(gap.from_s, from_s))


def _on_network_m(matched: MatchedPath, from_s: float, to_s: float) -> float:
    """Return the metres driven on roads of the network between two times."""
    filmed = (matched.t_s >= from_s) & (matched.t_s <= to_s)
    on_road = filmed & (matched.link >= 0)
    together = on_road[1:] & on_road[:-1] & (matched.leg[1:] == matched.leg[:-1])
    return float(np.abs(np.diff(matched.route_m))[together].sum())


def with_concerns(check: DriveCheck) -> DriveCheck:
    """Return a check with its concerns, which staff should look at, in the order of `Concern`."""
    codes = {warning.split(":")[0] for warning in check.warnings}
    found = {Concern(code) for code in codes & set(Concern)}
    if "truncated" in codes:
        found.add(Concern.VIDEO_TRUNCATED)
    if check.track is not None:
        found |= _of_track(check.track)
    if check.would_cover is not None:
        found |= _of_cover(check.video, check.would_cover)
    return replace(check, concerns=tuple(concern for concern in Concern if concern in found))


def _of_track(track: TrackCheck) -> set[Concern]:
    found = set()
    if track.accuracy_m is not None and track.accuracy_m > MAX_ACCURACY_M:
        found.add(Concern.TRACK_INACCURATE)
    if track.interval_s > MAX_INTERVAL_S:
        found.add(Concern.TRACK_SPARSE)
    return found


def _of_cover(video: VideoCheck, cover: CoverCheck) -> set[Concern]:
    found = set()
    if cover.without_track_s > MAX_GAP_SHARE * cover.seconds:
        found.add(Concern.TRACK_GAPS)
    if cover.seconds < MIN_OVERLAP_SHARE * video.playable_s:
        found.add(Concern.LITTLE_OVERLAP)
    if cover.on_network_m is not None and cover.on_network_m < MIN_NETWORK_SHARE * cover.length_m:
        found.add(Concern.LITTLE_ON_NETWORK)
    if cover.length_m < MIN_DRIVEN_M:
        found.add(Concern.NOTHING_DRIVEN)
    return found


def _video(info: VideoInfo) -> VideoCheck:
    return VideoCheck(
        name=info.name,
        sha256=info.sha256,
        container=info.container,
        codec=info.codec,
        streams=info.streams,
        width=info.width,
        height=info.height,
        rotation_deg=info.rotation_deg,
        claimed_s=round(info.claimed_s, 3),
        playable_s=round(info.playable_s, 3),
        frames=info.frames,
        frame_rate_hz=round(info.frame_rate_hz, 3),
        variable_frame_rate=info.variable_frame_rate,
        started_at=None if info.started_s is None else iso_utc(info.started_s),
    )


def _track(name: str, track: Track, path: DrivePath) -> TrackCheck:
    counts = path.counts
    accuracy = path.accuracy_m[np.isfinite(path.accuracy_m)]
    return TrackCheck(
        name=name,
        format=track.format,
        fixes=counts.fixes + track.unread + track.same_time,
        kept=counts.kept,
        dropped={
            "unread": track.unread,
            "same_time": track.same_time,
            "not_increasing": counts.not_increasing,
            "no_position": counts.no_position,
            "outlier_speed": counts.outlier_speed,
            "outlier_acceleration": counts.outlier_acceleration,
            "standstill": counts.standstill,
        },
        started_at=iso_utc(float(path.t_s[0])),
        ended_at=iso_utc(float(path.t_s[-1])),
        interval_s=round(float(np.median(np.diff(path.t_s))), 3),
        length_m=round(float(path.driven_m[-1]), 1),
        accuracy_m=round(float(np.median(accuracy)), 2) if len(accuracy) else None,
        gaps=tuple(
            GapCheck(iso_utc(gap.from_s), iso_utc(gap.to_s), gap.reason) for gap in path.gaps
        ),
    )
