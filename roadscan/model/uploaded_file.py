"""Files that staff have uploaded, and the drives they form."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

VIDEO_SUFFIXES: Final = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".avi", ".ts", ".mts", ".m2ts"})
TRACK_SUFFIXES: Final = (".gpx", ".nmea", ".csv", ".geojson", ".kml", ".tcx", ".fit")
CAMERA_SUFFIX: Final = ".toml"


class FileKind(StrEnum):
    """Kind of a file according to its name; the readers check its content."""

    VIDEO = "video"
    TRACK = "track"
    CAMERA = "camera"
    OTHER = "other"

    @classmethod
    def of(cls, name: str) -> "FileKind":
        """Return the kind that a name suggests."""
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in VIDEO_SUFFIXES:
            return cls.VIDEO
        if suffix in TRACK_SUFFIXES:
            return cls.TRACK
        return cls.CAMERA if suffix == CAMERA_SUFFIX else cls.OTHER


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A complete upload, stored once however often and under whatever names it was sent."""

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
    """UTC epoch seconds."""
    taken_by: str = ""
    """Job that processes this video; "" while it waits."""
    purged_s: float | None = None
    """When its bytes were deleted, leaving only this row; None while they exist."""

    @property
    def in_work(self) -> bool:
        """Whether a job has claimed this video."""
        return bool(self.taken_by)


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
    """A stored file with one of the locations it was sent from."""

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
    """A video that no job has claimed, with its sidecar files."""

    video: StoredFile
    folder: str
    track: StoredFile | None
    camera: StoredFile | None
    waits_for: WaitingReason | None
    """None if it can be processed."""
