"""The camera, its frames, and the boxes found in a frame."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from roadscan.model.arrays import Floats, Image


class Basis(StrEnum):
    """How a value of a camera is known."""

    GIVEN = "given"
    """In the camera file."""
    MEASURED = "measured"
    """From the video itself."""
    ASSUMED = "assumed"
    """That of a typical dash-cam."""
    CONTRADICTED = "contradicted"
    """In the camera file, but the video shows otherwise."""


@dataclass(frozen=True, slots=True)
class Known:
    """How a value is known, and one standard deviation of it, in its unit."""

    basis: Basis
    sigma: float


@dataclass(frozen=True, slots=True)
class CameraKnowledge:
    """How each value of a camera is known."""

    hfov_deg: Known
    height_m: Known
    pitch_deg: Known
    yaw_deg: Known
    roll_deg: Known


GIVEN: Final = CameraKnowledge(
    hfov_deg=Known(Basis.GIVEN, 1.5),
    height_m=Known(Basis.GIVEN, 0.04),
    pitch_deg=Known(Basis.GIVEN, 0.15),
    yaw_deg=Known(Basis.GIVEN, 0.3),
    roll_deg=Known(Basis.GIVEN, 0.3),
)
"""Of a camera measured as docs/cameras.md says, by judgment."""
ASSUMED: Final = CameraKnowledge(
    hfov_deg=Known(Basis.ASSUMED, 20.0),
    height_m=Known(Basis.ASSUMED, 0.3),
    pitch_deg=Known(Basis.ASSUMED, 3.5),
    yaw_deg=Known(Basis.ASSUMED, 2.0),
    roll_deg=Known(Basis.ASSUMED, 1.5),
)
"""Of dash-cams, 60 to 120 degrees wide and pitched 0 to 12 degrees, by judgment."""


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
    """Of the values and of how they are known."""
    known: CameraKnowledge = GIVEN

    moved_deg: float = 0.0
    """How far it turned within the drive, as far as the video tells."""

    @property
    def assumed(self) -> tuple[str, ...]:
        """Return which of the values that decide where damage lies are only assumed."""
        return self._known_as(Basis.ASSUMED)

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Return which of its values do not fit what the video shows."""
        return self._known_as(Basis.CONTRADICTED)

    @property
    def basis(self) -> Basis:
        """Return how the least known of the values that decide where damage lies is known."""
        worst_first = (Basis.CONTRADICTED, Basis.ASSUMED, Basis.MEASURED, Basis.GIVEN)
        return next(one for one in worst_first if self._known_as(one) or one is Basis.GIVEN)

    def _known_as(self, basis: Basis) -> tuple[str, ...]:
        # yaw and roll are near 0 in any careful mount: only a contradiction of them matters
        names: tuple[str, ...] = ("hfov_deg", "height_m", "pitch_deg")
        if basis is Basis.CONTRADICTED:
            names += ("yaw_deg", "roll_deg")
        return tuple(name for name in names if getattr(self.known, name).basis is basis)

    def __str__(self) -> str:
        """Return its values, each with its uncertainty and how it is known."""
        return ", ".join(
            f"{name} {getattr(self, name):.4g} ±{known.sigma:.2g} {known.basis}"
            for name in ("hfov_deg", "height_m", "pitch_deg", "yaw_deg", "roll_deg")
            for known in (getattr(self.known, name),)
        )


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
