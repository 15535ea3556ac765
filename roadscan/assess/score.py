"""From indicators to a condition class, step by step, in exact decimal arithmetic.

Formulas: docs/scoring.md and the sources named there (AP 9 K as public sources give it).
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from roadscan.assess.scheme import INDICATORS, Combination, Normalisation, Scheme
from roadscan.model.road import RoadClass, Surface
from roadscan.model.score import Indicators, NotScored, Score

CENT = Decimal("0.01")
BEST, TARGET, WARNING, THRESHOLD, WORST = (Decimal(v) for v in ("1", "1.5", "3.5", "4.5", "5"))


def round_half_up(value: Decimal | float) -> Decimal:
    """Round to two decimals, halves away from zero, as the paper form does."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return exact.quantize(CENT, ROUND_HALF_UP)


def normalise(share_pct: Decimal, norm: Normalisation) -> Decimal:
    """Turn a share (Zustandsgröße, ZG) into a value (Zustandswert, ZW), two decimals.

    Piecewise linear through (0, 1), (target, 1.5), (warning, 3.5) and (threshold, 4.5), and on
    with the last slope to the cap of 5.
    """
    a, w, s = norm.target_pct, norm.warning_pct, norm.threshold_pct
    if share_pct < a:
        value = BEST + (TARGET - BEST) * share_pct / a
    elif share_pct <= w:
        value = TARGET + (WARNING - TARGET) * (share_pct - a) / (w - a)
    else:
        value = min(WORST, WARNING + (share_pct - w) / (s - w))
    return round_half_up(value)


def score_segment(
    indicators: Indicators, road_class: RoadClass, surface: Surface, scheme: Scheme
) -> Score:
    """Score indicators (percent, None where unknown) by the scheme's tables for class and surface.

    An indicator that is missing is left out and the weights of the others are divided by their
    sum, unless the scheme requires it.
    """
    combination = scheme.combine.get(surface)
    table = scheme.normalise.get((surface, road_class))
    shares = dict(
        zip(INDICATORS, (indicators.riss_pct, indicators.afli_pct, indicators.ofs_pct), strict=True)
    )
    if combination is None or table is None:
        return unscored(indicators, NotScored.SURFACE_NOT_SUPPORTED)
    values = {
        name: normalise(round_half_up(share), table[name])
        for name, share in shares.items()
        if share is not None and name in table
    }
    missing = [name for name in combination.required if name not in values]
    if missing:
        return unscored(indicators, NotScored(f"{missing[0]}_missing"), values)
    return _combine(indicators, values, combination, scheme)


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


def _combine(
    indicators: Indicators,
    values: Mapping[str, Decimal],
    combination: Combination,
    scheme: Scheme,
) -> Score:
    present = [name for name in combination.weights if name in values]
    total = sum(combination.weights[name] for name in present)
    weights = {name: combination.weights[name] / total for name in present}
    weighted = sum((weights[name] * values[name] for name in present), Decimal(0))
    worst = max((values[n] for n in combination.break_through if n in values), default=BEST)
    breaks = worst > combination.break_through_above
    floor = weighted if combination.monotone else worst
    twsub = round_half_up(max(floor, worst) if breaks else weighted)
    return Score(
        indicators=indicators,
        zw_riss=_float(values.get("riss")),
        zw_afli=_float(values.get("afli")),
        zw_ofs=_float(values.get("ofs")),
        weights={name: round(float(weight), 4) for name, weight in weights.items()},
        weighted_sum=float(round_half_up(weighted)),
        break_through=breaks,
        twsub=float(twsub),
        twsub_basis="+".join(present),
        score=float(twsub),
        condition_class=condition_class(twsub, scheme),
        reason="",
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
