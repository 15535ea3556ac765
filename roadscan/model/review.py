"""Review of detected damage: decisions about boxes.

Every scoring recomputes the damages, while boxes stay as the detector drew them. So a decision
applies to the boxes that a damage was made of, and to whatever is made of them later.
"""

from dataclasses import dataclass

from roadscan.model.damage import Observation, Verdict


@dataclass(frozen=True, slots=True)
class BoxKey:
    """A box as the detector drew it: its kind, and its corners in a frame of a drive."""

    drive_id: str
    frame_t_s: float
    kind: str
    xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class BoxVerdict:
    """The verdict that applies to a box."""

    verdict: Verdict
    kind: str
    """The detector's kind, or another one where it was corrected."""


@dataclass(frozen=True, slots=True)
class ReviewedDamage:
    """A damage under review, as it was at that time."""

    survey: str
    damage_id: str
    segment_id: str
    kind: str
    """Kind at that time."""
    boxes: tuple[BoxKey, ...]
    """All boxes it was made of; the first is the one in the picture shown."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with its author, time and reason."""

    verdict: Verdict
    kind: str
    """Kind from then on."""
    reason: str
    who: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded ruling: never changed, only undone by another row."""

    number: int
    """Ascending: of two decisions about one box, the later one counts."""
    subject: ReviewedDamage
    ruling: Ruling
    undone: bool


@dataclass(frozen=True, slots=True)
class ReviewedObservation:
    """An observation with its box and the verdict on it."""

    box: BoxKey
    observation: Observation
    """With the effective kind: the box's own, or the reviewer's correction."""
    verdict: Verdict | None = None
