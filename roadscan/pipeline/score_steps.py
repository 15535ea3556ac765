"""Scores from indicators alone, with every step."""

from dataclasses import dataclass

from roadscan.assess.scheme import Scheme
from roadscan.assess.score import score_segment
from roadscan.model.score import Score
from roadscan.read.score_input import ScoreInput


@dataclass(frozen=True, slots=True)
class ScoreSteps:
    """A score with what it was computed from."""

    given: ScoreInput
    score: Score
    scheme: Scheme

    def as_json(self) -> dict[str, object]:
        """Return the steps under the names of the layers."""
        score, indicators = self.score, self.score.indicators
        return {
            "class": self.given.road_class.value,
            "surface": self.given.surface.value,
            "riss": indicators.riss_pct,
            "afli": indicators.afli_pct,
            "ofs": indicators.ofs_pct,
            "zw_riss": score.zw_riss,
            "zw_afli": score.zw_afli,
            "zw_ofs": score.zw_ofs,
            "weights": score.weights,
            "weighted_sum": score.weighted_sum,
            "break_through": score.break_through,
            "twsub": score.twsub,
            "twsub_basis": score.twsub_basis,
            "score": score.score,
            "condition_class": score.condition_class,
            "reason": score.reason,
            "scheme": self.scheme.id,
            "scheme_version": self.scheme.version,
        }


def score_steps(given: ScoreInput, scheme: Scheme) -> ScoreSteps:
    """Score indicators by a scheme."""
    score = score_segment(given.indicators, given.road_class, given.surface, scheme)
    return ScoreSteps(given, score, scheme)
