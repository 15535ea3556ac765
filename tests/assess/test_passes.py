"""Passes over a lane make one lane: no damage doubles, none goes, whatever their order."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from roadscan.assess.cells import GridBuilder
from roadscan.assess.damages import find_damages
from roadscan.assess.lanes import assess_segment
from roadscan.assess.passes import CombinedLane, combine
from roadscan.assess.reviews import JudgedLane
from roadscan.assess.segmentation import segments_of
from roadscan.model.damage import Damage, Observation
from roadscan.model.review import BoxKey, ReviewedObservation
from roadscan.model.road import Direction
from roadscan.model.score import SegmentResult
from tests.assess.lanes import ALL_KINDS, AP9K, LANE_M, box, link, network, views

ROADS = network(link("L", 200.0))
SEGMENTS = [s for s in segments_of(ROADS, AP9K) if s.direction is Direction.FORWARD]
DAMAGES = (
    ("D10", 60.3, 60.5),
    ("D40", 100.2, 100.8),
    ("D20", 140.0, 144.0),
)


def passed(
    off_m: float,
    found: Sequence[tuple[str, float, float]] = DAMAGES,
    at_s: float = 0.0,
    rows: range = range(200),
) -> JudgedLane:
    """One pass by a receiver that puts everything so far along."""
    builder = GridBuilder(ROADS, AP9K)
    everything: list[Observation] = []
    for frame in range(3):
        t_s = at_s + frame
        seen = [
            box(t_s, (start + off_m, end + off_m), (-0.5, 0.5), kind) for kind, start, end in found
        ]
        builder.add_frame((views(t_s, rows.start, rows.stop),), seen)
        everything += [one for one in seen if rows.start <= one.from_offset_m < rows.stop]
    return JudgedLane(
        builder.grids()[0],
        tuple(
            ReviewedObservation(BoxKey(str(off_m), o.frame_t_s, o.kind, o.box_xyxy), o)
            for o in everything
        ),
    )


def places(lane: CombinedLane) -> list[tuple[str, float]]:
    found = find_damages(lane, SEGMENTS, LANE_M, AP9K)
    return [(one.kind, (one.from_offset_m + one.to_offset_m) / 2) for one in found]


def test_one_pass_is_what_it_saw() -> None:
    one = passed(0.0)
    lane = combine([one], AP9K)
    assert lane.sightings == one.sightings
    assert (lane.grid.views == one.grid.views).all()
    assert set(np.unique(lane.share({"D10"}))) == {0.0, 1.0}


@pytest.mark.parametrize(
    "offs_m", [(0.0, 0.0), (0.0, 3.0), (0.0, 3.0, -3.0), (1.0, -2.0, 2.0, 0.0)]
)
def test_receivers_that_are_off_make_no_damage_twice(offs_m: tuple[float, ...]) -> None:
    lane = combine([passed(off, at_s=100.0 * k) for k, off in enumerate(offs_m)], AP9K)
    found = find_damages(lane, SEGMENTS, LANE_M, AP9K)
    assert [one.kind for one in found] == [kind for kind, _, _ in DAMAGES]
    assert {one.n_passes for one in found} == {len(offs_m)}
    middle = float(np.mean(offs_m))
    for one, (_, start, end) in zip(found, DAMAGES, strict=True):
        middle_m = (one.from_offset_m + one.to_offset_m) / 2
        assert middle_m == pytest.approx((start + end) / 2 + middle, abs=1.1)


def test_a_damage_that_one_of_three_passes_missed_counts_by_two_thirds() -> None:
    lane = combine([passed(0.0), passed(0.0, at_s=50.0), passed(0.0, DAMAGES[1:], 99.0)], AP9K)
    assert lane.share({"D10"}).max() == pytest.approx(2 / 3)
    crack = find_damages(lane, SEGMENTS, LANE_M, AP9K)[0]
    assert (crack.n_passes, crack.n_passes_over) == (2, 3)


@pytest.mark.parametrize("others", [4, 5, 9])
def test_what_one_pass_of_many_calls_damage_is_a_record_that_says_so(others: int) -> None:
    sound = [passed(0.0, (), 10.0 * k) for k in range(others)]
    (alone,) = records([passed(0.0, DAMAGES[:1], 990.0)])
    (doubted,) = records([*sound, passed(0.0, DAMAGES[:1], 990.0)])
    assert (doubted.n_passes, doubted.n_passes_over) == (1, others + 1)
    assert doubted.confidence == pytest.approx(alone.confidence / (others + 1), abs=1e-3)


@given(
    st.lists(
        st.tuples(
            st.integers(-14, 14),
            st.sets(st.integers(0, len(DAMAGES) - 1)),
            st.integers(0, 120),
            st.integers(121, 200),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_damaged_cell_that_counts_is_in_a_record_or_touches_one(
    drives: list[tuple[int, set[int], int, int]],
) -> None:
    lane = combine(
        [
            passed(float(off), [DAMAGES[k] for k in sorted(which)], 100.0 * n, range(start, end))
            for n, (off, which, start, end) in enumerate(drives)
        ],
        AP9K,
    )
    found = find_damages(lane, SEGMENTS, LANE_M, AP9K)
    for kind in AP9K.kinds:
        own = np.zeros((200, 3), np.bool_)
        for one in found:
            if one.kind == kind:
                own[tuple(np.array(one.cells).T)] = True
        near = ndimage.binary_dilation(
            own, np.ones((3, 3)), iterations=20, mask=lane.share({kind}) > 0
        )
        assert (near == (lane.share({kind}) > 0)).all()


def test_a_pass_that_found_nothing_moves_no_damage() -> None:
    alone = records([passed(0.0)])
    both = records([passed(0.0), passed(0.0, (), 50.0)])
    assert [(d.from_offset_m, d.to_offset_m, d.cells) for d in both] == [
        (d.from_offset_m, d.to_offset_m, d.cells) for d in alone
    ]
    assert {(d.n_passes, d.n_passes_over) for d in both} == {(1, 2)}


def test_passes_that_saw_different_damage_leave_each_where_it_is() -> None:
    both = records([passed(0.0, DAMAGES[:1]), passed(0.0, DAMAGES[1:], 50.0)])
    alone = records([passed(0.0)])
    assert [one.from_offset_m for one in both] == [one.from_offset_m for one in alone]


@pytest.mark.parametrize("off_m", [6.0, 9.0, 12.0, 20.0, 40.0])
def test_the_accuracy_of_what_is_combined_shows_how_far_the_passes_lay_apart(off_m: float) -> None:
    found = records([passed(0.0), passed(off_m, at_s=50.0)])
    assert [one.kind for one in found] == [kind for kind, _, _ in DAMAGES]
    for one, (_, start, end) in zip(found, DAMAGES, strict=True):
        away_m = abs((one.from_offset_m + one.to_offset_m) / 2 - (start + end) / 2)
        assert away_m == pytest.approx(off_m / 2, abs=1.1)
        assert one.accuracy_m >= off_m / 2 - 0.5


def result_at(passes: Sequence[JudgedLane], from_m: float) -> SegmentResult:
    lane = combine(passes, AP9K)
    (segment,) = [one for one in SEGMENTS if one.from_m == from_m]
    return assess_segment(segment, ROADS.links[0], lane, None, ALL_KINDS, AP9K, 0)


def test_passes_that_contradict_each_other_take_confidence_from_a_segment() -> None:
    agreed = result_at([passed(0.0), passed(0.0, at_s=50.0)], 140.0)
    doubted = result_at([passed(0.0), passed(0.0, (), at_s=50.0)], 140.0)
    assert doubted.confidence == pytest.approx(agreed.confidence / 2, abs=1e-3)
    assert doubted.coverage == agreed.coverage == 1.0
    sound = [passed(0.0, (), at_s=50.0 * k) for k in range(2)]
    assert result_at(sound, 140.0).confidence == agreed.confidence


def test_a_lane_whose_passes_lie_farther_apart_than_a_segment_gets_no_class() -> None:
    near = result_at([passed(0.0), passed(6.0, at_s=50.0)], 100.0)
    assert (near.score.reason, near.concern) == ("", "passes_far_apart")  # each said 1 m
    assert near.accuracy_m == pytest.approx(3.0, abs=0.6)
    far = result_at([passed(0.0), passed(50.0, at_s=50.0)], 100.0)
    assert (far.score.score, far.score.reason) == (None, "place_unknown")
    assert far.accuracy_m is not None
    assert far.accuracy_m > 20.0


def test_passes_with_nothing_in_common_are_a_concern_where_they_found_something() -> None:
    other = (("D00", 30.0, 31.0), ("Repair", 50.0, 52.0), ("D20", 170.0, 174.0))
    both = [passed(0.0), passed(0.0, other, 50.0)]
    assert result_at(both, 100.0).concern == "passes_do_not_fit"
    assert result_at(both, 80.0).concern == ""
    assert result_at([passed(0.0), passed(0.0, (), 50.0)], 100.0).concern == ""


def test_moving_passes_takes_no_coverage_away() -> None:
    """Each pass alone saw the lane's last rows: moved, the one ends before them."""
    first, other = passed(0.0, DAMAGES, 0.0, range(200)), passed(12.0, DAMAGES, 50.0, range(100))
    lane = combine([first, other], AP9K)
    assert lane.seen.all()
    far = combine([passed(0.0, DAMAGES, 0.0, range(50, 200)), passed(12.0, DAMAGES, 9.0)], AP9K)
    assert far.seen.all()


def records(passes: Sequence[JudgedLane]) -> tuple[Damage, ...]:
    return find_damages(combine(passes, AP9K), SEGMENTS, LANE_M, AP9K)


def test_an_old_pass_counts_less_than_a_new_one() -> None:
    year_s = 365.0 * 86_400.0
    lane = combine([passed(0.0, DAMAGES[:1]), passed(0.0, DAMAGES[1:], year_s)], AP9K)
    assert lane.share({"D10"}).max() == pytest.approx(1 / 3, abs=0.01)
    assert lane.share({"D40"}).max() == pytest.approx(2 / 3, abs=0.01)


@given(st.permutations([0.0, 2.0, -1.0]))
def test_the_order_of_passes_changes_nothing(order: list[float]) -> None:
    by_off = {off: passed(off, at_s=1000.0 * off) for off in (0.0, 2.0, -1.0)}
    first = combine([by_off[off] for off in (0.0, 2.0, -1.0)], AP9K)
    again = combine([by_off[off] for off in order], AP9K)
    np.testing.assert_allclose(first.share({"D20"}), again.share({"D20"}), atol=1e-9)
    assert places(first) == places(again)
    assert (first.grid.views == again.grid.views).all()
