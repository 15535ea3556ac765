from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.camera_projection import (
    MAX_PLACING_ERROR_M,
    MAX_ROW_M,
    focal_px,
    ground_from_pixel,
    inside_picture,
    near_field,
    near_field_rows,
    pitch_error_m,
    pixel_from_ground,
    placing_error_m,
)
from roadscan.model.arrays import Floats
from roadscan.model.frame import GIVEN, Basis, Camera, CameraKnowledge, Known, Rows
from roadscan.read.camera_file import read_camera

WIDTH, HEIGHT = 1280, 720
LANE_M = 3.5
CAMERA = read_camera(None)


def camera(
    *,
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
    hfov_deg=st.floats(30.0, 130.0),
    height_m=st.floats(0.5, 4.0),
    pitch_deg=st.floats(-10.0, 45.0),
    yaw_deg=st.floats(-30.0, 30.0),
    roll_deg=st.floats(-20.0, 20.0),
    left_m=st.floats(-1.0, 1.0),
)


@given(cameras, st.floats(2.0, 60.0), st.floats(-8.0, 8.0))
def test_ground_to_picture_and_back_is_the_same_place(
    eye: Camera, ahead_m: float, left_m: float
) -> None:
    uv = pixel_from_ground(eye, WIDTH, HEIGHT, np.array([ahead_m]), np.array([left_m]))
    if not np.isfinite(uv).all() or np.abs(uv).max() > 1e5:
        return
    ahead, left = ground_from_pixel(eye, WIDTH, HEIGHT, uv)
    assert ahead[0] == pytest.approx(ahead_m, rel=1e-5)
    assert left[0] == pytest.approx(left_m, abs=1e-4)


@given(cameras, st.floats(0.0, WIDTH), st.floats(0.0, HEIGHT))
def test_picture_to_ground_and_back_is_the_same_pixel(eye: Camera, u: float, v: float) -> None:
    ahead, left = ground_from_pixel(eye, WIDTH, HEIGHT, np.array([[u, v]]))
    if np.isnan(ahead[0]) or ahead[0] > 1e4:
        return
    uv = pixel_from_ground(eye, WIDTH, HEIGHT, ahead, left)
    np.testing.assert_allclose(uv[0], [u, v], atol=1e-3)


def _by_opencv(eye: Camera, ahead_m: Floats, left_m: Floats) -> Floats:
    """Pixels by OpenCV's camera: x right, y down, z forward; yaw, then pitch, then roll."""
    yaw, pitch, roll = np.radians([eye.yaw_deg, eye.pitch_deg, eye.roll_deg])
    turns = [
        cv2.Rodrigues(np.array(axis))[0] for axis in ((0, yaw, 0), (pitch, 0, 0), (0, 0, roll))
    ]
    rotation = turns[2] @ turns[1] @ turns[0]
    world = np.column_stack([-(left_m - eye.left_m), np.full(len(ahead_m), eye.height_m), ahead_m])
    focal = focal_px(eye, WIDTH)
    lens = np.array([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1]])
    seen, _ = cv2.projectPoints(world, cv2.Rodrigues(rotation)[0], np.zeros(3), lens, np.zeros(4))
    return np.asarray(seen).reshape(-1, 2)


@settings(max_examples=50)
@given(cameras)
def test_pixels_are_those_of_opencv(eye: Camera) -> None:
    ahead_m, left_m = np.array([6.0, 9.0, 14.0, 30.0]), np.array([-1.5, 0.2, 1.7, -3.0])
    uv = pixel_from_ground(eye, WIDTH, HEIGHT, ahead_m, left_m)
    ahead = np.isfinite(uv).all(axis=1)
    np.testing.assert_allclose(uv[ahead], _by_opencv(eye, ahead_m, left_m)[ahead], atol=0.01)


def test_the_middle_of_the_picture_shows_where_the_pitch_meets_the_road() -> None:
    middle = np.array([[WIDTH / 2, HEIGHT / 2]])
    ahead, left = ground_from_pixel(camera(pitch_deg=6.0), WIDTH, HEIGHT, middle)
    assert ahead[0] == pytest.approx(1.35 / np.tan(np.radians(6.0)))
    assert left[0] == pytest.approx(0.0)


def test_a_camera_that_looks_left_shows_the_left_in_its_middle() -> None:
    middle = np.array([[WIDTH / 2, HEIGHT / 2]])
    ahead, left = ground_from_pixel(camera(yaw_deg=10.0), WIDTH, HEIGHT, middle)
    assert left[0] / ahead[0] == pytest.approx(np.tan(np.radians(10.0)))


def test_a_picture_turned_clockwise_has_its_right_side_lower() -> None:
    uv = pixel_from_ground(
        camera(roll_deg=5.0), WIDTH, HEIGHT, np.array([10.0, 10.0]), np.array([2.0, -2.0])
    )
    assert uv[1, 1] > uv[0, 1]


def test_left_counts_from_the_middle_of_the_vehicle() -> None:
    middle = np.array([[WIDTH / 2, HEIGHT / 2]])
    _, left = ground_from_pixel(camera(left_m=0.3), WIDTH, HEIGHT, middle)
    assert left[0] == pytest.approx(0.3)


@pytest.mark.parametrize("pitch_deg", [-5.0, 0.0, 6.0])
def test_at_and_above_the_horizon_there_is_no_ground(pitch_deg: float) -> None:
    eye = camera(pitch_deg=pitch_deg)
    horizon = HEIGHT / 2 - focal_px(eye, WIDTH) * np.tan(np.radians(pitch_deg))
    rows = horizon + np.array([-200.0, -5.0, 0.0, 5.0])
    ahead, _ = ground_from_pixel(eye, WIDTH, HEIGHT, np.column_stack([np.full(4, WIDTH / 2), rows]))
    assert np.isnan(ahead).tolist() == [True, True, True, False]


def test_the_near_field_of_a_dash_cam_ends_at_about_a_dozen_metres() -> None:
    field = near_field(camera(), 1920, 1080, 3.5)
    assert field is not None
    assert field.near_m == pytest.approx(2.6, abs=0.3)
    assert field.far_m == pytest.approx(12.4, abs=0.3)


@settings(max_examples=50, deadline=None)
@given(cameras, st.floats(2.5, 4.0), st.sampled_from([(640, 360), (1280, 720), (1920, 1080)]))
def test_in_the_near_field_rows_are_fine_and_the_lane_is_whole(
    eye: Camera, lane_width_m: float, size: tuple[int, int]
) -> None:
    field = near_field(eye, *size, lane_width_m)
    if field is None:
        return
    assert 0.0 < field.near_m <= field.far_m
    for ahead_m in (field.near_m, field.far_m):
        sides = np.array([lane_width_m / 2, -lane_width_m / 2])
        uv = pixel_from_ground(eye, *size, np.full(2, ahead_m), sides)
        assert inside_picture(uv, *size).all()
        assert pitch_error_m(eye, np.array([ahead_m]))[0] <= MAX_PLACING_ERROR_M + 1e-9
        rows = pixel_from_ground(eye, *size, ahead_m + np.array([-0.05, 0.05]), np.zeros(2))[:, 1]
        assert 0.1 / (rows[0] - rows[1]) <= MAX_ROW_M * 1.02


@pytest.mark.parametrize(
    "eye", [camera(pitch_deg=-25.0), camera(pitch_deg=80.0, height_m=0.3), camera(yaw_deg=45.0)]
)
def test_a_camera_that_does_not_see_the_lane_has_no_near_field(eye: Camera) -> None:
    assert near_field(eye, WIDTH, HEIGHT, 3.5) is None


def test_a_finer_picture_sees_farther_until_the_pitch_decides() -> None:
    far = [
        field.far_m
        for height in (360, 720, 1080, 2160)
        if (field := near_field(camera(), height * 16 // 9, height, 3.5)) is not None
    ]
    assert far == sorted(far)
    assert far[0] < far[1]
    assert far[-1] == far[-2]


def ahead_m(camera: Camera, row: int, width: int = 1280, height: int = 720) -> float:
    return float(ground_from_pixel(camera, width, height, np.array([[width / 2, row]]))[0][0])


def test_they_begin_beyond_the_near_field_and_end_where_the_lane_leaves_the_picture() -> None:
    field = near_field(CAMERA, 1280, 720, LANE_M)
    rows = near_field_rows(CAMERA, 1280, 720, [LANE_M])
    assert field is not None
    assert rows is not None
    assert ahead_m(CAMERA, rows.top) == pytest.approx(1.6 * field.far_m, rel=0.02)
    assert ahead_m(CAMERA, rows.bottom) == pytest.approx(field.near_m, abs=0.05)


def test_without_a_margin_they_begin_with_the_near_field() -> None:
    field = near_field(CAMERA, 1280, 720, LANE_M)
    rows = near_field_rows(CAMERA, 1280, 720, [LANE_M], margin=1.0)
    assert field is not None
    assert rows is not None
    assert ahead_m(CAMERA, rows.top) == pytest.approx(field.far_m, rel=0.02)


def test_they_take_about_half_of_a_16_to_9_picture() -> None:
    rows = near_field_rows(CAMERA, 1280, 720, [LANE_M])
    assert rows is not None
    assert 0.4 < (rows.bottom - rows.top) / 720 < 0.6


def test_a_camera_that_looks_at_the_sky_has_none() -> None:
    assert near_field_rows(replace(CAMERA, pitch_deg=-30.0), 1280, 720, [LANE_M]) is None


def test_lanes_of_two_widths_share_the_rows_of_both() -> None:
    narrow, wide = (near_field_rows(CAMERA, 1280, 720, [width]) for width in (2.5, 4.5))
    assert narrow is not None
    assert wide is not None
    both = Rows(min(narrow.top, wide.top), max(narrow.bottom, wide.bottom))
    assert near_field_rows(CAMERA, 1280, 720, [2.5, 4.5]) == both


@given(
    st.floats(20, 140),
    st.floats(0.3, 5),
    st.floats(-30, 80),
    st.floats(-45, 45),
    st.integers(64, 4000),
    st.integers(64, 4000),
)
def test_rows_lie_in_the_picture(
    hfov_deg: float, height_m: float, pitch_deg: float, roll_deg: float, width: int, height: int
) -> None:
    turned = replace(
        CAMERA,
        hfov_deg=hfov_deg,
        height_m=height_m,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
    )
    rows = near_field_rows(turned, width, height, [LANE_M])
    if rows is not None:
        assert 0 <= rows.top < rows.bottom <= height


@pytest.mark.parametrize("ahead_m", [4.0, 8.0, 12.0])
@pytest.mark.parametrize("wrong", ["pitch_deg", "height_m", "hfov_deg"])
def test_the_placing_error_is_what_a_camera_wrong_by_its_sigma_costs(
    ahead_m: float, wrong: str
) -> None:
    sure = Known(Basis.GIVEN, 1e-9)
    everything_sure = CameraKnowledge(sure, sure, sure, sure, sure)
    sigma = {"pitch_deg": 0.5, "height_m": 0.05, "hfov_deg": 4.0}[wrong]
    knowledge = replace(everything_sure, **{wrong: Known(Basis.GIVEN, sigma)})
    uv = pixel_from_ground(CAMERA, WIDTH, HEIGHT, np.array([ahead_m]), np.array([0.0]))
    other = replace(CAMERA, **{wrong: getattr(CAMERA, wrong) + sigma})
    elsewhere_m, _ = ground_from_pixel(other, WIDTH, HEIGHT, uv)
    nod_m = placing_error_m(replace(CAMERA, known=everything_sure), np.array([ahead_m]))
    error_m = placing_error_m(replace(CAMERA, known=knowledge), np.array([ahead_m]))
    alone_m = float(np.sqrt(error_m**2 - nod_m**2)[0])
    assert alone_m == pytest.approx(abs(elsewhere_m[0] - ahead_m), rel=0.15, abs=0.02)


def test_an_assumed_camera_places_far_less_well_than_a_given_one() -> None:
    ahead_m = np.array([8.0])
    given_m = placing_error_m(replace(CAMERA, known=GIVEN), ahead_m)[0]
    assert given_m < 0.5
    assert placing_error_m(CAMERA, ahead_m)[0] > 3.0
