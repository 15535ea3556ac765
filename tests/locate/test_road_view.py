from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from roadscan.locate.camera_projection import (
    NearField,
    inside_picture,
    near_field,
    pixel_from_ground,
)
from roadscan.locate.driven_route import RouteAhead
from roadscan.locate.road_view import (
    SIDE_M,
    TRAFFIC_HEIGHT_M,
    hidden_cells,
    road_outline,
    tall_enough,
    traffic_rows,
)
from roadscan.model.arrays import Floats
from roadscan.model.frame import Camera

WIDTH, HEIGHT = 1280, 720
LANE_M = 3.5
REACH_M = 40.0


def camera(
    hfov_deg: float = 70.0,
    height_m: float = 1.35,
    pitch_deg: float = 6.0,
    yaw_deg: float = 0.0,
    roll_deg: float = 0.0,
    left_m: float = 0.0,
) -> Camera:
    return Camera("test", hfov_deg, height_m, pitch_deg, yaw_deg, roll_deg, left_m, "")


cameras = st.builds(
    camera,
    hfov_deg=st.floats(40.0, 110.0),
    height_m=st.floats(1.0, 2.5),
    pitch_deg=st.floats(0.0, 20.0),
    yaw_deg=st.floats(-8.0, 8.0),
    roll_deg=st.floats(-5.0, 5.0),
    left_m=st.floats(-0.6, 0.6),
)


def straight(reach_m: float = REACH_M) -> RouteAhead:
    along = np.linspace(0.0, reach_m, 41)
    return RouteAhead(along, along, along * 0, along * 0, ends=False)


def bend_left(radius_m: float) -> RouteAhead:
    along = np.linspace(0.0, radius_m / 2, 80)
    turn = along / radius_m
    return RouteAhead(
        along, radius_m * np.sin(turn), radius_m * (1 - np.cos(turn)), turn, ends=False
    )


@cache
def near_field_of(eye: Camera) -> NearField | None:
    return near_field(eye, WIDTH, HEIGHT, LANE_M)


def field_of(eye: Camera) -> NearField:
    field = near_field_of(eye)
    if field is None:
        reject()
    return field


def outline_of(eye: Camera, road: RouteAhead, field: NearField) -> Floats:
    outline = road_outline(eye, WIDTH, HEIGHT, road, field, LANE_M)
    assert outline is not None
    return outline


def within(outline: Floats, uv: Floats) -> bool:
    point = (float(uv[0]), float(uv[1]))
    return cv2.pointPolygonTest(outline.astype(np.float32), point, measureDist=False) >= 0


@settings(deadline=None)
@given(cameras, st.floats(0.0, 1.0), st.floats(-8.0, 8.0))
def test_the_outline_holds_the_lane_and_a_metre_beside_it_and_nothing_else(
    eye: Camera, share: float, left_m: float
) -> None:
    field = field_of(eye)
    ahead = field.near_m + share * (field.far_m + 6.0 - field.near_m)
    edge_m = LANE_M / 2 + SIDE_M
    assume(abs(abs(left_m) - edge_m) > 0.1 and abs(ahead - field.far_m) > 0.3)
    uv = pixel_from_ground(eye, WIDTH, HEIGHT, np.array([ahead]), np.array([left_m]))
    assume(bool(np.isfinite(uv).all()) and bool(inside_picture(uv, WIDTH, HEIGHT)[0]))
    outline = outline_of(eye, straight(), field)
    assert within(outline, uv[0]) == (abs(left_m) < edge_m and ahead < field.far_m)


@settings(deadline=None)
@given(cameras)
def test_the_outline_reaches_below_the_picture(eye: Camera) -> None:
    field = field_of(eye)
    outline = outline_of(eye, straight(), field)
    half = len(outline) // 2
    near, far = outline[[0, -1]], outline[[half - 1, half]]
    assert near[:, 1].max() >= HEIGHT - 1
    assert far[:, 1].max() < near[:, 1].max()


def test_the_outline_follows_a_bend() -> None:
    eye, field = camera(), field_of(camera())
    outline = outline_of(eye, bend_left(30.0), field)
    turn = 10.0 / 30.0
    middle = np.array([30.0 * np.sin(turn)]), np.array([30.0 * (1 - np.cos(turn))])
    inside_bend = pixel_from_ground(eye, WIDTH, HEIGHT, *middle)[0]
    straight_on = pixel_from_ground(eye, WIDTH, HEIGHT, middle[0], np.array([-1.5]))[0]
    assert within(outline, inside_bend)
    assert not within(outline, straight_on)
    assert within(outline_of(eye, straight(), field), straight_on)


def test_the_outline_ends_where_the_course_does() -> None:
    eye, field = camera(), field_of(camera())
    outline = outline_of(eye, straight(5.0), field)
    beyond = pixel_from_ground(eye, WIDTH, HEIGHT, np.array([6.0]), np.array([0.0]))[0]
    assert not within(outline, beyond)


def test_a_course_of_no_length_has_no_outline() -> None:
    road = RouteAhead(
        np.array([0.0, 1e-3]), np.array([0.0, 1e-3]), np.zeros(2), np.zeros(2), ends=True
    )
    assert road_outline(camera(), WIDTH, HEIGHT, road, NearField(3, 12), LANE_M) is None


@settings(deadline=None)
@given(cameras, st.floats(0.0, 1.0), st.floats(0.1, 0.9))
def test_the_rows_of_traffic_hold_who_stands_on_the_near_field(
    eye: Camera, share: float, of_height: float
) -> None:
    level = replace(eye, roll_deg=0.0, yaw_deg=0.0)
    field = field_of(level)
    rows = traffic_rows(level, WIDTH, HEIGHT, field)
    assert rows is not None
    assert rows.bottom == HEIGHT
    ahead = np.array([field.near_m + share * (field.far_m - field.near_m)])
    for height_m in (0.0, of_height * TRAFFIC_HEIGHT_M):
        above = replace(level, height_m=level.height_m - height_m)
        v = pixel_from_ground(above, WIDTH, HEIGHT, ahead, np.zeros(1))[0, 1]
        standing_far_off = height_m > level.height_m
        assert v >= rows.top - 1 or v < 0 or (standing_far_off and share < 1)


def standing_box(eye: Camera, ahead_m: float, left_m: float, tall_m: float) -> Floats:
    """Return the box of who stands somewhere on the road, half a metre wide."""
    spot = np.array([ahead_m]), np.array([left_m])
    foot = pixel_from_ground(eye, WIDTH, HEIGHT, *spot)[0]
    above = replace(eye, height_m=eye.height_m - tall_m)
    head = pixel_from_ground(above, WIDTH, HEIGHT, *spot)[0]
    return np.array([[foot[0] - 20, head[1], foot[0] + 20, foot[1]]])


@settings(deadline=None)
@given(cameras, st.floats(3.0, 30.0), st.floats(-3.0, 3.0), st.floats(0.8, 2.5))
def test_nobody_who_stands_on_the_road_is_too_flat_to_be_somebody(
    eye: Camera, ahead_m: float, left_m: float, tall_m: float
) -> None:
    box = standing_box(eye, ahead_m, left_m, tall_m)
    assume(bool(np.isfinite(box).all()))
    assert tall_enough(eye, WIDTH, HEIGHT, box).all()
    half_wrong = replace(eye, height_m=eye.height_m / 1.5)
    assert tall_enough(half_wrong, WIDTH, HEIGHT, box).all()


def test_a_pothole_on_the_road_ahead_is_too_flat_to_be_somebody() -> None:
    eye = camera()
    for ahead_m in (4.0, 7.0, 11.0):
        foot, far = pixel_from_ground(
            eye, WIDTH, HEIGHT, np.array([ahead_m, ahead_m + 0.8]), np.zeros(2)
        )
        hole = np.array([[foot[0] - 40, far[1], foot[0] + 40, foot[1]]])
        assert not tall_enough(eye, WIDTH, HEIGHT, hole).any()


def test_a_box_that_ends_above_the_horizon_may_be_anybody() -> None:
    assert tall_enough(camera(), WIDTH, HEIGHT, np.array([[10.0, 10.0, 20.0, 30.0]])).all()


def cell_corners(eye: Camera, row: tuple[float, float], strip: int) -> Floats:
    left = LANE_M * (0.5 - np.array([strip, strip + 1]) / 3)
    ahead, beside = np.meshgrid(np.array(row), left)
    return pixel_from_ground(eye, WIDTH, HEIGHT, ahead.ravel(), beside.ravel())


@settings(deadline=None)
@given(st.integers(0, 5), st.integers(0, 2))
def test_a_box_over_a_cell_hides_it(row: int, strip: int) -> None:
    eye, edges = camera(), np.arange(5.0, 12.0)
    uv = cell_corners(eye, (edges[row], edges[row + 1]), strip)
    box = np.concatenate([uv.min(axis=0), uv.max(axis=0)])[None]
    hidden = hidden_cells(box, eye, (WIDTH, HEIGHT), straight(), edges, LANE_M)
    assert hidden.shape == (6, 3)
    assert hidden[row, strip]


def test_a_car_in_the_next_lane_hides_nothing_of_this_one() -> None:
    eye, edges = camera(), np.arange(5.0, 12.0)
    foot = pixel_from_ground(eye, WIDTH, HEIGHT, np.array([8.0, 8.0]), np.array([2.0, 3.8]))
    box = np.array([[foot[1, 0], 100.0, foot[0, 0], foot[0, 1]]])
    assert not hidden_cells(box, eye, (WIDTH, HEIGHT), straight(), edges, LANE_M).any()


def test_a_car_ahead_hides_the_rows_from_its_bumper_on() -> None:
    eye, edges = camera(), np.arange(4.0, 13.0)
    foot = pixel_from_ground(eye, WIDTH, HEIGHT, np.array([8.0, 8.0]), np.array([1.75, -1.75]))
    box = np.array([[foot[0, 0], 100.0, foot[1, 0], foot[0, 1]]])
    hidden = hidden_cells(box, eye, (WIDTH, HEIGHT), straight(), edges, LANE_M)
    assert not hidden[:4].any()
    assert hidden[4:].all()


boxes = st.tuples(
    st.floats(0, WIDTH), st.floats(0, HEIGHT), st.floats(1, 400), st.floats(1, 400)
).map(lambda v: np.array([v[0], v[1], v[0] + v[2], v[1] + v[3]]))


@settings(deadline=None)
@given(cameras, st.lists(boxes, max_size=4), boxes)
def test_one_more_box_never_uncovers_a_cell(eye: Camera, some: list[Floats], more: Floats) -> None:
    edges = np.arange(4.0, 13.0)
    few = np.array(some).reshape(-1, 4)
    many = np.vstack([few, more])
    before, after = (
        hidden_cells(given, eye, (WIDTH, HEIGHT), straight(), edges, LANE_M)
        for given in (few, many)
    )
    assert (before <= after).all()
