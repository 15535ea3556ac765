"""The gate in front of the detector."""

import zipfile
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import AMOUNTS, Amount, dark
from roadscan.detect.frame_quality import block_texture, check_frame
from roadscan.model.arrays import Image
from roadscan.model.frame import FrameRejection

WORST = list({amount.fault: amount for amount in AMOUNTS}.values())
MILDEST = list({amount.fault: amount for amount in reversed(AMOUNTS)}.values())


def name_of(amount: Amount) -> str:
    return f"{amount.fault}, {amount.strength}"


def road(seed: int = 0) -> Image:
    """A grainy grey road under a sky, between green verges, with a line in its middle."""
    rng = np.random.default_rng(seed)
    image = np.full((720, 1280, 3), (205, 190, 180), np.float64)
    cv2.fillPoly(image, [np.array([[0, 720], [0, 300], [1280, 300], [1280, 720]])], (70, 110, 80))
    cv2.fillPoly(image, [np.array([[0, 720], [560, 300], [720, 300], [1280, 720]])], (125,) * 3)
    cv2.fillPoly(image, [np.array([[625, 720], [638, 300], [642, 300], [655, 720]])], (220,) * 3)
    image[300:] += rng.normal(0, 14, (420, 1280, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def test_a_road_in_daylight_passes() -> None:
    assert check_frame(road()) is None


@pytest.mark.parametrize("amount", WORST, ids=name_of)
def test_a_frame_that_is_spoiled_enough_is_stopped_for_its_reason(amount: Amount) -> None:
    assert check_frame(amount.spoil(road())) in amount.stop


@pytest.mark.parametrize("amount", MILDEST, ids=name_of)
def test_a_frame_in_which_damage_can_still_be_found_passes(amount: Amount) -> None:
    assert check_frame(amount.spoil(road())) is None


def test_a_dashboard_is_told_from_dirt() -> None:
    image = road()
    image[400:] = 50
    assert check_frame(image) is FrameRejection.BONNET
    image = road()
    image[:, :900] = 50
    assert check_frame(image) is FrameRejection.BLOCKED


def test_dusk_alone_is_no_blur() -> None:
    assert check_frame(dark(road(), 0.4)) is None


@given(st.integers(0, 255), st.integers(1, 80), st.integers(1, 80))
def test_a_picture_of_one_grey_never_passes_unless_it_is_too_small_to_judge(
    level: int, height: int, width: int
) -> None:
    found = check_frame(np.full((height, width, 3), level, np.uint8))
    assert found is not None or min(height, width) < 18


@pytest.mark.parametrize("shape", [(1, 1, 3), (9, 2000, 3), (2000, 9, 3), (40, 40)])
def test_a_frame_of_any_size_is_judged(shape: tuple[int, ...]) -> None:
    assert check_frame(np.zeros(shape, np.uint8)) is FrameRejection.TOO_DARK


def test_slopes_of_brightness_are_no_grain() -> None:
    slope = np.tile(np.linspace(0, 250, 200).astype(np.uint8), (100, 1))
    assert block_texture(slope).smooth.all()


def _survey(real_data: Path) -> list[Image]:
    with zipfile.ZipFile(real_data / "dnit" / "drive.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        return [
            cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
            for name in names
        ]


@pytest.mark.real
def test_no_frame_of_a_real_survey_drive_is_stopped(real_data: Path) -> None:
    frames = _survey(real_data)
    assert len(frames) == 34
    assert [check_frame(frame) for frame in frames] == [None] * 34


@pytest.mark.real
@pytest.mark.parametrize("amount", WORST, ids=name_of)
def test_spoiled_frames_of_it_are_stopped(real_data: Path, amount: Amount) -> None:
    found = [check_frame(amount.spoil(frame)) for frame in _survey(real_data)[::8]]
    assert set(found) <= amount.stop


@pytest.mark.real
def test_no_frame_of_a_real_motorway_clip_is_stopped(real_data: Path) -> None:
    with av.open(str(real_data / "video" / "driving_solid_white_right.mp4")) as container:
        frames = [
            frame.to_ndarray(format="bgr24")
            for number, frame in enumerate(container.decode(video=0))
            if number % 25 == 0
        ]
    assert frames
    assert {check_frame(frame) for frame in frames} == {None}
