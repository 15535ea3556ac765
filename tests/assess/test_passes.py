"""Passes over a lane make one lane: no damage doubles, none goes, whatever their order."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.cells import GridBuilder
from roadscan.assess.damages import find_damages
from roadscan.assess.passes import CombinedLane, combine
from roadscan.assess.reviews import JudgedLane
from roadscan.assess.segmentation import segments_of
from roadscan.model.damage import Observation
from roadscan.model.review import BoxKey, ReviewedObservation
from roadscan.model.road import Direction
from tests.assess.lanes import AP9K, LANE_M, box, link, network, views

ROADS = network(link("L", 200.0))
SEGMENTS = [s for s in segments_of(ROADS, AP9K) if s.direction is Direction.FORWARD]
DAMAGES = (
    ("D10", 60.3, 60.5),
    ("D40", 100.2, 100.8),
    ("D20", 140.0, 144.0),
)


def passed(
    off_m: float, found: Sequence[tuple[str, float, float]] = DAMAGES, at_s: float = 0.0
) -> JudgedLane:
    """One pass by a receiver that puts everything so far along."""
    builder = GridBuilder(ROADS, AP9K)
    everything: list[Observation] = []
    for frame in range(3):
        t_s = at_s + frame
        seen = [
            box(t_s, (start + off_m, end + off_m), (-0.5, 0.5), kind) for kind, start, end in found
        ]
        builder.add_frame((views(t_s, 0, 200),), seen)
        everything += seen
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


def test_what_one_pass_in_six_calls_damage_is_none() -> None:
    sound = [passed(0.0, DAMAGES[1:], 10.0 * k) for k in range(5)]
    lane = combine([*sound, passed(0.0, at_s=90.0)], AP9K)
    assert [kind for kind, _ in places(lane)] == ["D40", "D20"]


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
