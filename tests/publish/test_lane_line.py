"""Where a lane lies: right-hand traffic, in the direction of travel."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from roadscan.model.arrays import Floats
from roadscan.model.road import Direction
from roadscan.publish.lane_line import MAX_MITRE, LaneLine
from tests.store.sample_surveys import ORIGIN_M, link

WIDTH_M = 3.0
FORWARD, BACKWARD = Direction.FORWARD, Direction.BACKWARD


def xy_of(shape: shapely.Geometry) -> Floats:
    return shapely.get_coordinates(shape) - ORIGIN_M


def test_a_lane_lies_to_the_right_of_the_middle_of_a_two_way_street() -> None:
    street = link("east", [(0, 0), (40, 0)])
    assert xy_of(LaneLine(street, FORWARD).stretch(0, 40)) == pytest.approx(
        np.array([(0, -1.5), (40, -1.5)])
    )
    assert xy_of(LaneLine(street, BACKWARD).stretch(0, 40)) == pytest.approx(
        np.array([(40, 1.5), (0, 1.5)])
    )


@pytest.mark.parametrize("direction", [FORWARD, BACKWARD])
def test_the_lane_of_a_one_way_street_lies_on_its_middle(direction: Direction) -> None:
    street = link(
        "east", [(0, 0), (40, 0)], forward=direction is FORWARD, backward=direction is BACKWARD
    )
    assert xy_of(LaneLine(street, direction).stretch(10, 30))[:, 1] == pytest.approx([0, 0])


@given(
    st.floats(0, 360),
    st.floats(5, 500),
    st.sampled_from([FORWARD, BACKWARD]),
    st.floats(0, 1),
    st.floats(-1.5, 1.5),
)
def test_a_place_is_as_far_left_of_the_lane_as_is_said_whatever_the_heading(
    heading_deg: float, length_m: float, direction: Direction, share: float, left_m: float
) -> None:
    along = np.array([np.sin(np.radians(heading_deg)), np.cos(np.radians(heading_deg))])
    street = link("L", [(0, 0), tuple(along * length_m)])
    travel = along * direction.sign
    left = np.array([-travel[1], travel[0]])
    at_m = share * length_m
    place = LaneLine(street, direction).points(np.array([at_m]), np.array([left_m]))[0] - ORIGIN_M
    assert place @ along == pytest.approx(at_m, abs=1e-5)
    assert place @ left == pytest.approx(left_m - WIDTH_M / 2, abs=1e-5)


@given(
    st.lists(st.tuples(st.floats(5, 60), st.floats(-60, 60)), min_size=1, max_size=6),
    st.sampled_from([FORWARD, BACKWARD]),
)
def test_along_bends_a_lane_keeps_half_its_width_from_the_middle(
    steps: list[tuple[float, float]], direction: Direction
) -> None:
    headings = np.radians(np.cumsum([turn for _, turn in steps]))
    lengths = np.array([length for length, _ in steps])
    moves = lengths[:, None] * np.column_stack([np.sin(headings), np.cos(headings)])
    xy_m = np.vstack([[0, 0], np.cumsum(moves, axis=0)])
    street = link("L", [tuple(p) for p in xy_m])
    middles_m = np.cumsum(lengths) - lengths / 2
    line = LaneLine(street, direction).points(middles_m, np.zeros(len(lengths))) - ORIGIN_M
    right = np.column_stack([moves[:, 1], -moves[:, 0]]) / lengths[:, None] * direction.sign
    aside = ((line - (xy_m[:-1] + xy_m[1:]) / 2) * right).sum(axis=1)
    assert aside == pytest.approx(np.full(len(lengths), WIDTH_M / 2), abs=1e-5)


def test_at_a_hairpin_the_lane_does_not_shoot_out() -> None:
    street = link("hairpin", [(0, 0), (50, 0), (0, 1)])
    for direction in (FORWARD, BACKWARD):
        line = xy_of(LaneLine(street, direction).stretch(0, 100))
        assert line[:, 0].max() <= 50 + MAX_MITRE * WIDTH_M / 2 + 1e-6


def test_vertices_on_top_of_each_other_change_nothing() -> None:
    plain = link("a", [(0, 0), (20, 0), (20, 20)])
    doubled = link("a", [(0, 0), (0, 0), (20, 0), (20, 0), (20, 20), (20, 20)])
    for direction in (FORWARD, BACKWARD):
        stretches = [LaneLine(street, direction).stretch(5, 35) for street in (plain, doubled)]
        assert shapely.equals_exact(*stretches, tolerance=1e-9)


def test_the_stretches_of_a_lane_follow_each_other_without_a_hole() -> None:
    street = link("bend", [(0, 0), (30, 0), (30, 40)])
    lane = LaneLine(street, FORWARD)
    parts = [lane.stretch(a, a + 10) for a in range(0, 70, 10)]
    for one, following in itertools.pairwise(parts):
        assert shapely.get_coordinates(one)[-1] == pytest.approx(
            shapely.get_coordinates(following)[0]
        )


@given(st.sampled_from([FORWARD, BACKWARD]), st.floats(0, 30), st.floats(0.5, 9))
def test_an_area_has_the_size_that_was_asked_for(
    direction: Direction, from_m: float, long_m: float
) -> None:
    lane = LaneLine(link("east", [(0, 0), (40, 0)]), direction)
    area = lane.area(from_m, from_m + long_m, -0.5, 1.0)
    assert area.is_valid
    assert area.area == pytest.approx(1.5 * long_m, rel=1e-6)


def test_cells_fill_the_lane_from_the_left_without_overlap() -> None:
    street = link("bend", [(0, 0), (12.5, 0)])
    lane = LaneLine(street, BACKWARD)
    edges_m = np.array([1.5, 0.5, -0.5, -1.5])
    cells = {(row, strip): outline for row, strip, outline in lane.cells(range(13), edges_m)}
    assert sorted(cells) == [(row, strip) for row in range(13) for strip in range(3)]
    whole = shapely.union_all(list(cells.values()))
    assert whole.area == pytest.approx(12.5 * 3.0)
    assert sum(outline.area for outline in cells.values()) == pytest.approx(whole.area)
    # driving west, left is south: strip 0 is the one nearest to the middle of the street
    assert xy_of(cells[0, 0])[:, 1].min() == pytest.approx(0.0, abs=1e-6)
    assert xy_of(cells[0, 2])[:, 1].max() == pytest.approx(3.0)
