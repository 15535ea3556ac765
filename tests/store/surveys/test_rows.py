"""Rows of surveys: what older versions stored is read for what it was."""

import pytest

from roadscan.model.frame import ASSUMED, GIVEN
from roadscan.read.camera_file import read_camera
from roadscan.store.surveys.rows import CAMERA, camera_of


@pytest.mark.parametrize(("name", "known"), [("default", ASSUMED), ("Dashcam Süd", GIVEN)])
def test_a_camera_stored_before_it_was_kept_how_it_is_known(name: str, known) -> None:
    stored = CAMERA.dump_python(read_camera(None), mode="json") | {"name": name}
    del stored["known"], stored["moved_deg"]
    assert camera_of(stored).known == known


def test_a_camera_is_read_as_it_was_stored() -> None:
    camera = read_camera(None)
    assert camera_of(CAMERA.dump_python(camera, mode="json")) == camera
