"""From the evidence of one lane to its damages and the results of its segments.

Lanes are independent: any one of them can be reassessed without the others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from roadscan.assess.damages import find_damages
from roadscan.assess.passes import CombinedLane, combine
from roadscan.assess.reviews import JudgedLane, Judgements, judge_lane, marked, verdicts_by_row
from roadscan.assess.scheme import INDICATORS, Scheme
from roadscan.assess.score import round_half_up, score_segment, unscored
from roadscan.assess.segmentation import row_count, segment_rows
from roadscan.assess.uncertainty import with_errors
from roadscan.model.arrays import Bools
from roadscan.model.damage import STRIPS, Damage, LaneGrid, Verdict
from roadscan.model.hit_rate import HitRate
from roadscan.model.review import BoxVerdict, ReviewedObservation
from roadscan.model.road import Link, Segment, Surface
from roadscan.model.score import Indicators, NotScored, PlaceConcern, SegmentResult
from roadscan.model.survey import LaneEvidence

UNKNOWN = Indicators(None, None, None)


@dataclass(frozen=True, slots=True)
class Rules:
    """The basis for assessing lanes: scheme, kinds known to the model, and reviews."""

    scheme: Scheme
    model_kinds: frozenset[str]
    judgements: Judgements
    hit_rates: Mapping[str, HitRate] = field(default_factory=dict)
    """Of the model, where they were measured."""


@dataclass(frozen=True, slots=True)
class AssessedLane:
    """Damages of a lane and the results of its segments, in their order."""

    lane: CombinedLane | None
    """All passes over it with reviews applied; None if there are none."""
    results: tuple[SegmentResult, ...]
    damages: tuple[Damage, ...]


def assess_lane(
    link: Link, segments: Sequence[Segment], seen: LaneEvidence, rules: Rules
) -> AssessedLane:
    """Apply the reviews, find the damages, and score the segments (in order of their start)."""
    scheme, width_m = rules.scheme, link.lane_width_m
    lane = combined_lane(seen, rules.judgements, width_m, scheme)
    damages = tuple[Damage, ...]()
    if lane is not None:
        found = find_damages(lane, segments, width_m, scheme)
        damages = marked(found, JudgedLane(lane.grid, lane.sightings), width_m, scheme)
    counts = Counter(damage.segment_id for damage in damages)
    verdicts = verdicts_by_row(seen.sightings, rules.judgements, row_count(link), width_m, scheme)
    results = tuple(
        _told_reviews(
            assess_segment(
                segment,
                link,
                lane,
                seen.unusable,
                rules.model_kinds,
                scheme,
                counts[segment.segment_id],
            ),
            segment,
            verdicts,
        )
        for segment in segments
    )
    judged = with_errors(results, segments, link, lane, rules.model_kinds, rules.hit_rates, scheme)
    return AssessedLane(lane, judged, damages)


def _told_reviews(
    result: SegmentResult, segment: Segment, verdicts: Iterable[tuple[BoxVerdict, Bools]]
) -> SegmentResult:
    """Return a result with the number of decisions that it rests on."""
    rows = segment_rows(segment)
    here = {
        verdict.decision: verdict.verdict
        for verdict, touched in verdicts
        if touched[rows.start : rows.stop].any()
    }
    rejected = sum(one is Verdict.REJECTED for one in here.values())
    return replace(result, n_reviewed=len(here), n_rejected=rejected) if here else result


def combined_lane(
    seen: LaneEvidence, judgements: Judgements, lane_width_m: float, scheme: Scheme
) -> CombinedLane | None:
    """Apply the reviews to each pass over a lane, and combine the passes; None without any."""
    if not seen.passes:
        return None
    by_pass = defaultdict[tuple[str, int], list[ReviewedObservation]](list)
    for sighting in seen.sightings:
        by_pass[sighting.box.drive_id, sighting.observation.pass_number].append(sighting)
    return combine(
        [
            judge_lane(
                one.grid,
                by_pass[one.drive_id, one.grid.pass_number],
                judgements,
                lane_width_m,
                scheme,
            )
            for one in seen.passes
        ],
        scheme,
    )


def assess_segment(
    segment: Segment,
    link: Link,
    lane: CombinedLane | None,
    unusable: LaneGrid | None,
    model_kinds: frozenset[str],
    scheme: Scheme,
    n_damages: int,
) -> SegmentResult:
    """Score a segment from what the passes over its lane found.

    Indicators are 100 x affected cells / assessed cells; a cell counts once per indicator or, if
    there are several passes, by the share of them that found it affected. An indicator whose kinds
    the model does not know is unknown, not zero, and so are all indicators on surfaces other than
    asphalt, for which the model was not made. `unusable` holds what rejected frames would have
    viewed, which explains missing coverage. Confidence is coverage x (1 - 0.5^views) x agreement:
    segments viewed often and completely, by passes that agree, are trusted most.
    """
    rows = segment_rows(segment)
    cells = len(rows) * STRIPS
    grid = None if lane is None else lane.grid
    views = np.zeros((len(rows), STRIPS)) if grid is None else grid.views[rows.start : rows.stop]
    assessed = views > 0
    seen = lane.seen[rows.start : rows.stop] if lane and assessed.any() else assessed
    coverage = round(float(seen.sum()) / cells, 4)
    views_mean = round(float(views[assessed].mean()), 2) if assessed.any() else 0.0
    seen_s = np.array([]) if grid is None else grid.last_seen_s[rows.start : rows.stop]
    seen_s = seen_s[np.isfinite(seen_s)]
    lost = _lost(seen, rows, unusable)
    accuracy_m = _accuracy_m(lane, rows)
    reason = _why_not(link, coverage, float(lost.mean()), scheme)
    if reason is None and accuracy_m is not None and accuracy_m > segment.length_m:
        reason = NotScored.PLACE_UNKNOWN
    if lane is None or not assessed.any() or link.surface is not Surface.ASPHALT:
        indicators = UNKNOWN
    else:
        indicators = _indicators(lane, assessed, rows, model_kinds, scheme)
    score = (
        score_segment(indicators, link.road_class, link.surface, scheme)
        if reason is None
        else unscored(indicators, reason)
    )
    return SegmentResult(
        segment_id=segment.segment_id,
        score=score,
        coverage=coverage,
        cells=cells,
        views_mean=views_mean,
        confidence=round(coverage * (1.0 - 0.5**views_mean) * _agreement(lane, rows, scheme), 4),
        n_damages=n_damages,
        assessed_at_s=float(seen_s.max()) if len(seen_s) else None,
        lost=_lost_by_reason(lost, rows, unusable),
        accuracy_m=accuracy_m,
        concern=_concern(lane, rows),
    )


def _agreement(lane: CombinedLane | None, rows: range, scheme: Scheme) -> float:
    """Return how far the passes agree on the damaged cells of a segment, 0.5 to 1."""
    if lane is None or len(lane.affected) == 1:
        return 1.0
    agreement = lane.agreement(scheme.kinds)[rows.start : rows.stop]
    return float(np.nanmean(agreement)) if np.isfinite(agreement).any() else 1.0


def _accuracy_m(lane: CombinedLane | None, rows: range) -> float | None:
    """Return how well the place of a segment is known, over what was seen of it."""
    known = np.array([]) if lane is None else lane.grid.accuracy_m[rows.start : rows.stop]
    known = known[np.isfinite(known)]
    return round(float(known.mean()), 2) if len(known) else None


def _concern(lane: CombinedLane | None, rows: range) -> str:
    if lane is not None and lane.misfit[rows.start : rows.stop].any():
        return PlaceConcern.DO_NOT_FIT
    if lane is not None and lane.far[rows.start : rows.stop].any():
        return PlaceConcern.FAR_APART
    return ""


def _lost(seen: Bools, rows: range, unusable: LaneGrid | None) -> Bools:
    """Return the cells that only rejected frames cover."""
    if unusable is None:
        return np.zeros_like(seen)
    return (unusable.views[rows.start : rows.stop] > 0) & ~seen


def _lost_by_reason(lost: Bools, rows: range, unusable: LaneGrid | None) -> dict[str, float]:
    """Return the share of lost cells by reason; a cell counts once, under its commonest reason."""
    if unusable is None or not unusable.hits:
        return {}
    reasons = sorted(unusable.hits)
    counts = np.stack([unusable.hits[name][rows.start : rows.stop] for name in reasons])
    commonest = np.where(lost & counts.any(axis=0), counts.argmax(axis=0), -1)
    shares = {name: round(float((commonest == k).mean()), 4) for k, name in enumerate(reasons)}
    return {name: share for name, share in shares.items() if share}


def _why_not(link: Link, coverage: float, lost: float, scheme: Scheme) -> NotScored | None:
    """Return why a segment gets no score, or None if it gets one.

    Rejected frames are the reason if coverage would have been sufficient with them.
    """
    if coverage == 0.0 and lost == 0.0:
        return NotScored.NOT_DRIVEN
    if link.surface is not Surface.ASPHALT:
        return NotScored.SURFACE_NOT_SUPPORTED
    if coverage >= scheme.min_coverage:
        return None
    if coverage + lost >= scheme.min_coverage:
        return NotScored.FRAMES_UNUSABLE
    return NotScored.COVERAGE_TOO_LOW


def _indicators(
    lane: CombinedLane,
    assessed: Bools,
    rows: range,
    model_kinds: frozenset[str],
    scheme: Scheme,
) -> Indicators:
    shares: list[float | None] = []
    for name in INDICATORS:
        kinds = {
            k for k, rule in scheme.kinds.items() if rule.indicator == name and k in model_kinds
        }
        if not kinds:
            shares.append(None)
            continue
        share = lane.share(kinds)[rows.start : rows.stop]
        # whole counts stay whole: only the shares of several passes have decimals
        affected = Decimal(str(round(float(share[assessed].sum()), 6)))
        shares.append(float(round_half_up(100 * affected / int(assessed.sum()))))
    return Indicators(*shares)
