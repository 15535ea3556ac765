"""What a drive tells of its camera takes the place of assumptions, and never of what is given."""

from dataclasses import replace
from pathlib import Path

import pytest

from roadscan.locate.camera_calibration import Calibration, Estimate
from roadscan.model.frame import GIVEN, Basis, Known
from roadscan.model.stored_picture import PictureRefusal
from roadscan.pipeline.camera_warnings import camera_warnings
from roadscan.pipeline.keep_pictures import doubt_of
from roadscan.pipeline.measure_camera import with_measurements
from roadscan.read.camera_file import camera_text, read_camera

SURE = Calibration(
    pitch_deg=Estimate(9.1, 0.2),
    yaw_deg=Estimate(-1.2, 0.1),
    roll_deg=Estimate(0.4, 0.3),
    hfov_deg=Estimate(104.0, 2.0),
    height_m=Estimate(1.52, 0.05),
    straight_s=40.0,
    bends=3,
    slipped_deg=0.0,
)
UNSURE = Calibration(Estimate(9.0, 2.0), None, None, None, Estimate(2.0, 0.5), 8.0, 0, 0.0)
ASSUMED_CAMERA = read_camera(None)
GIVEN_CAMERA = replace(ASSUMED_CAMERA, name="ours", known=GIVEN)


def test_what_was_assumed_is_replaced_by_what_was_measured() -> None:
    camera = with_measurements(ASSUMED_CAMERA, SURE)
    assert (camera.hfov_deg, camera.height_m, camera.pitch_deg) == (104.0, 1.52, 9.1)
    assert (camera.assumed, camera.basis, camera.name) == ((), Basis.MEASURED, "measured")
    assert camera.known.pitch_deg == Known(Basis.MEASURED, 0.2)
    assert camera.sha256 != ASSUMED_CAMERA.sha256
    assert camera_warnings(camera) == ()
    assert doubt_of(camera) is None


def test_what_is_not_sure_enough_stays_assumed() -> None:
    camera = with_measurements(ASSUMED_CAMERA, UNSURE)
    assert camera == ASSUMED_CAMERA
    (warning,) = camera_warnings(camera)
    assert warning.startswith("camera_assumed: hfov_deg 70, height_m 1.35, pitch_deg 6 are")
    assert doubt_of(camera) is PictureRefusal.CAMERA_ASSUMED


def test_what_is_given_stays_and_a_contradiction_is_told() -> None:
    camera = with_measurements(GIVEN_CAMERA, SURE)
    assert (camera.hfov_deg, camera.height_m, camera.pitch_deg) == (70.0, 1.35, 6.0)
    assert camera.contradicted == ("hfov_deg", "pitch_deg")
    assert camera.known.pitch_deg == Known(Basis.CONTRADICTED, 3.1)
    (warning,) = camera_warnings(camera)
    assert warning.startswith("camera_contradicted:")
    assert "pitch_deg 6 is off by 3.1" in warning
    assert doubt_of(camera) is PictureRefusal.CAMERA_CONTRADICTED


def test_a_given_camera_that_fits_is_left_as_it_is() -> None:
    near = replace(SURE, hfov_deg=Estimate(71.0, 2.0), pitch_deg=Estimate(6.3, 0.2))
    near = replace(near, height_m=Estimate(1.4, 0.05))
    assert with_measurements(GIVEN_CAMERA, near) == GIVEN_CAMERA


def test_a_camera_that_moved_within_the_drive_is_told_and_keeps_no_pictures() -> None:
    camera = with_measurements(ASSUMED_CAMERA, replace(SURE, slipped_deg=2.04))
    assert camera.moved_deg == 2.0
    assert camera.known.pitch_deg.sigma > 1.0
    assert camera_warnings(camera)[0].startswith("camera_moved: it turned by 2 degrees")
    assert doubt_of(camera) is PictureRefusal.CAMERA_MOVED


@pytest.mark.parametrize("camera", [ASSUMED_CAMERA, GIVEN_CAMERA])
def test_a_measured_camera_is_the_same_read_from_its_file(tmp_path: Path, camera) -> None:
    measured = replace(with_measurements(camera, SURE), name='Übers "Eck"')
    (tmp_path / "camera.toml").write_text(camera_text(measured), encoding="utf-8")
    assert replace(read_camera(tmp_path / "camera.toml"), sha256="") == replace(measured, sha256="")
