"""How far a score may be from the road's own: what the model misses, and where the cells lie.

An occupancy model, segment by segment and indicator by indicator (docs/scoring.md, "The error of a
score"). T of a segment's C cells are damaged; how many are is taken beforehand to be like `PRIORS`.
Of the damaged cells that were seen the passes find a beta-binomial number and of the sound ones
they hit another: cells of one segment are missed together, because they belong to one crack and
one kind of road. Bayes' rule then gives the probability of each T from what was found; where the
segment itself begins and ends is as uncertain as the drive's place along the road. The scheme makes
a score of every T; `score_low` to `score_high` is the shortest interval that holds 80 % of them.

The scores are drawn at the same fixed points for every segment (a Kronecker sequence), so the same
evidence gives the same error, in whatever order drives came.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from math import ceil
from typing import Final

import numpy as np
from scipy.special import betaln, gammaln

from roadscan.assess.passes import CombinedLane
from roadscan.assess.scheme import INDICATORS, Combination, Normalisation, Scheme
from roadscan.assess.score import normalise, round_half_up
from roadscan.assess.segmentation import segment_rows
from roadscan.model.arrays import Floats, Ints
from roadscan.model.hit_rate import HitRate
from roadscan.model.road import Link, Segment
from roadscan.model.score import SegmentResult

PRIORS: Final = {"riss": (0.4, 0.7, 3.0), "afli": (0.65, 0.8, 6.0), "ofs": (0.7, 0.8, 10.0)}
"""Before anything is seen: the share of segments without such damage, and the two parameters of the
beta distribution of the damaged share of the others."""
FRAMES_ALIKE: Final = 0.5
"""Correlation of the hits on one cell in two frames of a pass: a faint crack is faint in all."""
PASSES_ALIKE: Final = 0.7
"""The part of what cells of a segment share that they share in every pass: the crack, the road."""
MOST_CELLS: Final = 60
"""Longer segments are reckoned as if they had so many cells: more would change no error."""
VIEWS: Final = (1, 2, 3, 4, 5, 6, 8, 12)
MOST_PASSES: Final = 4
SEEN_STEP: Final = 3
"""Cells seen are rounded to this, so that the same tables serve for many segments."""
MOST_SHIFT: Final = 9
"""Metres; where the place is less certain than this the ends of a segment mean little."""
DRAWS: Final = 256
INSIDE: Final = 0.8
"""Share of the scores between `score_low` and `score_high`."""
POINTS: Final = np.modf(
    0.5 + np.arange(1, DRAWS + 1)[:, None] * 1.22074408460575947536 ** -np.arange(1.0, 4.0)
)[0]
"""(DRAWS, 3) evenly in the unit cube: the generalised golden ratio's sequence (Roberts 2018)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a segment was seen, in the steps of the tables."""

    cells: int
    seen: int
    views: int
    """Of a cell, in one pass."""
    passes: int


def with_errors(
    results: Sequence[SegmentResult],
    segments: Sequence[Segment],
    link: Link,
    lane: CombinedLane | None,
    known: Collection[str],
    hit_rates: Mapping[str, HitRate],
    scheme: Scheme,
) -> tuple[SegmentResult, ...]:
    """Return the results of a lane with the errors of their scores, and what may be said of them.

    Without hit rates there is no error: what the model misses is unknown then.
    """
    if lane is None or not hit_rates:
        return tuple(replace(one, finding=finding(one, scheme)) for one in results)
    rates = {name: rate_of(name, known, hit_rates, scheme) for name in INDICATORS}
    below = {
        name: _sum_before(lane.share(_kinds(name, known, scheme)))
        for name, rate in rates.items()
        if rate is not None
    }
    return tuple(
        _with_error(result, segment, link, lane, rates, below, scheme)
        for result, segment in zip(results, segments, strict=True)
    )


def rate_of(
    indicator: str, known: Collection[str], hit_rates: Mapping[str, HitRate], scheme: Scheme
) -> HitRate | None:
    """Return the rates of an indicator's kinds together; None if the indicator is unknown.

    Where they were not measured together it is the kind with the most damaged cells measured.
    """
    kinds = _kinds(indicator, known, scheme)
    joined = hit_rates.get("+".join(sorted(kinds)))
    measured = [hit_rates[kind] for kind in sorted(kinds) if kind in hit_rates]
    return joined or max(measured, key=lambda rate: rate.cells, default=None)


def finding(result: SegmentResult, scheme: Scheme) -> str:
    """Return what a score supports in words; "" without a score.

    The best class is named only where the model would have seen what contradicts it: where
    `score_high` lies in it too. Else it is what was seen: no damage, or little.
    """
    score, best = result.score, scheme.classes[0]
    if score.condition_class is None:
        return ""
    upper = scheme.classes[1].lower if len(scheme.classes) > 1 else None
    if score.condition_class != best.number or upper is None:
        return f"class_{score.condition_class}"
    if result.score_high is not None and Decimal(str(result.score_high)) < upper:
        return f"class_{score.condition_class}"
    shares = (getattr(score.indicators, f"{name}_pct") for name in INDICATORS)
    return "little_damage_seen" if any(shares) else "no_damage_seen"


def _kinds(indicator: str, known: Collection[str], scheme: Scheme) -> set[str]:
    return {k for k, rule in scheme.kinds.items() if rule.indicator == indicator and k in known}


def _sum_before(share: Floats) -> Floats:
    """Return the affected cells of all rows before each row, (rows + 1,)."""
    return np.concatenate([[0.0], np.cumsum(share.sum(axis=1))])


def _with_error(
    result: SegmentResult,
    segment: Segment,
    link: Link,
    lane: CombinedLane,
    rates: Mapping[str, HitRate | None],
    below: Mapping[str, Floats],
    scheme: Scheme,
) -> SegmentResult:
    score = result.score
    combination = scheme.combine.get(link.surface)
    table = scheme.normalise.get((link.surface, link.road_class))
    if score.score is None or combination is None or table is None:
        return result
    rows = segment_rows(segment)
    seen = _seen(result, rows, lane)
    accuracy_m = lane.grid.accuracy_m[rows.start : rows.stop]
    accuracy_m = accuracy_m[np.isfinite(accuracy_m)]
    shifts = _shifts(float(accuracy_m.mean()) if len(accuracy_m) else 0.0)
    values = {}
    for number, name in enumerate(INDICATORS):
        if name not in table:
            continue
        rate = rates[name]
        probability = (
            prior(name, seen.cells)
            if rate is None
            else _given(rate, name, seen, _found(below[name], rows, shifts, result, seen), scheme)
        )
        damaged = np.searchsorted(np.cumsum(probability), POINTS[:, number] * (1.0 - 1e-9))
        values[name] = hundredths(table[name], seen.cells)[np.minimum(damaged, seen.cells)]
    scores = np.sort(combined(values, combination))
    low, high = (value / 100 for value in shortest(scores))
    own = next(c for c in scheme.classes if c.number == score.condition_class)
    later = [c.lower for c in scheme.classes if c.lower > own.lower]
    inside = (scores >= ceil(100 * own.lower)) & (
        scores < (ceil(100 * min(later)) if later else 501)
    )
    found = replace(
        result, score_low=low, score_high=high, class_probability=round(float(inside.mean()), 2)
    )
    return replace(found, finding=finding(found, scheme))


def _seen(result: SegmentResult, rows: range, lane: CombinedLane) -> Seen:
    """Return how a segment was seen, rounded to the steps of the tables."""
    over = (lane.weights[:, rows.start : rows.stop] > 0).any(axis=(1, 2))
    passes = int(np.clip(over.sum(), 1, MOST_PASSES))
    cells = min(result.cells, MOST_CELLS)
    seen = SEEN_STEP * round(cells * result.coverage / SEEN_STEP)
    views = min(VIEWS, key=lambda step: abs(step - result.views_mean / max(1, over.sum())))
    return Seen(cells, int(np.clip(seen, 1, cells)), views, passes)


@lru_cache(maxsize=64)
def _shifts_of(steps: int) -> tuple[Ints, Floats]:
    sigma = steps / 4
    most = int(np.clip(ceil(2 * sigma), 0, MOST_SHIFT))
    shifts = np.arange(-most, most + 1)
    weights = np.exp(-np.square(shifts) / (2 * max(sigma, 0.1) ** 2))
    return shifts, weights / weights.sum()


def _shifts(accuracy_m: float) -> tuple[Ints, Floats]:
    """Return by how many rows a segment may really lie elsewhere, and the probabilities."""
    return _shifts_of(round(4 * min(accuracy_m, float(MOST_SHIFT))))


def _found(
    below: Floats, rows: range, shifts: tuple[Ints, Floats], result: SegmentResult, seen: Seen
) -> Floats:
    """Return the probabilities (seen + 1,) of the cells found where the segment really lies."""
    steps, weights = shifts
    last = len(below) - 1
    begin, end = (np.clip(row + steps, 0, last) for row in (rows.start, rows.stop))
    assessed = max(1.0, result.cells * result.coverage)
    found = np.rint((below[end] - below[begin]) * seen.seen / assessed).astype(np.int64)
    counted = np.bincount(np.clip(found, 0, seen.seen), weights, seen.seen + 1)
    return counted.astype(np.float64)


def _given(rate: HitRate, name: str, seen: Seen, found: Floats, scheme: Scheme) -> Floats:
    """Return the probability (cells + 1,) of each number of damaged cells."""
    given: Floats = found @ _posterior(rate, name, seen, scheme.hit_share)
    return given


@lru_cache(maxsize=4096)
def _posterior(rate: HitRate, name: str, seen: Seen, hit_share: float) -> Floats:
    """Return the probability of each number of damaged cells by that of cells found.

    (seen + 1, cells + 1), each row sums to one.
    """
    damaged = np.arange(seen.cells + 1)
    hits = found_given_damaged(rate, seen, hit_share)
    shown = _hypergeometric(np.arange(seen.seen + 1), damaged[:, None], seen.cells, seen.seen)
    joint: Floats = (shown @ hits).T * prior(name, seen.cells)
    total = joint.sum(axis=1, keepdims=True)
    # what the model holds to be impossible was found none the less: it says nothing then
    posterior: Floats = joint / np.maximum(total, 1e-300)
    return np.where(total > 1e-12, posterior, prior(name, seen.cells)[None, :])


def found_given_damaged(rate: HitRate, seen: Seen, hit_share: float) -> Floats:
    """Return the probability of each number of affected cells (columns) by damaged ones (rows).

    (seen + 1, seen + 1). A box reaches beside its damage, which finds as many cells more.
    """
    alone = affected_share(rate.found, seen.views, hit_share)
    # a crack's box is wrong by a cell as often as it is right, so what it adds comes with it
    right = min(0.999, alone * (1.0 + rate.beside / max(rate.found, 0.01)))
    wrong = affected_share(rate.wrong, seen.views, hit_share)
    alike = rate.alike * (PASSES_ALIKE + (1.0 - PASSES_ALIKE) / seen.passes)
    wrong_alike = rate.wrong_alike / seen.passes
    most = seen.seen
    hits, false = _hits(most, right, alike), _hits(most, wrong, wrong_alike)
    return np.array(
        [np.convolve(hits[k, : k + 1], false[most - k, : most - k + 1]) for k in range(most + 1)]
    )


def _hits(most: int, share: float, alike: float) -> Floats:
    """Return the probabilities (most + 1, most + 1) of so many hits (columns) of so many cells.

    Each cell is as likely to be hit, and they go together.
    """
    of, count = np.arange(most + 1)[:, None], np.arange(most + 1)[None, :]
    if not 0.0 < share < 1.0:
        certain: Floats = (count == (of if share else 0 * of)).astype(np.float64)
        return certain
    if alike < 1e-3:
        chances = count * np.log(share) + (of - count) * np.log1p(-share)
        binomial: Floats = np.where(count <= of, np.exp(_log_ways(of, count) + chances), 0.0)
        return binomial
    spread = 1.0 / min(alike, 0.95) - 1.0
    return _beta_binomial(count, of, share * spread, (1 - share) * spread)


def _log_ways(of: Ints, chosen: Ints) -> Floats:
    """Return the logarithm of the ways to choose; meaningless where more are chosen than are."""
    rest = np.maximum(of - chosen, 0)
    ways: Floats = gammaln(of + 1.0) - gammaln(chosen + 1.0) - gammaln(rest + 1.0)
    return ways


def _beta_binomial(count: Ints, of: Ints, a: float, b: float) -> Floats:
    """Return the probability of `count` of `of` hits where the share is beta distributed."""
    rest = np.maximum(of - count, 0)
    logs = _log_ways(of, count) + betaln(count + a, rest + b) - betaln(a, b)
    return np.where(count <= of, np.exp(logs), 0.0)


def _hypergeometric(count: Ints, damaged: Ints, cells: int, seen: int) -> Floats:
    """Return the probability that `count` of the `seen` cells are among the damaged ones."""
    sound, others = cells - damaged, seen - count
    possible = (count <= damaged) & (others >= 0) & (others <= sound)
    logs = (
        _log_ways(damaged, count)
        + _log_ways(sound, np.maximum(others, 0))
        - _log_ways(np.array(cells), np.array(seen))
    )
    return np.where(possible, np.exp(logs), 0.0)


@lru_cache(maxsize=256)
def affected_share(share: float, views: int, hit_share: float) -> float:
    """Return how often a pass holds a cell to be affected that frames hit with a probability."""
    if not 0.0 < share < 1.0:
        return share
    needed = max(1, ceil(hit_share * views - 1e-9))
    spread = 1.0 / FRAMES_ALIKE - 1.0
    hits = np.arange(needed, views + 1)
    return float(_beta_binomial(hits, np.array(views), share * spread, (1 - share) * spread).sum())


@lru_cache(maxsize=256)
def prior(name: str, cells: int) -> Floats:
    """Return the probability of 0 to `cells` damaged cells before anything is seen."""
    none, a, b = PRIORS[name]
    count = np.arange(cells + 1)
    chances: Floats = none * (count == 0) + (1.0 - none) * _beta_binomial(
        count, np.array(cells), a, b
    )
    return chances


@lru_cache(maxsize=512)
def hundredths(norm: Normalisation, cells: int) -> Ints:
    """Return the value of 0 to `cells` damaged cells, in hundredths, as the scheme rounds it."""
    return np.array(
        [
            int(100 * normalise(round_half_up(Decimal(100 * damaged) / cells), norm))
            for damaged in range(cells + 1)
        ],
        np.int64,
    )


def shortest(ordered: Ints) -> tuple[int, int]:
    """Return the ends of the shortest interval that holds INSIDE of ordered values.

    Not from the tenth to the ninetieth percent: of a road without damage nothing lies below.
    """
    inside = ceil(INSIDE * len(ordered))
    width = ordered[inside - 1 :] - ordered[: len(ordered) - inside + 1]
    first = int(np.argmin(width))
    return int(ordered[first]), int(ordered[first + inside - 1])


def combined(values: Mapping[str, Ints], combination: Combination) -> Ints:
    """Return `score.combine` of many values at once, all in hundredths, to the last digit."""
    weights = {name: int(10_000 * combination.weights[name]) for name in values}
    total = sum(weights.values())
    weighted = sum(weight * values[name] for name, weight in weights.items())
    rounded = (2 * weighted + total) // (2 * total)
    breaking = [values[name] for name in combination.break_through if name in values]
    if not breaking:
        return np.asarray(rounded, np.int64)
    worst = np.max(breaking, axis=0)
    breaks = 100 * worst > int(10_000 * combination.break_through_above)
    alone = np.maximum(worst, rounded) if combination.monotone else worst
    scores: Ints = np.where(breaks, alone, rounded)
    return scores
