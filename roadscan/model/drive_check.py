"""What a recording was found to be good for before it is worked."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Concern(StrEnum):
    """Why somebody should look at a drive before it is worked: each may be meant, or a mistake."""

    VIDEO_TRUNCATED = "video_truncated"
    """Less of the video plays than it claims to hold."""
    CLOCK_ASSUMED = "clock_assumed"
    """The video has no date: it is taken to begin with the track."""
    CLOCK_NOT_CONFIRMED = "clock_not_confirmed"
    """Neither turns nor changes of speed show in the picture: the camera's own clock stands."""
    TRACK_INACCURATE = "track_inaccurate"
    TRACK_SPARSE = "track_sparse"
    TRACK_GAPS = "track_gaps"
    LITTLE_OVERLAP = "little_overlap"
    """Much of the video has no track."""
    LITTLE_ON_NETWORK = "little_on_network"
    """Much of what was driven is on no road of the network."""
    NOTHING_DRIVEN = "nothing_driven"
    """There would be hardly a frame to look at."""


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
class ClockCheck:
    """How picture and track were brought together."""

    offset_s: float
    sigma_s: float
    source: str
    correlation: float


@dataclass(frozen=True, slots=True)
class CoverCheck:
    """What a run would look at."""

    seconds: float
    length_m: float
    frames: int
    without_track_s: float
    on_network_m: float | None
    """None where no network was given."""


@dataclass(frozen=True, slots=True)
class DriveCheck:
    """All that a check tells; track, sync and what would be covered only with a track."""

    video: VideoCheck
    track: TrackCheck | None
    sync: ClockCheck | None
    would_cover: CoverCheck | None
    warnings: tuple[str, ...]
    concerns: tuple[Concern, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)
