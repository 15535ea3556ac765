"""Load a scoring scheme, and score single sets of indicators by it, step by step."""

from dataclasses import dataclass

from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.score import OverallScore, overall_score, score_segment
from roadscan.errors import RoadscanError
from roadscan.model.score import Score
from roadscan.read.scheme_file import read_scheme_text
from roadscan.read.score_input import ScoreInput


@dataclass(frozen=True, slots=True)
class ScoreSteps:
    """A score with its input and intermediate values."""

    given: ScoreInput
    score: Score
    overall: OverallScore
    scheme: Scheme

    def as_json(self) -> dict[str, object]:
        """Return the steps as plain values, named as in the layers where they occur there."""
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
            "twgeb": self.overall.twgeb,
            "gw": self.overall.gw,
            "score": self.overall.score,
            "condition_class": self.overall.condition_class,
            "reason": score.reason,
            "scheme": self.scheme.id,
            "scheme_version": self.scheme.version,
        }


def load_scheme(name_or_path: str) -> Scheme:
    """Return a scheme that comes with roadscan ("ap9k"), or the one in a TOML file.

    Raises
    ------
    RoadscanError
        `scheme_unknown`, `scheme_invalid`.
    """
    return parse_scheme(read_scheme_text(name_or_path))


def score_steps(given: ScoreInput, scheme: Scheme) -> ScoreSteps:
    """Score indicators, and evenness where it was measured.

    Raises
    ------
    RoadscanError
        `option_invalid` if evenness was measured and the scheme has no tables for it.
    """
    if given.evenness is not None and scheme.evenness is None:
        raise RoadscanError(
            "option_invalid",
            f"the scheme {scheme.id} has no tables for evenness",
            "Leave the evenness out, or name a scheme with a section [evenness]",
        )
    score = score_segment(given.indicators, given.road_class, given.surface, scheme)
    overall = overall_score(score, given.evenness, given.road_class, scheme)
    return ScoreSteps(given, score, overall, scheme)
