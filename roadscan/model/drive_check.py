"""Result of checking a recording before it is processed."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from roadscan.model.frame import Camera


class Concern(StrEnum):
    """Reasons to confirm a drive before it is processed: each may be intended or a mistake."""

    VIDEO_TRUNCATED = "video_truncated"
    """The video is shorter than its header claims."""
    CLOCK_ASSUMED = "clock_assumed"
    """The video has no date: it is assumed to start with the track."""
    CLOCK_NOT_CONFIRMED = "clock_not_confirmed"
    """The picture shows neither turns nor changes of speed: the camera's clock is used as it is."""
    CLOCK_NO_FIT = "clock_no_fit"
    """Turns and speed in the picture do not agree with the track at the camera's time."""
    CLOCK_CORRECTED = "clock_corrected"
    """The camera's clock is far off; the right time was found from the picture."""
    TRACK_SAME_TIME = "track_same_time"
    """Several fixes share a time: all but the last were dropped, or their times were spread."""
    TRACK_CUT_OFF = "track_cut_off"
    """The track file is cut off; it is used up to that point."""
    TRACK_UNCHECKED = "track_unchecked"
    """The NMEA log has no checksums."""
    TRACK_ROUNDED = "track_rounded"
    """The coordinates are rounded: they are less accurate than the receiver."""
    TRACK_COLUMNS = "track_columns"
    """Several columns hold times or positions, and they differ."""
    TRACK_ESTIMATED = "track_estimated"
    """Positions were estimated or made up, not measured by satellites."""
    TRACK_FIXES_LOST = "track_fixes_lost"
    """A tenth or more of the fixes cannot be used."""
    TRACK_INACCURATE = "track_inaccurate"
    TRACK_SPARSE = "track_sparse"
    TRACK_GAPS = "track_gaps"
    VEHICLE_DOUBTFUL = "vehicle_doubtful"
    """The speed does not fit the vehicle."""
    LITTLE_OVERLAP = "little_overlap"
    """The track covers little of the video."""
    LITTLE_ON_NETWORK = "little_on_network"
    """Much of the drive is not on a road of the network."""
    CAMERA_ASSUMED = "camera_assumed"
    """Values of the camera are neither given nor measured."""
    CAMERA_CONTRADICTED = "camera_contradicted"
    """The video shows another camera than its file describes."""
    CAMERA_MOVED = "camera_moved"
    """The camera turned within the drive: its mount slips."""
    NOTHING_DRIVEN = "nothing_driven"
    """Hardly a frame would be analysed."""


@dataclass(frozen=True, slots=True)
class VideoCheck:
    """Facts about the video, both claimed and measured."""

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
    """Facts about the track: how much of it is usable."""

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
    """Median as reported by the receiver; None where it reports none."""
    gaps: tuple[GapCheck, ...]


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """Synchronisation of video and track."""

    offset_s: float
    sigma_s: float
    source: str
    correlation: float


@dataclass(frozen=True, slots=True)
class CoverCheck:
    """The part of the drive that a run would analyse."""

    seconds: float
    length_m: float
    frames: int
    without_track_s: float
    on_network_m: float | None
    """None where no network was given."""


@dataclass(frozen=True, slots=True)
class DriveCheck:
    """Complete result of a check; track, sync and coverage only with a track."""

    video: VideoCheck
    track: TrackCheck | None
    sync: ClockCheck | None
    would_cover: CoverCheck | None
    warnings: tuple[str, ...]
    concerns: tuple[Concern, ...] = ()
    camera: Camera | None = None
    """None in checks of a roadscan that did not look at it."""

    def as_json(self) -> dict[str, object]:
        """Return the result as JSON-serialisable values."""
        return asdict(self)
