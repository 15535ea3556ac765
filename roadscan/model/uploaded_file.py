"""Files that staff have sent in, and the drives they make."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

VIDEO_SUFFIXES: Final = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".avi", ".ts", ".mts", ".m2ts"})
TRACK_SUFFIXES: Final = (".gpx", ".nmea", ".csv", ".geojson")
CAMERA_SUFFIX: Final = ".toml"


class FileKind(StrEnum):
    """What a file is taken for, by its name; the readers look at what is inside."""

    VIDEO = "video"
    TRACK = "track"
    CAMERA = "camera"
    OTHER = "other"

    @classmethod
    def of(cls, name: str) -> "FileKind":
        """Return the kind that a name promises."""
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in VIDEO_SUFFIXES:
            return cls.VIDEO
        if suffix in TRACK_SUFFIXES:
            return cls.TRACK
        return cls.CAMERA if suffix == CAMERA_SUFFIX else cls.OTHER


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that arrived whole, once, however often and under whatever names they were sent."""

    sha256: str
    size_bytes: int
    name: str
    """Of the first time; text, never a path on this machine."""
    kind: FileKind
    survey: str
    owner_id: str
    """Account of whoever sent it first."""
    uploaded_by: str
    uploaded_s: float
    """UTC epoch seconds."""
    taken_by: str = ""
    """The job that works on this video; "" while it waits."""
    purged_s: float | None = None
    """When its bytes were deleted, with only this row left; None while they are there."""

    @property
    def in_work(self) -> bool:
        """Whether a job has this video."""
        return bool(self.taken_by)


@dataclass(frozen=True, slots=True)
class FileTotals:
    """How much there is of something."""

    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadSource:
    """Where a file lay on the sender's disk when a folder was dropped."""

    drop_id: str
    """All files of one drop share it; "" where the sender does not tell."""
    drop_files: int
    """How many files the drop has; 0 where the sender does not tell."""
    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file at one of the places it was sent from."""

    file: StoredFile
    place: UploadSource

    @property
    def stem(self) -> str:
        """What a video and its sidecars have in common, whatever the case of their letters."""
        return PurePosixPath(self.place.name).stem.casefold()


class WaitingReason(StrEnum):
    """Why a drive cannot be worked yet."""

    NO_TRACK = "no_track"
    """No track of the video's name, and no single track of its folder."""
    SEVERAL_TRACKS = "several_tracks"
    """More than one track could be meant."""
    SEVERAL_CAMERAS = "several_cameras"
    """More than one camera file could be meant."""
    DROP_UNFINISHED = "drop_unfinished"
    """Not all files of the drop are here yet: its track or its camera file may follow."""


@dataclass(frozen=True, slots=True)
class WaitingDrive:
    """A video that no job has taken, with what was sent beside it."""

    video: StoredFile
    folder: str
    track: StoredFile | None
    camera: StoredFile | None
    waits_for: WaitingReason | None
    """None: it can be worked."""
