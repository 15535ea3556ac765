"""The record of a run, written to run.json."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from roadscan.errors import RoadscanError
from roadscan.model.frame import Camera
from roadscan.read.input_files import check_file

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """How video and track were synchronised."""

    offset_s: float
    sigma_s: float
    source: str
    correlation: float


@dataclass(frozen=True, slots=True)
class DriveRecord:
    """One video of the run."""

    drive_id: str
    video: str
    video_sha256: str
    claimed_s: float
    playable_s: float
    frame_rate_hz: float
    track: str
    track_sha256: str
    started_at: str
    ended_at: str
    length_m: float
    sync: SyncRecord
    camera: Camera | None = None
    """None in records of an older roadscan, which had one camera for all drives."""


@dataclass(frozen=True, slots=True)
class SurveyRecord:
    """All drives together."""

    survey: str
    videos: int
    started_at: str
    ended_at: str
    length_m: float
    credited_m: dict[str, float]
    """Metres driven by link id."""


@dataclass(frozen=True, slots=True)
class FramesRecord:
    """Frames: planned = decoded + not decoded; decoded = usable + rejected."""

    planned: int
    decoded: int
    usable: int
    rejected: dict[str, int]


@dataclass(frozen=True, slots=True)
class SegmentsRecord:
    """Number of segments with a score, and without one by reason."""

    assessed: int
    not_assessed: dict[str, int]
    lost_m: dict[str, float]
    """Metres of lane covered by unusable frames only, by reason."""


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The detector; its name includes runtime and precision."""

    name: str
    sha256: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PicturesRecord:
    """Stored pictures, the detector of people in them, and why others are missing."""

    network: str
    """The privacy network; empty without one."""
    view: str
    kept: int
    photos: int
    """Damages with a photo."""
    refused: dict[str, int]


@dataclass(frozen=True, slots=True)
class SchemeRecord:
    """The scoring scheme."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class NetworkRecord:
    """The network, and the CRS used for all metric work."""

    source: str
    sha256: str
    links: int
    crs: str
    remarks: tuple[str, ...] = ()
    """How its columns were interpreted, what was assumed, faults of its lines."""


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """An input that could not be used, with the values seen."""

    source: str
    code: str
    message: str
    hint: str
    facts: dict[str, str | float]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The whole of run.json."""

    roadscan: str
    statement: str
    drive: SurveyRecord
    drives: tuple[DriveRecord, ...]
    frames: FramesRecord
    detections: int
    observations: int
    rejections: dict[str, int]
    damages: int
    segments: SegmentsRecord
    sync: SyncRecord
    """Of the drive whose clock offset is least certain."""
    camera: Camera
    """Of the drive whose camera is least certain."""
    model: ModelRecord
    pictures: PicturesRecord
    scheme: SchemeRecord
    network: NetworkRecord
    timings_s: dict[str, float]
    realtime_factor: float
    """Seconds of video processed per second of this run; 0 if everything was done before."""
    faults: tuple[FaultRecord, ...]
    warnings: tuple[str, ...]
    erased: int = 0
    """Number of drives erased since; the rest of the record excludes them."""

    def as_json(self) -> str:
        """Return it as indented JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


RUN_FILE = "run.json"
_RECORD: Final = TypeAdapter(RunRecord)


def read_record(path: Path) -> RunRecord:
    """Read a run.json.

    Raises
    ------
    RoadscanError
        What `check_file` raises; `record_malformed` if this roadscan cannot read it.
    """
    check_file(path)
    try:
        return _RECORD.validate_json(path.read_bytes())
    except ValidationError as error:
        raise RoadscanError(
            "record_malformed",
            f"{path} is not a record of this version of roadscan ({error.errors()[0]['msg']})",
            "Repeat roadscan run with the same --out: what was done before is not done again",
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that it is complete or does not exist."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 -- the atomic one, by name


class Stopwatch:
    """Adds up wall time by stage; an inner stage pauses the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = self._since = perf_counter()
        self._open: list[str] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block towards the stage."""
        self._charge()
        self._open.append(name)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def waits(self, name: str, items: Iterator[T]) -> Iterator[T]:
        """Yield the items, counting the wait for each towards the stage."""
        while True:
            with self.stage(name):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item

    def total_s(self) -> float:
        """Return the seconds since the stopwatch was created."""
        return perf_counter() - self._began

    def _charge(self) -> None:
        now = perf_counter()
        if self._open:
            self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now
