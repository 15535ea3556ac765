"""A survey: drives assessed together, their scheme, and the results."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from roadscan.model.damage import Damage, LaneGrid, Rejection
from roadscan.model.drive import FrameCounts
from roadscan.model.hit_rate import HitRate
from roadscan.model.review import ReviewedObservation
from roadscan.model.road import Segment
from roadscan.model.score import SegmentResult

MAX_SURVEY_NAME: Final = 80
"""Maximum number of characters in a survey's name."""
SURVEY_NAME: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069/\\]+$"
"""Pattern of a survey's name wherever one is accepted: no path separators, because export files
are named after it, and nothing that breaks a line or changes the direction of the text."""


def survey_name_fault(name: str) -> str | None:
    """Return why a survey cannot have a name; None if it can."""
    if len(name) > MAX_SURVEY_NAME:
        return f"has {len(name)} characters"
    return None if re.fullmatch(SURVEY_NAME, name) else "cannot be used"


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
    hit_rates: dict[str, HitRate] = field(default_factory=dict)
    """Of the model, by kind or kinds ("D00+D10+D20"); empty where nobody measured them."""


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
    """Detections in time order."""


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
    """Counts of a survey's frames and detections."""

    frames: FrameCounts
    detections: int
    observed: int
    rejections: Mapping[Rejection, int]
