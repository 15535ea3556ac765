"""A survey: the drives taken together, by what they are scored, and what came out."""

from collections.abc import Mapping
from dataclasses import dataclass

from roadscan.model.damage import Damage, Rejection
from roadscan.model.drive import FrameCounts
from roadscan.model.road import Segment
from roadscan.model.score import SegmentResult


@dataclass(frozen=True, slots=True)
class DriveKey:
    """A drive under the settings that its results depend on."""

    drive_id: str
    settings_sha256: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What is assessed together, and with what."""

    name: str
    network_sha256: str
    model_name: str
    model_kinds: tuple[str, ...]
    scheme_text: str
    drives: tuple[DriveKey, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The results of a survey; `segments` and `results` are in one order."""

    segments: tuple[Segment, ...]
    results: tuple[SegmentResult, ...]
    damages: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class SurveyTotals:
    """How much the results of a survey are."""

    segments: int
    scored: int
    """Segments with a score."""
    damages: int


@dataclass(frozen=True, slots=True)
class SurveyCounts:
    """Where frames and detections of a survey went."""

    frames: FrameCounts
    detections: int
    observed: int
    rejections: Mapping[Rejection, int]
