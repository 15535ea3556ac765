"""From indicators to a condition class, step by step, in exact decimal arithmetic.

Formulas: docs/scoring.md and the sources named there (AP 9 K as public sources give it).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from roadscan.assess.scheme import INDICATORS, Combination, Normalisation, Scheme
from roadscan.model.road import RoadClass, Surface
from roadscan.model.score import EvennessMeasures, Indicators, NotScored, Score

CENT = Decimal("0.01")
BEST, TARGET, WARNING, THRESHOLD, WORST = (Decimal(v) for v in ("1", "1.5", "3.5", "4.5", "5"))

MISSING: Final = {
    "riss": NotScored.RISS_MISSING,
    "afli": NotScored.INDICATOR_MISSING,
    "ofs": NotScored.OFS_MISSING,
}
"""Why there is no score if an indicator that the scheme requires is unknown."""


@dataclass(frozen=True, slots=True)
class Combined:
    """Values brought together: `value` is the result, the rest says how it came about."""

    value: Decimal
    weights: dict[str, Decimal]
    """Of the values there are; they add up to 1."""
    weighted_sum: Decimal
    break_through: bool


@dataclass(frozen=True, slots=True)
class OverallScore:
    """A score with measured evenness; no camera measures it."""

    twgeb: float | None
    """Value of use (Teilzielwert Gebrauchswert); None where it was not measured."""
    gw: float | None
    """Overall value (Gesamtwert); None without TWGEB or TWSUB."""
    score: float | None
    """GW, or TWSUB alone without evenness."""
    condition_class: int | None


def round_half_up(value: Decimal | float) -> Decimal:
    """Round to two decimals, halves away from zero, as the paper form does."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(CENT, ROUND_HALF_UP)


def normalise(quantity: Decimal, norm: Normalisation) -> Decimal:
    """Turn a quantity (Zustandsgröße, ZG) into a value (Zustandswert, ZW), two decimals.

    Piecewise linear through (0, 1), (target, 1.5), (warning, 3.5) and (threshold, 4.5), and on
    with the last slope to the cap of 5. The quantity is rounded to two decimals first.
    """
    x = round_half_up(quantity)
    a, w, s = norm.target, norm.warning, norm.threshold
    if x < a:
        value = BEST + (TARGET - BEST) * x / a
    elif x <= w:
        value = TARGET + (WARNING - TARGET) * (x - a) / (w - a)
    else:
        value = min(WORST, WARNING + (THRESHOLD - WARNING) * (x - w) / (s - w))
    return round_half_up(value)


def combine(values: Mapping[str, Decimal], combination: Combination) -> Combined:
    """Bring values together (Teilzielwert): weighted sum, or the worst where it breaks through.

    The weights of missing values are shared out among the others; at least one value is there.
    """
    present = {name: weight for name, weight in combination.weights.items() if name in values}
    total = sum(present.values())
    # Divided last: a renormalised weight has no exact decimals, and halves must stay halves.
    weighted = sum((present[name] * values[name] for name in present), Decimal(0)) / total
    worst = max((values[n] for n in combination.break_through if n in values), default=BEST)
    breaks = worst > combination.break_through_above
    decisive = worst if breaks else weighted
    return Combined(
        value=round_half_up(max(decisive, weighted) if combination.monotone else decisive),
        weights={name: weight / total for name, weight in present.items()},
        weighted_sum=round_half_up(weighted),
        break_through=breaks,
    )


def score_segment(
    indicators: Indicators, road_class: RoadClass, surface: Surface, scheme: Scheme
) -> Score:
    """Score indicators (percent, None where unknown) by the scheme's tables for class and surface.

    An indicator that is missing is left out and the weights of the others are divided by their
    sum, unless the scheme requires it: then there is no score, with the reason.
    """
    combination = scheme.combine.get(surface)
    table = scheme.normalise.get((surface, road_class))
    if combination is None or table is None:
        return unscored(indicators, NotScored.SURFACE_NOT_SUPPORTED)
    shares = (indicators.riss_pct, indicators.afli_pct, indicators.ofs_pct)
    values = {
        name: normalise(Decimal(str(share)), table[name])
        for name, share in zip(INDICATORS, shares, strict=True)
        if share is not None and name in table
    }
    missing = [name for name in combination.required if name not in values]
    if missing:
        return unscored(indicators, MISSING[missing[0]], values)
    combined = combine(values, combination)
    return Score(
        indicators=indicators,
        zw_riss=_float(values.get("riss")),
        zw_afli=_float(values.get("afli")),
        zw_ofs=_float(values.get("ofs")),
        weights={name: round(float(weight), 4) for name, weight in combined.weights.items()},
        weighted_sum=float(combined.weighted_sum),
        break_through=combined.break_through,
        twsub=float(combined.value),
        twsub_basis="+".join(combined.weights),
        score=float(combined.value),
        condition_class=condition_class(combined.value, scheme),
        reason="",
    )


def unscored(
    indicators: Indicators, reason: NotScored, values: Mapping[str, Decimal] | None = None
) -> Score:
    """Return a score that has no value, with its reason."""
    zw_riss, zw_afli, zw_ofs = (_float((values or {}).get(name)) for name in INDICATORS)
    return Score(
        indicators=indicators,
        zw_riss=zw_riss,
        zw_afli=zw_afli,
        zw_ofs=zw_ofs,
        weights={},
        weighted_sum=None,
        break_through=False,
        twsub=None,
        twsub_basis="",
        score=None,
        condition_class=None,
        reason=reason.value,
    )


def condition_class(value: Decimal, scheme: Scheme) -> int:
    """Return the class of a value; classes are closed on the left."""
    return [c.number for c in scheme.classes if c.lower <= value][-1]


def evenness_value(
    measures: EvennessMeasures, road_class: RoadClass, scheme: Scheme
) -> float | None:
    """Return the value of use (Teilzielwert Gebrauchswert, TWGEB).

    None for a class without a table, and by a scheme without evenness.
    """
    table = scheme.evenness.normalise.get(road_class) if scheme.evenness else None
    if scheme.evenness is None or table is None:
        return None
    given = {
        "sm4l_m": measures.sm4l_m_mm,
        "sm4l_a": measures.sm4l_a_mm,
        "mspt": measures.mspt_mm,
        "msph": measures.msph_mm,
    }
    values = {name: normalise(Decimal(str(mm)), table[name]) for name, mm in given.items()}
    values["sm4l"] = max(values["sm4l_m"], values["sm4l_a"])
    return float(combine(values, scheme.evenness.combine).value)


def overall_score(
    score: Score, measures: EvennessMeasures | None, road_class: RoadClass, scheme: Scheme
) -> OverallScore:
    """Return the overall value (Gesamtwert, GW), the worse of TWGEB and TWSUB, and its class.

    Without evenness the substance value decides alone; without substance there is no score.
    """
    twgeb = None if measures is None else evenness_value(measures, road_class, scheme)
    if twgeb is None or score.twsub is None:
        return OverallScore(twgeb, None, score.score, score.condition_class)
    gw = max(twgeb, score.twsub)
    return OverallScore(twgeb, gw, gw, condition_class(Decimal(str(gw)), scheme))


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
