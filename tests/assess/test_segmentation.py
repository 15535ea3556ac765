from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.segmentation import (
    cells_of_segment,
    link_length_m,
    row_count,
    segment_at,
    segment_rows,
    segments_of,
)
from roadscan.model.road import Direction, Segment
from tests.assess.lanes import AP9K, link, network


def cuts(length_m: float, *, outside_town: bool = False) -> list[tuple[float, float]]:
    one_way = link(length_m=length_m, backward=False, outside_town=outside_town)
    return [(s.from_m, s.to_m) for s in segments_of(network(one_way), AP9K)]


@pytest.mark.parametrize(
    ("length_m", "expected"),
    [
        (40.0, [(0, 20), (20, 40)]),
        (49.9, [(0, 20), (20, 49.9)]),
        (50.0, [(0, 20), (20, 40), (40, 50)]),
        (20.0, [(0, 20)]),
        (7.3, [(0, 7.3)]),
        (0.4, [(0, 0.4)]),
    ],
)
def test_a_rest_shorter_than_half_goes_to_the_segment_before(
    length_m: float, expected: list[tuple[float, float]]
) -> None:
    assert cuts(length_m) == expected


def test_segments_are_longer_outside_towns() -> None:
    assert cuts(230.0, outside_town=True) == [(0, 100), (100, 230)]


def test_each_direction_is_a_lane_with_segments_of_its_own() -> None:
    segments = segments_of(network(link("L7", 40.0)), AP9K)
    assert [s.segment_id for s in segments] == ["L7:f:0", "L7:f:20", "L7:b:0", "L7:b:20"]
    assert [s.direction for s in segments] == [Direction.FORWARD] * 2 + [Direction.BACKWARD] * 2


def test_a_one_way_street_has_one_lane() -> None:
    segments = segments_of(network(link("L7", 20.0, backward=False)), AP9K)
    assert [s.segment_id for s in segments] == ["L7:f:0"]


def test_ids_do_not_depend_on_the_other_links() -> None:
    alone = segments_of(network(link("L7", 61.0)), AP9K)
    among = segments_of(network(link("L1", 500.0), link("L7", 61.0)), AP9K)
    assert alone == tuple(s for s in among if s.link_id == "L7")


def test_a_link_that_grows_keeps_the_ids_it_had() -> None:
    before = {s.segment_id for s in segments_of(network(link(length_m=100.0)), AP9K)}
    after = {s.segment_id for s in segments_of(network(link(length_m=140.0)), AP9K)}
    assert before < after


def test_ids_stay_apart_on_very_long_links() -> None:
    long_link = link(length_m=1_100_000.0, backward=False)
    ids = [s.segment_id for s in segments_of(network(long_link), AP9K)]
    assert len(set(ids)) == len(ids) == 55_000
    assert ids[-1] == "L:f:1099980"


@pytest.mark.parametrize(
    ("length_m", "rows"), [(20.0, 20), (20.3, 21), (0.4, 1), (20.0004, 20), (20.0006, 21)]
)
def test_the_last_row_may_be_shorter(length_m: float, rows: int) -> None:
    assert row_count(link(length_m=length_m)) == rows


@given(st.floats(0.01, 3000.0))
def test_segments_share_out_all_rows_of_a_link(length_m: float) -> None:
    road = link(length_m=length_m, backward=False)
    segments = segments_of(network(road), AP9K)
    assert [row for s in segments for row in segment_rows(s)] == list(range(row_count(road)))
    assert (segments[0].from_m, segments[-1].to_m) == (0.0, link_length_m(road))
    assert all(a.to_m == b.from_m for a, b in pairwise(segments))


@given(st.integers(10, 60), st.floats(5.0, 30.0))
def test_a_row_belongs_to_the_segment_it_begins_in(count: int, step_m: float) -> None:
    segments = [
        Segment(f"s{k}", "L", Direction.FORWARD, k * step_m, (k + 1) * step_m) for k in range(count)
    ]
    for row in range(0, ceil(count * step_m), 7):
        found = segment_at(segments, row)
        assert found.from_m <= row < found.to_m


def test_cells_of_a_segment_are_its_rows_times_three_strips() -> None:
    (segment,) = segments_of(network(link(length_m=2.5, backward=False)), AP9K)
    assert cells_of_segment(segment) == [(r, s) for r in range(3) for s in range(3)]
