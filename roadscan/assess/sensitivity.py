"""Influence of a damage on the score: what its segment would score without it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from roadscan.assess.scheme import INDICATORS, Scheme
from roadscan.assess.score import round_half_up, score_segment
from roadscan.assess.segmentation import segment_rows
from roadscan.model.damage import Damage
from roadscan.model.road import Lane, Link, Segment
from roadscan.model.score import Score, SegmentResult
from roadscan.model.survey import Assessment

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """Effect of a damage on the segment that depends on it most."""

    damage: Damage
    segment_id: str
    score: float | None
    condition_class: int | None
    without: float | None
    """The score of the segment without the damage."""
    share: float
    """Its part of the score over the distance to the next better class: from 1 on, the class
    depends on it. 0 where there is no score, or no better class."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """A segment with the cells that count for each indicator, by damage."""

    segment: Segment
    result: SegmentResult
    hits: dict[str, dict[str, frozenset[Cell]]]
    """By indicator, then by damage id."""


def effects(
    assessment: Assessment, links: Mapping[str, Link], scheme: Scheme
) -> tuple[Effect, ...]:
    """Return the damages of a survey, the most influential first."""
    lanes: dict[Lane, list[_Scored]] = defaultdict(list)
    for segment, result in zip(assessment.segments, assessment.results, strict=True):
        hits: dict[str, dict[str, frozenset[Cell]]] = {name: {} for name in INDICATORS}
        lanes[segment.link_id, segment.direction].append(_Scored(segment, result, hits))
    touched = {damage.damage_id: _touched(damage, lanes, scheme) for damage in assessment.damages}
    found = [
        max(
            (_effect(damage, one, links, scheme) for one in touched[damage.damage_id]),
            key=_weight,
        )
        for damage in assessment.damages
    ]
    return tuple(sorted(found, key=_weight, reverse=True))


def _touched(
    damage: Damage, lanes: Mapping[Lane, Iterable[_Scored]], scheme: Scheme
) -> list[_Scored]:
    """Return the segments that a damage lies on, and add its cells to them."""
    found = []
    for one in lanes[damage.link_id, damage.direction]:
        rows = segment_rows(one.segment)
        own = frozenset(cell for cell in damage.cells if cell[0] in rows)
        if own:
            one.hits[scheme.kinds[damage.kind].indicator][damage.damage_id] = own
            found.append(one)
    return found


def _effect(damage: Damage, one: _Scored, links: Mapping[str, Link], scheme: Scheme) -> Effect:
    now, link = one.result.score, links[damage.link_id]
    nothing = Effect(damage, one.segment.segment_id, now.score, now.condition_class, None, 0.0)
    name = scheme.kinds[damage.kind].indicator
    before = getattr(now.indicators, f"{name}_pct")
    assessed = round(one.result.coverage * one.result.cells)
    if now.score is None or now.condition_class is None or before is None or not assessed:
        return nothing
    others = [cells for key, cells in one.hits[name].items() if key != damage.damage_id]
    left = len(frozenset().union(*others))
    every = len(frozenset().union(*one.hits[name].values()))
    share = float(round_half_up(Decimal(100 * left) / assessed))
    if before != float(round_half_up(Decimal(100 * every) / assessed)):
        # several passes that do not agree: cells count in part, all of them alike
        share = float(round_half_up(Decimal(str(before)) * left / max(every, 1)))
    indicators = replace(now.indicators, **{f"{name}_pct": share})
    without = score_segment(indicators, link.road_class, link.surface, scheme)
    border = _lower_border(now, scheme)
    if without.score is None or border is None:
        return replace(nothing, without=without.score)
    made = Decimal(str(now.score)) - Decimal(str(without.score))
    # a class begins at its border: a score on it has one hundredth to go
    way = Decimal(str(now.score)) - border + Decimal("0.01")
    return replace(nothing, without=without.score, share=round(float(made / way), 3))


def _lower_border(score: Score, scheme: Scheme) -> Decimal | None:
    """Return where the class of a score begins; None in the best one."""
    own = next(c for c in scheme.classes if c.number == score.condition_class)
    return None if own.number == scheme.classes[0].number else own.lower


def _weight(effect: Effect) -> tuple[float, float, str]:
    made = 0.0
    if effect.score is not None and effect.without is not None:
        made = effect.score - effect.without
    return effect.share, made, effect.damage.damage_id
