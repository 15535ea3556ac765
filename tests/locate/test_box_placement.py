from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.box_placement import CameraOnRoute, Placement, place_frame
from roadscan.locate.camera_projection import focal_px, pixel_from_ground
from roadscan.locate.map_matching import match_path
from roadscan.model.arrays import Floats
from roadscan.model.damage import LaneViews, Observation, Rejection
from roadscan.model.frame import Boxes, Camera
from roadscan.model.road import Direction, LinkKind, Network, Vehicle
from tests.locate.drives import STARTED_S
from tests.locate.roads import Points, along, circle, link, network, raw_drive

WIDTH, HEIGHT = 1280, 720
CAMERA = Camera("test", 70.0, 1.35, 6.0, 0.0, 0.0, 0.0, "")
ROADS = network(link("a", [(0, 0), (200, 0)]), link("b", [(400, 0), (200, 0)]))
NEAR_M, FAR_M = 2.6, 12.4
"""Near field of the camera on a lane of 3.5 m, as its own test says."""

Rectangle = tuple[float, float, float, float]
"""Nearer and farther end ahead of the camera, right and left side, in metres."""


def setup_over(points: Points, roads: Network = ROADS, camera: Camera = CAMERA) -> CameraOnRoute:
    xy, _ = along(points, 10.0)
    return CameraOnRoute(camera, WIDTH, HEIGHT, match_path(raw_drive(xy), roads), roads)


EAST = setup_over([(20, 0), (380, 0)])
WEST = setup_over([(380, 0), (20, 0)])


def seen_as(rectangle: Rectangle, camera: Camera = CAMERA) -> list[float]:
    near_m, far_m, right_m, left_m = rectangle
    ahead = np.array([near_m, near_m, far_m, far_m])
    uv = pixel_from_ground(
        camera, WIDTH, HEIGHT, ahead, np.array([right_m, left_m, right_m, left_m])
    )
    return [*uv.min(axis=0), *uv.max(axis=0)]


def boxes(*xyxy: list[float]) -> Boxes:
    return Boxes(np.array(xyxy).reshape(-1, 4), np.full(len(xyxy), 0.7), ("D00",) * len(xyxy))


def only(placement: Placement) -> Observation:
    assert placement.rejections == ()
    (observation,) = placement.observations
    return observation


TURNED = {
    yaw_deg: setup_over([(20, 0), (120, 0)], camera=replace(CAMERA, yaw_deg=yaw_deg, left_m=0.2))
    for yaw_deg in (-4.0, 0.0, 4.0)
}


@given(
    st.floats(3.0, 11.0),
    st.floats(0.3, 6.0),
    st.floats(-1.7, 1.5),
    st.floats(0.06, 2.0),
    st.sampled_from(sorted(TURNED)),
    st.floats(0.0, 5.0),
)
def test_a_rectangle_seen_is_placed_where_it_is(
    near_m: float, length_m: float, right_m: float, width_m: float, yaw_deg: float, t_s: float
) -> None:
    setup = TURNED[yaw_deg]
    rectangle = (near_m, near_m + length_m, right_m, right_m + width_m)
    box = seen_as(rectangle, setup.camera)
    placed = only(place_frame(boxes(box), STARTED_S + t_s, setup))

    # With a camera that looks aside, a row of the picture is not quite across the road.
    box_m = (box[2] - box[0]) / focal_px(setup.camera, WIDTH) * (near_m + length_m)
    slant_m = box_m * np.tan(np.radians(abs(yaw_deg)))
    at_m = 20.0 + 10.0 * t_s
    assert placed.link_id == "a"
    assert placed.direction is Direction.FORWARD
    assert placed.from_offset_m == pytest.approx(at_m + near_m, abs=0.01 + slant_m)
    far_m = min(near_m + length_m, FAR_M)
    assert placed.to_offset_m == pytest.approx(at_m + far_m, abs=0.1 + slant_m)
    assert placed.left_min_m == pytest.approx(right_m, abs=0.005 + slant_m)
    left_m = min(right_m + width_m, 1.75)
    assert placed.left_max_m == pytest.approx(left_m, abs=0.005 + slant_m)


def test_a_crack_along_the_road_stays_thin_even_where_it_leaves_the_near_field() -> None:
    placed = only(place_frame(boxes(seen_as((4.0, 30.0, -1.2, -1.15))), STARTED_S + 5.0, EAST))

    assert placed.left_max_m - placed.left_min_m == pytest.approx(0.05, abs=0.02)
    assert placed.to_offset_m - placed.from_offset_m == pytest.approx(FAR_M - 4.0, abs=0.15)


def test_a_path_is_one_lane_whichever_way_it_is_ridden() -> None:
    roads = network(replace(link("path", [(0, 0), (400, 0)]), kind=LinkKind.PATH))
    box, traffic = boxes(seen_as((5.0, 8.0, 0.4, 0.9))), np.array([seen_as((4.0, 9.0, -1.7, -0.7))])
    placed = []
    for points in ([(20, 0), (380, 0)], [(380, 0), (20, 0)]):
        matched = match_path(raw_drive(along(points, 10.0)[0]), roads, Vehicle.BICYCLE)
        setup = CameraOnRoute(CAMERA, WIDTH, HEIGHT, matched, roads)
        placed.append(place_frame(box, STARTED_S + 10.0, setup, traffic))
    east, west = placed

    for one in placed:
        assert only(one).direction is Direction.FORWARD
        assert {view.direction for view in one.views} == {Direction.FORWARD}
    assert (only(east).left_min_m, only(east).left_max_m) == pytest.approx((0.4, 0.9), abs=0.01)
    assert (only(west).left_min_m, only(west).left_max_m) == pytest.approx((-0.9, -0.4), abs=0.01)
    strips = [{strip for view in one.views for _, strip in view.hidden} for one in placed]
    assert strips[0]
    assert strips[1] == {2 - strip for strip in strips[0]}


def test_driving_against_the_digitised_direction_mirrors_offsets() -> None:
    box = boxes(seen_as((5.0, 8.0, 0.4, 0.9)))
    east = only(place_frame(box, STARTED_S + 5.0, EAST))
    west = only(place_frame(box, STARTED_S + 25.0, WEST))

    # 70 m from the start of a; 250 m on the way back is 130 m of a.
    assert (east.from_offset_m, east.to_offset_m) == pytest.approx((75.0, 78.0), abs=0.1)
    assert west.link_id == "a"
    assert west.direction is Direction.BACKWARD
    assert (west.from_offset_m, west.to_offset_m) == pytest.approx((122.0, 125.0), abs=0.1)
    assert (west.left_min_m, west.left_max_m) == pytest.approx((0.4, 0.9), abs=0.01)


def test_a_rectangle_over_the_end_of_a_link_is_one_observation_on_each() -> None:
    placement = place_frame(boxes(seen_as((4.0, 9.0, -0.5, 0.5))), STARTED_S + 17.5, EAST)

    first, second = placement.observations
    assert placement.rejections == ()
    assert (first.link_id, first.direction) == ("a", Direction.FORWARD)
    assert (first.from_offset_m, first.to_offset_m) == pytest.approx((199.0, 200.0), abs=0.2)
    assert (second.link_id, second.direction) == ("b", Direction.BACKWARD)
    assert (second.from_offset_m, second.to_offset_m) == pytest.approx((196.0, 200.0), abs=0.2)
    assert first.box_number == second.box_number == 0
    assert first.box_xyxy == second.box_xyxy


REJECTED: dict[str, tuple[list[float], float, Rejection]] = {
    "sky": ([600.0, 10.0, 700.0, 90.0], 5.0, Rejection.ABOVE_HORIZON),
    "far": (seen_as((13.0, 16.0, -0.5, 0.5)), 5.0, Rejection.TOO_FAR),
    "kerb": (seen_as((6.0, 8.0, -3.0, -2.0)), 5.0, Rejection.OUTSIDE_LANE),
    "other lane": (seen_as((6.0, 8.0, 2.0, 3.0)), 5.0, Rejection.OUTSIDE_LANE),
    "grazes": (seen_as((6.0, 8.0, 1.72, 2.5)), 5.0, Rejection.OUTSIDE_LANE),
    "too early": (seen_as((6.0, 8.0, -0.5, 0.5)), -3.0, Rejection.OUTSIDE_TRACK),
    "too late": (seen_as((6.0, 8.0, -0.5, 0.5)), 90.0, Rejection.OUTSIDE_TRACK),
    "past the last fix": (seen_as((6.0, 8.0, -0.5, 0.5)), 35.7, Rejection.OUTSIDE_TRACK),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_box_that_is_not_on_the_driven_lane_is_rejected_for_its_reason(name: str) -> None:
    box, t_s, reason = REJECTED[name]
    placement = place_frame(boxes(box), STARTED_S + t_s, EAST)

    assert placement.observations == ()
    assert placement.rejections == ((0, reason),)


def test_off_the_network_a_box_is_rejected_and_nothing_is_seen() -> None:
    roads = network(link("a", [(0, 0), (200, 0)]), link("b", [(400, 400), (600, 400)]))
    setup = setup_over([(10, 0), (200, 0), (400, 400), (590, 400)], roads)
    placement = place_frame(boxes(seen_as((5.0, 8.0, 0.0, 1.0))), STARTED_S + 40.0, setup)

    assert placement.rejections == ((0, Rejection.OFF_NETWORK),)
    assert placement.views == ()


def test_a_box_across_the_lane_is_clipped_to_it() -> None:
    placed = only(place_frame(boxes(seen_as((6.0, 6.5, -4.0, 5.0))), STARTED_S + 5.0, EAST))

    assert (placed.left_min_m, placed.left_max_m) == pytest.approx((-1.75, 1.75))


def test_a_thin_crack_in_the_lane_counts_though_it_is_narrower_than_a_graze() -> None:
    placed = only(place_frame(boxes(seen_as((6.0, 8.0, 1.0, 1.02))), STARTED_S + 5.0, EAST))

    assert placed.left_max_m - placed.left_min_m == pytest.approx(0.02, abs=0.005)


def test_an_upper_edge_above_the_horizon_ends_at_the_near_field() -> None:
    x1, _, x2, y2 = seen_as((5.0, 30.0, -0.8, 0.8))
    placed = only(place_frame(boxes([x1, 5.0, x2, y2]), STARTED_S + 5.0, EAST))

    assert placed.to_offset_m == pytest.approx(70.0 + FAR_M, abs=0.15)


def test_whole_rows_of_the_near_field_are_seen() -> None:
    (view,) = place_frame(boxes(), STARTED_S + 5.0, EAST).views

    # 70 m + [2.6, 12.4] m: the rows from 73 to 82 m are whole. The camera adds little to 3 m.
    accuracy_m = float(np.hypot(3.0, 0.3))
    assert replace(view, accuracy_m=0.0) == LaneViews(
        STARTED_S + 5.0, "a", Direction.FORWARD, 73, 82, 0.0
    )
    assert view.accuracy_m == pytest.approx(accuracy_m, abs=0.05)


def test_rows_on_both_links_are_seen_over_a_node() -> None:
    first, second = place_frame(boxes(), STARTED_S + 17.5, EAST).views

    assert (first.link_id, first.from_row, first.to_row) == ("a", 198, 200)
    assert (second.link_id, second.from_row, second.to_row) == ("b", 193, 200)
    assert second.direction is Direction.BACKWARD


def test_the_shorter_last_row_of_a_link_is_seen_with_its_end() -> None:
    roads = network(link("a", [(0, 0), (100.4, 0)]), link("b", [(100.4, 0), (200, 0)]))
    setup = setup_over([(20, 0), (190, 0)], roads)
    first, second = place_frame(boxes(), STARTED_S + 7.0, setup).views

    assert (first.link_id, first.from_row, first.to_row) == ("a", 93, 101)
    assert (second.link_id, second.from_row, second.to_row) == ("b", 0, 2)


def test_nothing_is_seen_beyond_the_end_of_the_route() -> None:
    for t_s in np.arange(30.0, 36.0, 0.1):
        for view in place_frame(boxes(), STARTED_S + t_s, EAST).views:
            assert (view.link_id, view.direction) == ("b", Direction.BACKWARD)
            assert view.from_row >= 20


def test_at_a_crossing_only_the_street_driven_is_seen() -> None:
    roads = network(
        link("west", [(0, 0), (100, 0)]),
        link("east", [(100, 0), (200, 0)]),
        link("north", [(100, 0), (100, 100)]),
    )
    setup = setup_over([(0, 0), (100, 0), (100, 90)], roads)
    seen = {
        view.link_id
        for t_s in np.arange(0.0, 18.0, 0.1)
        for view in place_frame(boxes(), STARTED_S + t_s, setup).views
    }
    assert seen == {"west", "north"}
    straight_on = boxes(seen_as((9.0, 11.0, -0.5, 0.5)))
    placement = place_frame(straight_on, STARTED_S + 9.6, setup)
    assert placement.rejections == ((0, Rejection.OUTSIDE_LANE),)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_on_a_curve_a_mark_in_the_lanes_middle_stays_in_its_middle(sign: float) -> None:
    radius_m = 45.0
    curve = circle(radius_m, -90.0, 60.0, 300) * np.array([1.0, sign])
    setup = setup_over(curve, network(link("curve", curve)))
    angle = np.array([7.0, 8.0]) / radius_m
    ahead, left = radius_m * np.sin(angle), sign * radius_m * (1 - np.cos(angle))
    uv = pixel_from_ground(
        CAMERA, WIDTH, HEIGHT, np.repeat(ahead, 2), np.repeat(left, 2) + [0.2, -0.2] * 2
    )
    placed = only(place_frame(boxes([*uv.min(axis=0), *uv.max(axis=0)]), STARTED_S + 5.0, setup))
    assert (placed.left_min_m + placed.left_max_m) / 2 == pytest.approx(0.0, abs=0.12)
    assert placed.left_max_m - placed.left_min_m < 0.75
    assert placed.from_offset_m == pytest.approx(57.0, abs=0.3)


def test_an_observation_knows_how_sure_its_place_is() -> None:
    near = only(place_frame(boxes(seen_as((3.0, 4.0, 0.0, 1.0))), STARTED_S + 5.0, EAST))
    far = only(place_frame(boxes(seen_as((11.0, 12.0, 0.0, 1.0))), STARTED_S + 5.0, EAST))

    assert 3.0 < near.accuracy_m < far.accuracy_m < 3.1


def test_a_camera_that_sees_no_lane_places_nothing() -> None:
    blind = replace(CAMERA, pitch_deg=-20.0)
    setup = setup_over([(20, 0), (380, 0)], camera=blind)
    placement = place_frame(boxes([500.0, 400.0, 700.0, 700.0]), STARTED_S + 5.0, setup)

    assert placement.observations == ()
    assert len(placement.rejections) == 1
    assert placement.views == ()


TURNING = setup_over(
    [(0, 0), (100, 0), (100, 100), (250, 300)],
    network(link("a", [(0, 0), (100, 0)]), link("b", [(100, 0), (100, 100)])),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-50.0, WIDTH + 50.0),
            st.floats(-50.0, HEIGHT + 50.0),
            st.floats(0.0, WIDTH),
            st.floats(0.0, HEIGHT),
        ),
        max_size=6,
    ),
    st.floats(-5.0, 60.0),
    st.sampled_from([EAST, WEST, TURNING]),
)
def test_every_box_ends_in_exactly_one_place(
    drawn: list[tuple[float, float, float, float]], t_s: float, setup: CameraOnRoute
) -> None:
    found = boxes(*([x, y, x + w, y + h] for x, y, w, h in drawn))
    placement = place_frame(found, STARTED_S + t_s, setup)

    placed = {observation.box_number for observation in placement.observations}
    rejected = [number for number, _ in placement.rejections]
    assert sorted([*placed, *rejected]) == list(range(len(drawn)))
    for observation in placement.observations:
        assert 0.0 <= observation.from_offset_m <= observation.to_offset_m <= 200.0 + 1e-6
        assert -1.75 <= observation.left_min_m <= observation.left_max_m <= 1.75
        assert np.isfinite(observation.accuracy_m)


def test_boxes_do_not_change_what_is_seen() -> None:
    with_boxes = place_frame(boxes(seen_as((6.0, 8.0, -0.5, 0.5))), STARTED_S + 5.0, EAST)
    assert with_boxes.views == place_frame(boxes(), STARTED_S + 5.0, EAST).views


def _rows_seen(views: tuple[LaneViews, ...]) -> Floats:
    return np.concatenate([np.arange(v.from_row, v.to_row) for v in views] or [np.empty(0)])


def test_a_drive_sees_every_row_that_it_drives_over() -> None:
    rows = {
        (view.link_id, int(row))
        for t_s in np.arange(0.0, 36.0, 0.3)
        for view in place_frame(boxes(), STARTED_S + t_s, EAST).views
        for row in _rows_seen((view,))
    }
    assert {("a", row) for row in range(23, 200)} <= rows
    assert {("b", row) for row in range(21, 200)} <= rows


def test_cells_under_a_vehicle_were_not_viewed_in_either_direction_of_travel() -> None:
    # from 8 m on, and left of 0.6 m right of the middle: the left and the middle strip
    traffic = np.array([seen_as((8.0, 13.0, -0.4, 1.75))])
    (east,) = place_frame(boxes(), STARTED_S + 5.0, EAST, traffic).views
    (west,) = place_frame(boxes(), STARTED_S + 25.0, WEST, traffic).views

    # 70 m from the start of a; 250 m on the way back is 130 m of a
    assert {(row, strip) for row in range(78, 82) for strip in (0, 1)} <= set(east.hidden)
    assert {(row, strip) for row in range(118, 122) for strip in (0, 1)} <= set(west.hidden)
    for view, near_rows in ((east, range(73, 77)), (west, range(123, 127))):
        assert view.from_row <= min(near_rows)
        assert max(near_rows) < view.to_row
        assert not {row for row, _ in view.hidden} & set(near_rows)
        assert all(view.from_row <= row < view.to_row for row, _ in view.hidden)


def test_what_is_found_on_a_vehicle_is_no_damage_of_the_road() -> None:
    on_it, beside_it = seen_as((9.0, 11.0, 0.2, 0.8)), seen_as((4.0, 6.0, -0.5, 0.5))
    traffic = np.array([seen_as((8.0, 13.0, -0.4, 1.75))])
    placement = place_frame(boxes(on_it, beside_it), STARTED_S + 5.0, EAST, traffic)
    assert placement.rejections == ((0, Rejection.HIDDEN),)
    assert [found.box_number for found in placement.observations] == [1]
