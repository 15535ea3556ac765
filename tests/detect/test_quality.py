"""The gate in front of the detector."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from roadscan.detect.quality import check_frame
from roadscan.model.arrays import Image
from roadscan.model.picture import FrameRejection


def road(seed: int = 0) -> Image:
    """A grainy grey road under a sky."""
    grain = np.random.default_rng(seed).normal(0, 18, (720, 1280, 1))
    level = np.linspace(190, 110, 720)[:, None, None]
    image: Image = np.clip(level + grain, 0, 255).astype(np.uint8).repeat(3, axis=2)
    return image


def dark(image: Image) -> Image:
    return (image * 0.1).astype(np.uint8)


def bright(image: Image) -> Image:
    return np.clip(image * 3.0 + 120, 0, 255).astype(np.uint8)


def blurred(image: Image) -> Image:
    return cv2.GaussianBlur(image, (0, 0), image.shape[1] / 120).astype(np.uint8)


def covered(image: Image) -> Image:
    masked = image.copy()
    masked[:, : int(image.shape[1] * 0.8)] = 60
    return masked


DEGRADED = [
    (dark, FrameRejection.TOO_DARK),
    (bright, FrameRejection.TOO_BRIGHT),
    (blurred, FrameRejection.BLURRED),
    (covered, FrameRejection.BLOCKED),
]


def test_a_road_in_daylight_passes() -> None:
    assert check_frame(road()) is None


@pytest.mark.parametrize(("degrade", "reason"), DEGRADED)
def test_each_fault_has_its_reason(
    degrade: Callable[[Image], Image], reason: FrameRejection
) -> None:
    found = check_frame(degrade(road()))
    # without structure a smeared frame of pure grain is as good as covered
    assert found == reason or (reason is FrameRejection.BLURRED and found is not None)


@pytest.mark.parametrize("shape", [(1, 1, 3), (9, 2000, 3), (2000, 9, 3), (40, 40)])
def test_a_frame_of_any_size_is_judged(shape: tuple[int, ...]) -> None:
    assert check_frame(np.zeros(shape, np.uint8)) is FrameRejection.TOO_DARK


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
@pytest.mark.parametrize(("degrade", "reason"), DEGRADED)
def test_every_spoiled_frame_of_it_is_stopped(
    real_data: Path, degrade: Callable[[Image], Image], reason: FrameRejection
) -> None:
    assert {check_frame(degrade(frame)) for frame in _survey(real_data)} == {reason}


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
