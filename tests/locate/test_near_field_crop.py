"""The rows in which boxes can be placed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.locate.camera import ground_from_pixel, near_field
from roadscan.locate.near_field_crop import near_rows
from roadscan.model.frame import Camera, Rows
from roadscan.read.camera import read_camera

LANE_M = 3.5


@pytest.fixture
def camera() -> Camera:
    return read_camera(None)


def ahead_m(camera: Camera, row: int, width: int = 1280, height: int = 720) -> float:
    return float(ground_from_pixel(camera, width, height, np.array([[width / 2, row]]))[0][0])


def test_they_begin_beyond_the_near_field_and_end_where_the_lane_leaves_the_picture(
    camera: Camera,
) -> None:
    field = near_field(camera, 1280, 720, LANE_M)
    rows = near_rows(camera, 1280, 720, [LANE_M])
    assert field is not None
    assert rows is not None
    assert ahead_m(camera, rows.top) == pytest.approx(1.6 * field.far_m, rel=0.02)
    assert ahead_m(camera, rows.bottom) == pytest.approx(field.near_m, abs=0.05)


def test_without_a_margin_they_begin_with_the_near_field(camera: Camera) -> None:
    field = near_field(camera, 1280, 720, LANE_M)
    rows = near_rows(camera, 1280, 720, [LANE_M], margin=1.0)
    assert field is not None
    assert rows is not None
    assert ahead_m(camera, rows.top) == pytest.approx(field.far_m, rel=0.02)


def test_they_take_about_half_of_a_16_to_9_picture(camera: Camera) -> None:
    rows = near_rows(camera, 1280, 720, [LANE_M])
    assert rows is not None
    assert 0.4 < (rows.bottom - rows.top) / 720 < 0.6


def test_a_camera_that_looks_at_the_sky_has_none(camera: Camera) -> None:
    assert near_rows(replace(camera, pitch_deg=-30.0), 1280, 720, [LANE_M]) is None


def test_lanes_of_two_widths_share_the_rows_of_both(camera: Camera) -> None:
    narrow, wide = (near_rows(camera, 1280, 720, [width]) for width in (2.5, 4.5))
    assert narrow is not None
    assert wide is not None
    both = Rows(min(narrow.top, wide.top), max(narrow.bottom, wide.bottom))
    assert near_rows(camera, 1280, 720, [2.5, 4.5]) == both


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
    camera = replace(
        read_camera(None),
        hfov_deg=hfov_deg,
        height_m=height_m,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
    )
    rows = near_rows(camera, width, height, [LANE_M])
    if rows is not None:
        assert 0 <= rows.top < rows.bottom <= height
