from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.cells import GridBuilder
from roadscan.assess.lanes import AssessedLane, Rules, assess_lane
from roadscan.assess.reviews import as_judged, judge_lane, sightings_of
from roadscan.assess.segmentation import segments_of
from roadscan.model.damage import LaneGrid, Observation, Verdict
from roadscan.model.review import BoxKey, BoxVerdict, ReviewedObservation
from roadscan.model.road import Direction
from roadscan.model.survey import DrivePass, LaneEvidence
from tests.assess.lanes import ALL_KINDS, AP9K, LANE_M, box, link, network, same_grid, views

ROADS = network(link("L", 50.0))
SEGMENTS = tuple(s for s in segments_of(ROADS, AP9K) if s.direction is Direction.FORWARD)
REJECTED = BoxVerdict(Verdict.REJECTED, "D40")
CONFIRMED = BoxVerdict(Verdict.CONFIRMED, "D40")


def seen(observation: Observation, drive_id: str = "one") -> ReviewedObservation:
    return ReviewedObservation(
        BoxKey(drive_id, observation.frame_t_s, observation.kind, observation.box_xyxy),
        observation,
    )


def grid_of(
    sightings: Sequence[ReviewedObservation], frames: int = 1, to_row: int = 50
) -> LaneGrid:
    """The lane as frames at 0, 1, 2 ... s saw it."""
    builder = GridBuilder(ROADS, AP9K)
    for t_s in range(frames):
        found = tuple(s.observation for s in sightings if s.observation.frame_t_s == t_s)
        builder.add_frame((views(t_s, 0, to_row),), found)
    (grid,) = builder.grids()
    return grid


def assessed(
    sightings: Sequence[ReviewedObservation], judgements: dict[BoxKey, BoxVerdict], frames: int = 1
) -> AssessedLane:
    seen = LaneEvidence((DrivePass("one", grid_of(sightings, frames)),), None, tuple(sightings))
    return assess_lane(ROADS.links[0], SEGMENTS, seen, Rules(AP9K, ALL_KINDS, judgements))


def test_what_nobody_judged_counts_as_it_was_found() -> None:
    sighting = seen(box(0, (21.3, 22.6)))
    assert as_judged([sighting], {}) == (sighting,)
    (damage,) = assessed([sighting], {}).damages
    assert damage.review is None


def test_a_rejected_box_is_no_damage_and_its_segment_is_sound() -> None:
    sighting = seen(box(0, (21.3, 22.6)))
    before, after = assessed([sighting], {}), assessed([sighting], {sighting.box: REJECTED})
    assert (len(before.damages), after.damages) == (1, ())
    hit, sound = before.results[1], after.results[1]
    assert hit.score.score != 1.0
    assert (sound.score.score, sound.n_damages) == (1.0, 0)
    assert sound.coverage == hit.coverage
    assert (hit.n_reviewed, hit.n_rejected) == (0, 0)
    assert (sound.n_reviewed, sound.n_rejected) == (1, 1)


def test_decisions_are_counted_not_the_boxes_that_they_are_about() -> None:
    one, again, other = (seen(box(t_s, (21.3, 22.6))) for t_s in range(3))
    judgements = {
        one.box: BoxVerdict(Verdict.REJECTED, "D40", 7),
        again.box: BoxVerdict(Verdict.REJECTED, "D40", 7),
        other.box: BoxVerdict(Verdict.CONFIRMED, "D40", 8),
    }
    results = assessed([one, again, other], judgements, frames=3).results
    assert [(r.n_reviewed, r.n_rejected) for r in results if r.n_reviewed] == [(2, 1)]


def test_a_verdict_on_the_border_of_two_segments_counts_for_both() -> None:
    edge_m = SEGMENTS[0].to_m
    sighting = seen(box(0, (edge_m - 0.8, edge_m + 0.8)))
    results = assessed([sighting], {sighting.box: REJECTED}).results
    assert [r.n_rejected for r in results[:2]] == [1, 1]


def test_a_box_of_another_class_moves_its_hits() -> None:
    sighting = seen(box(0, (21.3, 22.6)))
    judged = assessed([sighting], {sighting.box: BoxVerdict(Verdict.CORRECTED, "Repair")})
    (damage,) = judged.damages
    assert (damage.kind, damage.review) == ("Repair", Verdict.CORRECTED)
    indicators = judged.results[1].score.indicators
    assert indicators.ofs_pct == 0.0
    assert indicators.afli_pct not in {None, 0.0}


def test_a_confirmed_damage_is_marked_and_scored_as_before() -> None:
    sighting = seen(box(0, (21.3, 22.6)))
    before, after = assessed([sighting], {}), assessed([sighting], {sighting.box: CONFIRMED})
    (damage,) = after.damages
    assert damage.review is Verdict.CONFIRMED
    unchanged = [replace(result, n_reviewed=0) for result in after.results]
    assert unchanged == list(before.results)
    assert [result.n_reviewed for result in after.results if result.n_reviewed] == [1]
    assert not any(result.n_rejected for result in after.results)


def test_a_box_seen_later_takes_the_mark_of_a_damage_not_away() -> None:
    first, later = seen(box(0, (21.3, 22.6))), seen(box(1, (21.3, 22.6)))
    (damage,) = assessed([first, later], {first.box: CONFIRMED}, frames=2).damages
    assert damage.review is Verdict.CONFIRMED


def test_one_rejected_box_of_two_drives_leaves_the_other() -> None:
    one, other = seen(box(0, (21.3, 22.6))), seen(box(0, (21.3, 22.6)), "two")
    assert one.box != other.box
    assert as_judged([one, other], {one.box: REJECTED}) == (other,)


def test_a_damage_is_made_of_the_boxes_of_its_kind_that_touch_its_cells() -> None:
    pothole, again = seen(box(0, (21.3, 22.6))), seen(box(1, (21.4, 22.5)))
    elsewhere, crack = seen(box(0, (31.3, 31.6))), seen(box(0, (21.3, 22.6), kind="D20"))
    found = (pothole, again, elsewhere, crack)
    (damage,) = [
        d for d in assessed(found, {}, 2).damages if d.cells[0] == (21, 1) and d.kind == "D40"
    ]
    assert sightings_of(damage, found, 50, LANE_M, AP9K) == (pothole, again)


SIGHTINGS = st.lists(
    st.builds(
        lambda t, start, length, left, kind, pixels: seen(
            box(t, (start, min(50.0, start + length)), (left, left + 0.8), kind, pixels=pixels)
        ),
        st.integers(0, 3),
        st.floats(0, 49),
        st.floats(0.2, 6),
        st.floats(-1.4, 1.3),
        st.sampled_from(sorted(AP9K.kinds)),
        st.floats(5, 50),
    ),
    max_size=10,
    unique_by=lambda sighting: sighting.box,
)


@given(SIGHTINGS, st.randoms(use_true_random=False))
def test_the_grid_is_that_of_frames_in_which_the_boxes_were_as_judged(
    found: list[ReviewedObservation], random: Random
) -> None:
    judgements = {
        sighting.box: random.choice(
            [REJECTED, *(BoxVerdict(Verdict.CORRECTED, kind) for kind in sorted(AP9K.kinds))]
        )
        for sighting in found
        if random.random() < 0.5
    }
    judged = judge_lane(grid_of(found, 4), found, judgements, LANE_M, AP9K)
    assert same_grid(judged.grid, grid_of(judged.sightings, 4))


@given(SIGHTINGS)
def test_no_hit_is_left_where_every_box_was_rejected(found: list[ReviewedObservation]) -> None:
    """Also where boxes lie on rows that their frames did not see."""
    grid = grid_of(found, 4, to_row=25)
    judged = judge_lane(grid, found, {s.box: REJECTED for s in found}, LANE_M, AP9K)
    assert all(not hits.any() for hits in judged.grid.hits.values())
    assert np.array_equal(judged.grid.views, grid.views)
