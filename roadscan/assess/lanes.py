"""From what was seen of one lane to its damages and the results of its segments.

Lanes do not depend on each other: one can be assessed anew without the others.
"""

from collections import Counter
from dataclasses import dataclass

from roadscan.assess.damages import find_damages
from roadscan.assess.reviews import Judgements, judge_lane, marked
from roadscan.assess.scheme import Scheme
from roadscan.assess.segments import assess_segment
from roadscan.model.damage import Damage, LaneGrid
from roadscan.model.review import ReviewedObservation
from roadscan.model.road import Link, Segment
from roadscan.model.score import SegmentResult


@dataclass(frozen=True, slots=True)
class SeenLane:
    """All that is known of a lane."""

    link: Link
    segments: tuple[Segment, ...]
    """In order of their start."""
    grid: LaneGrid | None
    """None where it was never driven."""
    unusable: LaneGrid | None
    sightings: tuple[ReviewedObservation, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """By what lanes are assessed."""

    scheme: Scheme
    model_kinds: frozenset[str]
    judgements: Judgements


@dataclass(frozen=True, slots=True)
class AssessedLane:
    """What came out; the results in the order of the segments."""

    grid: LaneGrid | None
    """As reviewers see it."""
    results: tuple[SegmentResult, ...]
    damages: tuple[Damage, ...]


def assess_lane(lane: SeenLane, rules: Rules) -> AssessedLane:
    """Apply what reviewers said, find the damages, score the segments."""
    scheme, width_m = rules.scheme, lane.link.lane_width_m
    grid, damages = lane.grid, tuple[Damage, ...]()
    if grid is not None:
        judged = judge_lane(grid, lane.sightings, rules.judgements, width_m, scheme)
        grid = judged.grid
        observations = [sighting.observation for sighting in judged.sightings]
        found = find_damages(grid, observations, lane.segments, width_m, scheme)
        damages = marked(found, judged, width_m, scheme)
    counts = Counter(damage.segment_id for damage in damages)
    results = tuple(
        assess_segment(
            segment,
            lane.link,
            grid,
            lane.unusable,
            rules.model_kinds,
            scheme,
            counts[segment.segment_id],
        )
        for segment in lane.segments
    )
    return AssessedLane(grid, results, damages)
