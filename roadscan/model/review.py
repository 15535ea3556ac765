"""What reviewers say of what the detector found: decisions about boxes.

Damages are made anew by every scoring, boxes stay as the detector drew them: so a decision holds
for the boxes that a damage was made of, and for whatever is made of them later.
"""

from dataclasses import dataclass

from roadscan.model.damage import Observation, Verdict


@dataclass(frozen=True, slots=True)
class BoxKey:
    """A box as the detector drew it: what it called it, and where in which frame of which drive."""

    drive_id: str
    frame_t_s: float
    kind: str
    xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class BoxVerdict:
    """What holds for a box."""

    verdict: Verdict
    kind: str
    """What it is called: the detector's word, or another one where it was corrected."""


@dataclass(frozen=True, slots=True)
class ReviewedDamage:
    """What a reviewer was asked about: a damage as it was made at that time."""

    survey: str
    damage_id: str
    segment_id: str
    kind: str
    """What it was called then."""
    boxes: tuple[BoxKey, ...]
    """All that it was made of; the first one is the box in the picture that was shown."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with who gave it, when and why."""

    verdict: Verdict
    kind: str
    """What it is called from then on."""
    reason: str
    who: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A ruling on a subject as it was written down: never changed, only undone by another row."""

    number: int
    """Counts up: of two that hold for one box, the later one counts."""
    subject: ReviewedDamage
    ruling: Ruling
    undone: bool


@dataclass(frozen=True, slots=True)
class ReviewedObservation:
    """An observation with the box that it was made of."""

    box: BoxKey
    observation: Observation
    """Of the kind that counts: the box's own, or the one that a reviewer gave it."""
    verdict: Verdict | None = None
