"""Pictures that may be kept: what they show, and why there may be none."""

from dataclasses import dataclass
from enum import StrEnum

from roadscan.model.arrays import Floats
from roadscan.model.frame import Camera


class PictureView(StrEnum):
    """How much a kept picture shows."""

    ROAD = "road"
    """The driven lane and 1 m to either side, up to the farthest assessed row."""
    CONTEXT = "context"
    """The whole frame without the persons, riders and vehicles that were found in it."""


class PictureRefusal(StrEnum):
    """Why a picture was not kept."""

    NO_NETWORK = "no_privacy_network"
    NETWORK_FAILED = "privacy_network_failed"
    NETWORK_TIMEOUT = "privacy_network_timeout"
    NO_GEOMETRY = "no_camera_geometry"
    OBJECTION = "objection"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture whose pixels passed `roadscan.detect.redaction`, the only place that makes them."""

    jpeg: bytes
    view: PictureView
    width: int
    height: int
    scale: float
    """Its pixels by pixels of the frame it was made of."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture with the moment it shows and the ground it shows."""

    frame_t_s: float
    picture: Picture
    footprint_lonlat: Floats
    """(n, 2) corners of the ground shown, the camera's place among it, in WGS84."""


@dataclass(frozen=True, slots=True)
class LanePicture:
    """Where on a lane a kept picture was taken: its frame was the last to see some of its rows."""

    drive_id: str
    frame_t_s: float
    from_row: int
    to_row: int
    """Rows [`from_row`, `to_row`) of the link, those nearest to the vehicle."""
    camera: Camera
    frame_width: int
    frame_height: int
    """Of the frame that it was made of."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ObjectionMask:
    """An area of which no picture is kept."""

    mask_id: str
    """From its outline: the same area given twice is one mask."""
    name: str
    outline_wkb: bytes
    """Polygon or MultiPolygon in WGS84 longitude and latitude."""
