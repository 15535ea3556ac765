"""A drive of a survey, the chunks it is processed in, and its clock fit."""

from dataclasses import dataclass, field

from roadscan.model.arrays import Floats
from roadscan.model.damage import LaneGrid, Observation, Rejection
from roadscan.model.frame import Boxes, Camera, FrameRejection
from roadscan.model.road import Vehicle
from roadscan.model.stored_picture import PictureRefusal, StoredPicture
from roadscan.model.track import Track


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Facts about a video: what its header claims and what it really contains."""

    name: str
    sha256: str
    container: str
    codec: str
    width: int
    height: int
    """Of the upright picture, rotation applied."""
    rotation_deg: int
    """Counter-clockwise, as stated in the file."""
    claimed_s: float
    playable_s: float
    """Up to the end of the last whole packet; shorter than claimed in a truncated file."""
    frames: int
    frame_rate_hz: float
    """Frames / playable seconds: the actual rate, not the header's."""
    variable_frame_rate: bool
    started_s: float | None
    """Container time as UTC epoch seconds of presentation time 0; None without one."""
    streams: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClockFit:
    """Offset between picture and track: UTC = started_s + video_t_s + offset_s."""

    started_s: float
    offset_s: float
    sigma_s: float
    """One standard deviation."""
    source: str
    """"option", "motion", "container" (no motion fit) or "assumed" (no container time either)."""
    correlation: float
    """Of the best lag, 0..1; 0 where motion was not used."""
    warnings: tuple[str, ...]

    def utc_s(self, video_t_s: float) -> float:
        """Return the UTC epoch seconds of a time in the video."""
        return self.started_s + self.offset_s + video_t_s


@dataclass(frozen=True, slots=True)
class Drive:
    """One video with its track, and everything that its results depend on."""

    drive_id: str
    survey: str
    video: VideoInfo
    track_name: str
    track_sha256: str
    clock: ClockFit
    camera: Camera
    model_name: str
    model_sha256: str
    settings_sha256: str
    """Hash of all that affects a chunk's result: model, camera, clock, network, sampling."""
    started_s: float
    ended_s: float
    path_m: tuple[Floats, ...]
    """Pieces driven without a gap, each (n, 2) in the metric CRS."""
    length_m: float
    vehicle: Vehicle = Vehicle.CAR


@dataclass(frozen=True, slots=True)
class RematchInputs:
    """Inputs for matching a drive to another network after its recordings are deleted."""

    track: Track
    """Fixes from shortly before the video to shortly after it."""
    every_m: float
    pictures: str
    """Privacy network and extent of the stored pictures, as one key."""


@dataclass(frozen=True, slots=True)
class FrameDetections:
    """Detections in a frame, before they are placed on the road."""

    video_t_s: float
    boxes: Boxes
    traffic_xyxy: Floats
    """(m, 4) persons and vehicles, which hide the road."""


@dataclass(frozen=True, slots=True)
class UnusableFrame:
    """A planned frame that is unusable or missing from the video."""

    video_t_s: float
    reason: FrameRejection


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """Frames of a chunk: planned = decoded + missing from the video = usable + rejected."""

    planned: int
    decoded: int
    usable: int
    rejected: dict[FrameRejection, int]


@dataclass(frozen=True, slots=True)
class RejectedBox:
    """A detection that did not become an observation, with the reason."""

    frame_t_s: float
    kind: str
    confidence: float
    box_xyxy: tuple[float, float, float, float]
    reason: Rejection


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """Result of a chunk, the unit of work: about 60 s of a drive, written in one transaction."""

    drive_id: str
    number: int
    from_video_s: float
    to_video_s: float
    frames: FrameCounts
    detections: int
    observed: int
    """Detections that became observations: detections = observed + len(rejections)."""
    observations: tuple[Observation, ...]
    rejections: tuple[RejectedBox, ...]
    grids: tuple[LaneGrid, ...]
    unusable: tuple[LaneGrid, ...]
    """Lanes that unusable frames would have viewed, by reason: why a lane lacks coverage."""
    pictures: tuple[StoredPicture, ...] = ()
    """From each frame that best shows a cell's damage; every damage's picture is among them."""
    refused_pictures: dict[PictureRefusal, int] = field(default_factory=dict)
    frames_found: tuple[FrameDetections | UnusableFrame, ...] = ()
    """All planned frames in time order, for matching the chunk to another network later."""
