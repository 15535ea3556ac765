"""The camera, its frames, and the boxes found in a frame."""

from dataclasses import dataclass
from enum import StrEnum

from roadscan.model.arrays import Floats, Image


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera over a flat road, principal point in the middle of the picture.

    Angles in degrees: `pitch_deg` positive when it looks down, `yaw_deg` positive when it looks
    to the left, `roll_deg` positive when the picture is turned clockwise. `left_m` is its offset to
    the left of the vehicle's middle.
    """

    name: str
    hfov_deg: float
    height_m: float
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    left_m: float
    sha256: str
    """Of the values, whether from a camera file or the defaults."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture; `video_t_s` is its presentation time since the start of the video."""

    video_t_s: float
    image: Image


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows [`top`, `bottom`) of a picture, over its full width."""

    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes that a detector found in one frame.

    `xyxy` (n, 4) in pixels of the frame, `confidence` (n,), `kind` (n) names of model.toml.
    """

    xyxy: Floats
    confidence: Floats
    kind: tuple[str, ...]


class FrameRejection(StrEnum):
    """Reason why a whole frame was not used."""

    TOO_DARK = "frame_too_dark"
    TOO_BRIGHT = "frame_too_bright"
    BLURRED = "frame_blurred"
    BLOCKED = "frame_blocked"
    BONNET = "frame_bonnet"
    NOT_DECODED = "frame_not_decoded"
    REPEATED = "frame_repeated"
    """The video still shows the previous picture: it froze, or frames are missing."""
    TRAFFIC_UNKNOWN = "frame_traffic_unknown"
    """The privacy network failed, so it is unknown what hides the road."""
