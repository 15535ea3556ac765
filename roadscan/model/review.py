"""Review of detected damage: decisions about boxes.

Damages are recomputed at every scoring, while boxes stay as the detector drew them. A decision
therefore applies to the boxes that made up a damage, and to any damage formed from them later.
"""

from dataclasses import dataclass, field

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
    decision: int = field(default=0, compare=False)
    """Number of the decision that it comes from; 0 while that is not stored yet."""


@dataclass(frozen=True, slots=True)
class ReviewedDamage:
    """A damage under review, as it was at that time."""

    survey: str
    damage_id: str
    segment_id: str
    kind: str
    """Kind at the time of the review."""
    boxes: tuple[BoxKey, ...]
    """All boxes that made it up; the first is the one in the picture shown."""


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
    """Ascending: of two decisions about the same box, the later one applies."""
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
