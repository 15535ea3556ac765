"""Files that staff have uploaded, and the drives they form."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from roadscan.model.road import Vehicle

VIDEO_SUFFIXES: Final = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".avi", ".ts", ".mts", ".m2ts"})
TRACK_SUFFIXES: Final = (".gpx", ".nmea", ".csv", ".geojson", ".kml", ".tcx", ".fit")
CAMERA_SUFFIX: Final = ".toml"
GEOJSON_SUFFIX: Final = ".geojson"
"""Of tracks and of networks: the content decides."""


class FileKind(StrEnum):
    """Kind of a file according to its name; the readers check its content."""

    VIDEO = "video"
    TRACK = "track"
    CAMERA = "camera"
    NETWORK = "network"
    OTHER = "other"

    @classmethod
    def of(cls, name: str, *, has_times: bool = True) -> "FileKind":
        """Return the kind that a name suggests.

        GeoJSON is a network rather than a track if nothing in it has a time (`has_times`).
        """
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == GEOJSON_SUFFIX and not has_times:
            return cls.NETWORK
        if suffix in VIDEO_SUFFIXES:
            return cls.VIDEO
        if suffix in TRACK_SUFFIXES:
            return cls.TRACK
        return cls.CAMERA if suffix == CAMERA_SUFFIX else cls.OTHER


RECORDINGS: Final = frozenset({FileKind.VIDEO, FileKind.TRACK})
"""Files that reveal where somebody was; camera files and networks do not."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A complete upload, stored once however often and under whatever names it was sent.

    Beside a place (`UploadedFile`) or as part of a drive it is the file as sent for that survey:
    name, kind, survey, sender and job are then those of that sending.
    """

    sha256: str
    size_bytes: int
    name: str
    """As first sent; text, never a path on this machine."""
    kind: FileKind
    survey: str
    owner_id: str
    """Account that sent it first."""
    uploaded_by: str
    uploaded_s: float
    """When it was last sent for the first time for a survey, UTC epoch seconds."""
    taken_by: str = ""
    """Last job that took this video, or that read this file beside one; "" while none has."""
    purged_s: float | None = None
    """When its bytes were deleted, leaving only this row; None while they exist."""
    vehicle: Vehicle = Vehicle.CAR
    """What drove, as the sender says of this survey."""

    @property
    def in_work(self) -> bool:
        """Whether a job has claimed this video."""
        return self.kind is FileKind.VIDEO and bool(self.taken_by)


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Number and total size of files."""

    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadSource:
    """Location of a file on the sender's disk when a folder was dropped."""

    drop_id: str
    """Shared by all files of one drop; "" where the sender does not say."""
    drop_files: int
    """Number of files in the drop; 0 where the sender does not say."""
    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as sent for one survey, with one of the locations it was sent from."""

    file: StoredFile
    place: UploadSource

    @property
    def stem(self) -> str:
        """Name without suffix, case-folded: shared by a video and its sidecars."""
        return PurePosixPath(self.place.name).stem.casefold()


class WaitingReason(StrEnum):
    """Reason why a drive cannot be processed yet."""

    NO_TRACK = "no_track"
    """No track with the video's name, and not exactly one track in its folder."""
    SEVERAL_TRACKS = "several_tracks"
    """More than one track could belong to the video."""
    SEVERAL_CAMERAS = "several_cameras"
    """More than one camera file could belong to the video."""
    DROP_UNFINISHED = "drop_unfinished"
    """Not all files of the drop have arrived: the track or camera file may still follow."""


@dataclass(frozen=True, slots=True)
class WaitingDrive:
    """A video that no job has claimed for its survey, with its sidecar files."""

    video: StoredFile
    folder: str
    track: StoredFile | None
    camera: StoredFile | None
    waits_for: WaitingReason | None
    """None if it can be processed."""
