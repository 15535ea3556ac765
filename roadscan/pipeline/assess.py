"""From the store's views and hits to the results of a survey, and back into the store."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from roadscan.assess.lanes import Rules, SeenLane, assess_lane
from roadscan.assess.scheme import Scheme
from roadscan.model.damage import Damage, LaneGrid, position_on_network
from roadscan.model.road import Lane, Network, Segment
from roadscan.model.score import SegmentResult
from roadscan.model.survey import Assessment
from roadscan.store.store import Store


@dataclass(frozen=True, slots=True)
class Assessed:
    """How many segments have a score, why the others have none, how many damages there are."""

    scored: int
    not_scored: dict[str, int]
    damages: int
    lost_m: dict[str, float]
    """Metres of lane that only frames of no use would have seen, by reason."""


def assess_survey(
    store: Store,
    survey: str,
    network: Network,
    segments: Sequence[Segment],
    scheme: Scheme,
    model_kinds: frozenset[str],
) -> Assessed:
    """Score every segment of the network from what the survey's drives saw."""
    rules = Rules(scheme, model_kinds, store.reviews.in_force(survey))
    links = {link.link_id: link for link in network.links}
    by_lane: dict[Lane, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_lane[segment.link_id, segment.direction].append(segment)
    unusable = {(grid.link_id, grid.direction): grid for grid in store.unusable_grids(survey)}
    results: dict[str, SegmentResult] = {}
    damages: list[Damage] = []

    def take(lane: Lane, grid: LaneGrid | None) -> None:
        seen = () if grid is None else store.sightings(survey, *lane)
        known = SeenLane(links[lane[0]], tuple(by_lane[lane]), grid, unusable.get(lane), seen)
        assessed = assess_lane(known, rules)
        damages.extend(assessed.damages)
        results.update({result.segment_id: result for result in assessed.results})

    driven = set()
    for grid in store.lane_grids(survey):
        driven.add((grid.link_id, grid.direction))
        take((grid.link_id, grid.direction), grid)
    for lane in by_lane.keys() - driven:
        take(lane, None)
    ordered = tuple(results[segment.segment_id] for segment in segments)
    found = tuple(sorted(damages, key=position_on_network))
    store.put_assessment(survey, Assessment(tuple(segments), ordered, found))
    reasons = Counter(result.score.reason for result in ordered if result.score.score is None)
    return Assessed(
        len(ordered) - reasons.total(),
        dict(sorted(reasons.items())),
        len(found),
        _lost_m(segments, ordered),
    )


def _lost_m(segments: Sequence[Segment], results: Sequence[SegmentResult]) -> dict[str, float]:
    lost: dict[str, float] = defaultdict(float)
    for segment, result in zip(segments, results, strict=True):
        for reason, share in result.lost.items():
            lost[reason] += share * segment.length_m
    return {reason: round(metres, 1) for reason, metres in sorted(lost.items())}
