import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_samples.render.pinhole import Pinhole
from roadscan.locate.camera_projection import pixel_from_ground
from roadscan.model.frame import Camera

cameras = st.builds(
    Pinhole,
    width=st.sampled_from([640, 1280, 1920]),
    height=st.sampled_from([360, 720, 1080]),
    hfov_deg=st.floats(40, 110),
    height_m=st.floats(1.0, 2.5),
    pitch_deg=st.floats(-3, 15),
    yaw_deg=st.floats(-8, 8),
)
aheads = st.floats(2.0, 40.0)
lefts = st.floats(-6.0, 6.0)


@given(cameras, aheads, lefts)
def test_the_renderer_sees_a_point_where_roadscan_expects_it(
    camera: Pinhole, ahead_m: float, left_m: float
) -> None:
    same = Camera(
        "c", camera.hfov_deg, camera.height_m, camera.pitch_deg, camera.yaw_deg, 0.0, 0.0, ""
    )
    ahead, left = np.array([ahead_m]), np.array([left_m])
    rendered = camera.project(ahead, left)[:, :2]
    expected = pixel_from_ground(same, camera.width, camera.height, ahead, left)
    np.testing.assert_allclose(rendered, expected, atol=1e-6 * np.abs(expected).max())


@given(cameras, aheads, lefts)
def test_ground_undoes_project(camera: Pinhole, ahead_m: float, left_m: float) -> None:
    u, v, _ = camera.project(np.array([ahead_m]), np.array([left_m]))[0]
    ahead, left = camera.ground(np.array([u]), np.array([v]))
    np.testing.assert_allclose([ahead[0], left[0]], [ahead_m, left_m], atol=1e-6)


def test_the_horizon_is_where_far_points_go() -> None:
    camera = Pinhole(1280, 720, 70.0, 1.35, 3.6)
    far = camera.project(np.array([1e7]), np.array([0.0]))[0]
    assert abs(far[1] - camera.horizon_px) < 0.01
    assert 0.40 <= camera.horizon_px / camera.height <= 0.45
