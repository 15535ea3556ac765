from collections.abc import Sequence

from roadscan.assess.lanes import Rules, assess_lane
from roadscan.assess.segmentation import segments_of
from roadscan.assess.sensitivity import Effect, effects
from roadscan.model.damage import LaneGrid, Verdict
from roadscan.model.review import BoxKey, BoxVerdict, ReviewedObservation
from roadscan.model.road import Direction
from roadscan.model.survey import Assessment, DrivePass, LaneEvidence
from tests.assess.lanes import ALL_KINDS, AP9K, box, grid_of, link, network
from tests.assess.test_reviews import seen

ROADS = network(link("L", 60.0))
SEGMENTS = tuple(s for s in segments_of(ROADS, AP9K) if s.direction is Direction.FORWARD)


def found(
    *sightings: ReviewedObservation, rejected: Sequence[ReviewedObservation] = ()
) -> Assessment:
    """What a lane that each box was seen on once comes to."""
    hits: dict[str, list[tuple[int, int]]] = {}
    for sighting in sightings:
        o = sighting.observation
        rows = range(int(o.from_offset_m), int(o.to_offset_m) + 1)
        strips = [0, 1, 2] if o.left_max_m > 1 else [1]
        hits.setdefault(o.kind, []).extend((r, s) for r in rows for s in strips)
    grid: LaneGrid = grid_of(hits, rows=60)
    judgements: dict[BoxKey, BoxVerdict] = {
        one.box: BoxVerdict(Verdict.REJECTED, one.observation.kind) for one in rejected
    }
    seen = LaneEvidence((DrivePass("one", grid),), None, sightings)
    assessed = assess_lane(ROADS.links[0], SEGMENTS, seen, Rules(AP9K, ALL_KINDS, judgements))
    return Assessment(SEGMENTS, assessed.results, assessed.damages)


def effects_of(assessment: Assessment) -> tuple[Effect, ...]:
    return effects(assessment, {"L": ROADS.links[0]}, AP9K)


WIDE = (-1.4, 1.4)
SMALL = seen(box(0, (5.1, 5.9)))
LARGE = seen(box(0, (25.1, 33.9), WIDE))
CRACK = seen(box(0, (25.1, 25.9), kind="D20", pixels=11.0))


def test_the_score_without_a_damage_is_that_of_a_lane_on_which_it_was_rejected() -> None:
    both = (SMALL, LARGE, CRACK)
    for sighting in both:
        (effect,) = [e for e in effects_of(found(*both)) if e.damage.best == sighting.observation]
        results = found(*both, rejected=[sighting]).results
        (after,) = [r for r in results if r.segment_id == effect.segment_id]
        assert effect.without == after.score.score


def test_those_come_first_on_which_a_class_hangs() -> None:
    first, *rest = effects_of(found(SMALL, LARGE))
    assert first.damage.best == LARGE.observation
    assert first.share >= 1.0
    assert [one.damage.best for one in rest] == [SMALL.observation]


def test_nothing_hangs_on_a_damage_that_leaves_its_segment_in_the_best_class() -> None:
    roads = found(seen(box(0, (5.1, 5.9), kind="Repair")))
    (effect,) = effects_of(roads)
    assert effect.condition_class == 1
    assert effect.share == 0.0


def test_a_damage_on_two_segments_is_held_against_the_one_it_matters_more_to() -> None:
    (effect,) = effects_of(found(seen(box(0, (19.1, 30.9), WIDE))))
    assert effect.segment_id == "L:f:20"
