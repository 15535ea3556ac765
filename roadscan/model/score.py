"""Condition of a segment: indicators (Zustandsgrößen), values (Zustandswerte), class."""

from dataclasses import dataclass, field
from enum import StrEnum

STATEMENT = (
    "Surface condition in Anlehnung an AP 9 K: Substanzwert (Oberfläche) only, "
    "never an official ZEB grade"
)
"""Accompanies every score in a picture, page or record."""


class NotScored(StrEnum):
    """Reason why a segment has no score."""

    NOT_DRIVEN = "not_driven"
    SURFACE_NOT_SUPPORTED = "surface_not_supported"
    COVERAGE_TOO_LOW = "coverage_too_low"
    FRAMES_UNUSABLE = "frames_unusable"
    PLACE_UNKNOWN = "place_unknown"
    RISS_MISSING = "riss_missing"
    OFS_MISSING = "ofs_missing"
    INDICATOR_MISSING = "indicator_missing"


class PlaceConcern(StrEnum):
    """What is wrong with the place of what several passes over a lane found."""

    FAR_APART = "passes_far_apart"
    """They saw the same farther apart than the accuracies that they state allow."""
    DO_NOT_FIT = "passes_do_not_fit"
    """They found damage, and have too little of it in common to be brought together."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """Share of assessed cells hit, in percent (Zustandsgrößen); None where unknown."""

    riss_pct: float | None
    """Cracks (Risse)."""
    afli_pct: float | None
    """Applied patches (aufgelegte Flickstellen)."""
    ofs_pct: float | None
    """Other surface damage (Oberflächenschäden): potholes above all."""


@dataclass(frozen=True, slots=True)
class EvennessMeasures:
    """Evenness (Ebenheit) as reported by a measuring vehicle, in mm."""

    sm4l_m_mm: float
    """Greatest gap under a 4 m straight-edge."""
    sm4l_a_mm: float
    """Mean gap under it."""
    mspt_mm: float
    """Rut depth (mittlere Spurrinnentiefe), the greater of left and right."""
    msph_mm: float
    """Fictive water depth (mittlere fiktive Wassertiefe), the greater of left and right."""


@dataclass(frozen=True, slots=True)
class Score:
    """The steps from indicators to a condition class; values 1.00 (best) to 5.00, two decimals."""

    indicators: Indicators
    zw_riss: float | None
    zw_afli: float | None
    zw_ofs: float | None
    weights: dict[str, float]
    """The weights applied, after renormalising: "riss", "afli", "ofs"."""
    weighted_sum: float | None
    break_through: bool
    """Durchschlag: the worst of cracks and surface damage decides alone."""
    twsub: float | None
    """Substance value, surface (Teilzielwert Substanz, Oberfläche)."""
    twsub_basis: str
    """Indicators it is based on, such as "riss+afli+ofs"; "" without a value."""
    score: float | None
    """The value that determines the class: TWSUB."""
    condition_class: int | None
    """1 to 4, closed on the left; None without a score."""
    reason: str
    """Why there is no score; "" otherwise."""


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """Coverage, damages and score of a segment."""

    segment_id: str
    score: Score
    coverage: float
    """Assessed cells / all cells of the segment."""
    cells: int
    """All cells of the segment."""
    views_mean: float
    """Mean views of the assessed cells, 0 without any."""
    confidence: float
    n_damages: int
    assessed_at_s: float | None
    """Time of the last frame that viewed it, UTC epoch seconds."""
    lost: dict[str, float] = field(default_factory=dict)
    """Share of all cells that only unusable frames would have viewed, by reason; each cell counts
    towards its most frequent one. Empty for results scored before reasons were recorded."""
    n_reviewed: int = 0
    """Decisions of reviewers that it rests on."""
    n_rejected: int = 0
    """Those among them that say that there is no damage."""
    score_low: float | None = None
    """The value of the road lies between this and `score_high` four times in five, as far as the
    model's hit rates are known; it may all lie above the score, because a model misses much."""
    score_high: float | None = None
    class_probability: float | None = None
    """That the road is in the class of the score."""
    finding: str = ""
    """What may be said: "class_1" to "class_4", or "no_damage_seen" or "little_damage_seen" where
    the score is in class 1 and the model would not have seen what contradicts it."""
    accuracy_m: float | None = None
    """Of its place along the link, one standard deviation; None where nothing was seen."""
    concern: str = ""
    """A `PlaceConcern`; "" where there is none."""
