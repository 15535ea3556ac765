"""A survey: drives assessed together, their scheme, and the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roadscan.model.damage import Damage, LaneGrid, Rejection
from roadscan.model.drive import FrameCounts
from roadscan.model.review import ReviewedObservation
from roadscan.model.road import Segment
from roadscan.model.score import SegmentResult

MAX_SURVEY_NAME: Final = 80
"""Characters of a survey's name."""
SURVEY_NAME: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069/\\]+$"
"""A survey's name, wherever one is taken: no steps of a path, for it names files of exports, and
nothing that breaks a line or turns the direction of the text."""


@dataclass(frozen=True, slots=True)
class DriveKey:
    """A drive together with the settings that its results depend on."""

    drive_id: str
    settings_sha256: str


@dataclass(frozen=True, slots=True)
class Survey:
    """Drives assessed together, with their network, model and scheme."""

    name: str
    network_sha256: str
    model_name: str
    model_kinds: tuple[str, ...]
    scheme_text: str
    drives: tuple[DriveKey, ...]


@dataclass(frozen=True, slots=True)
class DrivePass:
    """One pass of a drive over a lane: views and hits of its usable frames."""

    drive_id: str
    grid: LaneGrid


@dataclass(frozen=True, slots=True)
class LaneEvidence:
    """Evidence of one lane from the drives of a survey."""

    passes: tuple[DrivePass, ...] = ()
    """Ordered by drive, then by time."""
    unusable: LaneGrid | None = None
    """Views of the rejected frames."""
    sightings: tuple[ReviewedObservation, ...] = ()
    """Detections in order of time."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The results of a survey; `segments` and `results` correspond by position."""

    segments: tuple[Segment, ...]
    results: tuple[SegmentResult, ...]
    damages: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class SurveyTotals:
    """Size of a survey's results."""

    segments: int
    scored: int
    """Segments with a score."""
    damages: int


@dataclass(frozen=True, slots=True)
class SurveyCounts:
    """Account of a survey's frames and detections."""

    frames: FrameCounts
    detections: int
    observed: int
    rejections: Mapping[Rejection, int]
