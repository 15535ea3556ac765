from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.cells import GridBuilder, affected_cells, touched_cells
from roadscan.assess.scheme import CellRule
from roadscan.model.damage import LaneGrid, LaneViews, Observation, merge_grids
from roadscan.model.road import Direction
from tests.assess.lanes import AP9K, LANE_M, box, grid_of, link, network, same_grid, views

Frame = tuple[tuple[LaneViews, ...], tuple[Observation, ...]]

ROADS = network(link("L", 20.0), link("M", 12.5))


def grids_of(*frames: Frame) -> tuple[LaneGrid, ...]:
    builder = GridBuilder(ROADS, AP9K)
    for seen, found in frames:
        builder.add_frame(seen, found)
    return builder.grids()


def test_a_frame_of_no_use_counts_the_cells_that_it_would_have_seen_under_its_reason() -> None:
    builder = GridBuilder(ROADS, AP9K)
    builder.add_lost([views(1.0, 0, 5)], "frame_blurred")
    builder.add_lost([views(2.0, 3, 5), views(2.0, 4, 6)], "frame_too_dark")
    (lost,) = builder.grids()
    assert lost.views[:, 0].tolist()[:7] == [1, 1, 1, 2, 2, 1, 0]
    assert lost.hits["frame_blurred"][:, 0].tolist()[:7] == [1, 1, 1, 1, 1, 0, 0]
    assert lost.hits["frame_too_dark"][:, 0].tolist()[:7] == [0, 0, 0, 1, 1, 1, 0]


def touched(observation: Observation, rule: CellRule = CellRule.FOOTPRINT) -> list[tuple[int, int]]:
    cells = np.argwhere(touched_cells(observation, rule, LANE_M, 20))
    return [(int(row), int(strip)) for row, strip in cells]


def test_a_footprint_touches_all_it_covers() -> None:
    assert touched(box(0, (3.2, 4.8), (-0.4, 1.4))) == [(3, 0), (3, 1), (4, 0), (4, 1)]


def test_the_left_strip_is_strip_0_in_both_directions_of_travel() -> None:
    assert touched(box(0, (3.2, 3.8), (0.6, 1.4))) == [(3, 0)]
    assert touched(box(0, (3.2, 3.8), (-1.4, -0.6))) == [(3, 2)]


def test_a_longitudinal_crack_touches_the_strip_of_its_line() -> None:
    crack = box(0, (3.0, 8.0), (-0.9, -0.7), "D00")
    assert touched(crack, CellRule.STRIPS) == [(row, 2) for row in range(3, 8)]


def test_a_transverse_crack_touches_one_row_that_of_its_middle() -> None:
    crack = box(0, (3.1, 5.6), (-1.5, 1.5), "D10")
    assert touched(crack, CellRule.ROW) == [(4, 0), (4, 1), (4, 2)]


def test_the_loose_edge_of_a_box_touches_nothing() -> None:
    assert touched(box(0, (2.95, 4.05), (-0.55, 0.55))) == [(3, 1)]


def test_a_box_smaller_than_the_tolerance_touches_its_best_cell() -> None:
    assert touched(box(0, (3.5, 3.52), (0.0, 0.02))) == [(3, 1)]
    assert touched(box(0, (2.99, 3.04), (0.49, 0.52))) == [(3, 0)]


@pytest.mark.parametrize("left", [(1.6, 2.4), (-3.0, -1.51)])
def test_damage_beside_the_lane_touches_nothing(left: tuple[float, float]) -> None:
    for rule in CellRule:
        assert touched(box(0, (3.0, 4.0), left), rule) == []


def test_a_frame_views_a_cell_once_even_where_its_views_overlap() -> None:
    (grid,) = grids_of(((views(0, 0, 10), views(0, 5, 15)), ()))
    assert grid.views[:, 0].tolist() == [1] * 15 + [0] * 5


def test_a_frame_hits_a_cell_once_per_kind_however_many_boxes() -> None:
    boxes = (box(0, (3.1, 3.9)), box(0, (3.2, 4.9)), box(0, (3.0, 4.0), kind="D20"))
    (grid,) = grids_of(((views(0),), boxes))
    assert grid.hits["D40"][:, 1].tolist() == [0, 0, 0, 1, 1] + [0] * 15
    assert grid.hits["D20"][:, 1].tolist() == [0, 0, 0, 1] + [0] * 16


def test_only_cells_that_the_frame_viewed_can_be_hit() -> None:
    (grid,) = grids_of(((views(0, 0, 4),), (box(0, (2.0, 6.0)),)))
    assert grid.hits["D40"][:, 1].nonzero()[0].tolist() == [2, 3]


def test_a_box_on_a_lane_that_the_frame_did_not_view_hits_nothing() -> None:
    (grid,) = grids_of(((views(0),), (box(0, (2.0, 3.0), link_id="M"),)))
    assert (grid.link_id, grid.hits) == ("L", {})


def test_kinds_that_the_scheme_does_not_know_are_not_counted() -> None:
    (grid,) = grids_of(((views(0),), (box(0, (2.0, 3.0), kind="D43"),)))
    assert grid.hits == {}


def test_views_past_the_ends_of_a_link_are_cut_off() -> None:
    (grid,) = grids_of(((views(0, -5, 99, "M"),), ()))
    assert grid.views.shape == (13, 3)
    assert (grid.views == 1).all()


def test_rows_remember_the_last_look_and_the_best_accuracy() -> None:
    (grid,) = grids_of(
        ((views(20, 0, 10, accuracy_m=3.0),), ()), ((views(10, 5, 15, accuracy_m=1.0),), ())
    )
    assert grid.last_seen_s[[0, 5, 14]].tolist() == [20, 20, 10]
    assert grid.accuracy_m[[0, 5, 14]].tolist() == [3.0, 1.0, 1.0]
    assert np.isnan(grid.last_seen_s[15:]).all()
    assert np.isnan(grid.accuracy_m[15:]).all()


def test_grids_given_out_do_not_change_any_more() -> None:
    builder = GridBuilder(ROADS, AP9K)
    builder.add_frame((views(0),), (box(0, (2.0, 3.0)),))
    (before,) = builder.grids()
    builder.add_frame((views(1),), (box(1, (2.0, 3.0)),))
    assert before.views.max() == before.hits["D40"].max() == 1
    assert (before.last_seen_s == 0).all()


@pytest.mark.parametrize(
    ("seen", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (8, 3), (50, 17)]
)
def test_a_cell_is_affected_from_a_share_of_its_views_on(seen: int, needed: int) -> None:
    for hits in range(seen + 1):
        grid = grid_of({"D40": [(4, 1)]}, views=seen)
        grid.hits["D40"][4, 1] = hits
        assert affected_cells(grid, "D40", AP9K.hit_share)[4, 1] == (hits >= needed)


def test_a_share_that_floats_miss_asks_for_no_hit_more() -> None:
    grid = grid_of({"D40": [(4, 1)]}, views=25)
    grid.hits["D40"][4, 1] = 7
    assert 0.28 * 25 > 7
    assert affected_cells(grid, "D40", 0.28)[4, 1]


def test_a_kind_never_seen_affects_nothing() -> None:
    assert not affected_cells(grid_of({}), "D40", 0.34).any()


def test_a_cell_not_viewed_is_never_affected() -> None:
    grid = grid_of({"D40": []})
    grid.views[:] = 0
    assert not affected_cells(grid, "D40", 0.0).any()


def test_grids_come_in_the_order_of_their_lanes() -> None:
    back = LaneViews(0, "L", Direction.BACKWARD, 0, 5, 1.0)
    grids = grids_of(((views(0, 0, 5, "M"), views(0), back), ()))
    assert [(g.link_id, g.direction.value) for g in grids] == [
        ("L", "backward"),
        ("L", "forward"),
        ("M", "forward"),
    ]


@st.composite
def drives(draw: st.DrawFn) -> list[Frame]:
    """Frames of one lane in time order, with boxes anywhere."""
    frames = []
    for number in range(draw(st.integers(1, 8))):
        start = draw(st.integers(-2, 18))
        seen = (views(float(number), start, start + draw(st.integers(0, 12))),)
        along = st.floats(0, 20)
        across = st.floats(-2, 2)
        found = tuple(
            box(
                float(number),
                tuple(sorted((draw(along), draw(along)))),
                tuple(sorted((draw(across), draw(across)))),
                draw(st.sampled_from(["D00", "D10", "D20", "D40", "Repair", "D43"])),
            )
            for _ in range(draw(st.integers(0, 3)))
        )
        frames.append((seen, found))
    return frames


@given(drives(), st.data())
def test_splitting_a_drive_into_chunks_changes_nothing(
    frames: list[Frame], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(frames)))
    (whole,) = grids_of(*frames)
    parts = [*grids_of(*frames[:cut]), *grids_of(*frames[cut:])]
    merged = parts[0] if len(parts) == 1 else merge_grids(*parts)
    assert same_grid(whole, merged)


@given(drives(), drives(), drives())
def test_the_order_and_grouping_of_drives_change_nothing(
    one: list[Frame], two: list[Frame], three: list[Frame]
) -> None:
    grids = [grids_of(*frames)[0] for frames in (one, two, three)]
    a, b, c = grids
    expected = merge_grids(merge_grids(a, b), c)
    assert same_grid(expected, merge_grids(a, merge_grids(b, c)))
    for first, second, third in permutations(grids):
        assert same_grid(expected, merge_grids(merge_grids(first, second), third))


@given(drives())
def test_hits_never_exceed_views(frames: list[Frame]) -> None:
    (grid,) = grids_of(*frames)
    assert set(grid.hits) <= set(AP9K.kinds)
    for hits in grid.hits.values():
        assert (hits <= grid.views).all()
    assert (np.isfinite(grid.last_seen_s) == (grid.views[:, 0] > 0)).all()


def test_a_hidden_cell_is_neither_viewed_nor_hit() -> None:
    view = replace(views(0, 0, 6), hidden=((2, 1), (3, 0), (3, 1), (3, 2)))
    (grid,) = grids_of(((view,), (box(0, (2.1, 3.9)),)))
    assert grid.views[:6].tolist() == [[1, 1, 1]] * 2 + [[1, 0, 1], [0, 0, 0]] + [[1, 1, 1]] * 2
    assert not grid.hits["D40"][:, 1].any()


def test_a_row_that_is_hidden_altogether_was_not_seen_then() -> None:
    hidden = replace(views(9, 0, 6), hidden=((3, 0), (3, 1), (3, 2)))
    (grid,) = grids_of(((views(4, 0, 6),), ()), ((hidden,), ()))
    assert grid.last_seen_s[3] < grid.last_seen_s[2]


def test_a_cell_hidden_from_one_view_may_be_seen_by_another_of_the_same_frame() -> None:
    hidden = replace(views(0, 0, 6), hidden=((5, 1),))
    (grid,) = grids_of(((hidden, views(0, 5, 9)), ()))
    assert grid.views[5].tolist() == [1, 1, 1]
