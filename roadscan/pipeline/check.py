"""What a video and its track are good for, before any detector runs."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from roadscan.locate.clean import clean_track
from roadscan.locate.sample import sample_times
from roadscan.model.drive import VideoInfo
from roadscan.model.time import iso_utc
from roadscan.model.track import DrivePath
from roadscan.pipeline.prepare import place_in_time
from roadscan.pipeline.record import SyncRecord
from roadscan.read.crs import metric_crs
from roadscan.read.track import read_track
from roadscan.read.video import probe

EVERY_M = 3.0


@dataclass(frozen=True, slots=True)
class VideoCheck:
    """The video: what it claims and what is in it."""

    name: str
    sha256: str
    container: str
    codec: str
    streams: tuple[str, ...]
    width: int
    height: int
    rotation_deg: int
    claimed_s: float
    playable_s: float
    frames: int
    frame_rate_hz: float
    variable_frame_rate: bool
    started_at: str | None


@dataclass(frozen=True, slots=True)
class GapCheck:
    """A time without a usable track."""

    from_at: str
    to_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrackCheck:
    """The track: how much of it can be used."""

    name: str
    format: str
    fixes: int
    kept: int
    dropped: dict[str, int]
    started_at: str
    ended_at: str
    interval_s: float
    """Median time between fixes."""
    length_m: float
    accuracy_m: float | None
    """Median, as the receiver states it; None where it does not."""
    gaps: tuple[GapCheck, ...]


@dataclass(frozen=True, slots=True)
class CoverCheck:
    """What a run would look at."""

    seconds: float
    length_m: float
    frames: int


@dataclass(frozen=True, slots=True)
class DriveCheck:
    """All that `roadscan check` tells; the last three only with a track."""

    video: VideoCheck
    track: TrackCheck | None
    sync: SyncRecord | None
    would_cover: CoverCheck | None
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)


def check_drive(video_path: Path, track_path: Path | None) -> DriveCheck:
    """Look at a video, and at its track if there is one.

    Raises
    ------
    RoadscanError
        What makes the video or the track unusable.
    """
    info = probe(video_path)
    if track_path is None:
        return DriveCheck(_video(info), None, None, None, info.warnings)
    track = read_track(track_path)
    path = clean_track(track, metric_crs(track.lon_deg, track.lat_deg))
    clock = place_in_time(video_path, info, path, None)
    shift_s = clock.started_s + clock.offset_s
    from_s = max(shift_s, float(path.t_s[0]))
    to_s = min(shift_s + info.playable_s, float(path.t_s[-1]))
    frames = len(sample_times(path, EVERY_M, from_s, to_s))
    return DriveCheck(
        _video(info),
        _track(track_path.name, track.format, path),
        SyncRecord(
            round(clock.offset_s, 3),
            round(clock.sigma_s, 3),
            clock.source,
            round(clock.correlation, 3),
        ),
        CoverCheck(round(to_s - from_s, 1), round(frames * EVERY_M, 1), frames),
        info.warnings + clock.warnings,
    )


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


def _track(name: str, track_format: str, path: DrivePath) -> TrackCheck:
    counts = path.counts
    accuracy = path.accuracy_m[np.isfinite(path.accuracy_m)]
    return TrackCheck(
        name=name,
        format=track_format,
        fixes=counts.fixes,
        kept=counts.kept,
        dropped={
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
