"""Where the camera of a real motorway clip looks, held against its lane lines.

Needs video/driving_solid_white_right.mp4. The lane's left dashes and its right line, extended in a
still picture, meet at about (483, 305) of 960 x 540: where the road vanishes.
"""

from pathlib import Path

import numpy as np
import pytest

from roadscan.locate.camera_projection import pixel_from_ground
from roadscan.pipeline.measure_camera import calibrate_video, with_measurements
from roadscan.read.camera_file import read_camera
from roadscan.read.video import probe

pytestmark = pytest.mark.real


def test_the_vanishing_point_is_where_the_lane_lines_meet(real_data: Path) -> None:
    path = real_data / "video" / "driving_solid_white_right.mp4"
    info = probe(path)
    camera = with_measurements(read_camera(None), calibrate_video(path, info, read_camera(None)))
    far_m = np.array([1e6])
    (point,) = pixel_from_ground(camera, info.width, info.height, far_m, 0 * far_m)
    assert point == pytest.approx([483.0, 305.0], abs=8.0)
    # a straight motorway tells neither angle of view nor, without a track, height
    assert camera.assumed == ("hfov_deg", "height_m")
