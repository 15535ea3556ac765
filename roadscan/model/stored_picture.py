"""Stored pictures: what they show, and why there may be none."""

from dataclasses import dataclass
from enum import StrEnum

from roadscan.model.arrays import Floats
from roadscan.model.frame import Camera


class PictureView(StrEnum):
    """Extent of the frame that a stored picture shows."""

    ROAD = "road"
    """The driven lane and 1 m on either side, up to the farthest assessed row."""
    CONTEXT = "context"
    """The whole frame, with the persons, riders and vehicles found in it painted over."""


class PictureRefusal(StrEnum):
    """Reason why a picture was not stored."""

    NO_NETWORK = "no_privacy_network"
    NETWORK_FAILED = "privacy_network_failed"
    NETWORK_TIMEOUT = "privacy_network_timeout"
    NO_GEOMETRY = "no_camera_geometry"
    CAMERA_ASSUMED = "camera_assumed"
    """The road's outline would rest on a camera that nobody gave or measured."""
    CAMERA_CONTRADICTED = "camera_contradicted"
    CAMERA_MOVED = "camera_moved"
    OBJECTION = "objection"


@dataclass(frozen=True, slots=True)
class Picture:
    """A redacted picture; only `roadscan.detect.redaction` makes them."""

    jpeg: bytes
    view: PictureView
    width: int
    height: int
    scale: float
    """Size relative to its frame."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A redacted picture with its time and the ground it shows."""

    frame_t_s: float
    picture: Picture
    footprint_lonlat: Floats
    """(n, 2) outline of the ground shown, including the camera's position, in WGS84."""


@dataclass(frozen=True, slots=True)
class LanePicture:
    """Location of a stored picture on a lane: its frame was the last to view some of the rows."""

    drive_id: str
    frame_t_s: float
    from_row: int
    to_row: int
    """Rows [`from_row`, `to_row`) of the link nearest to the vehicle."""
    camera: Camera
    frame_width: int
    frame_height: int
    """Of the original frame."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ObjectionMask:
    """An area of which no pictures are stored."""

    mask_id: str
    """Derived from the outline: the same area given twice is one mask."""
    name: str
    outline_wkb: bytes
    """Polygon or MultiPolygon in WGS84 longitude and latitude."""
