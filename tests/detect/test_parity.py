"""One network, several runtimes: the same boxes."""

import importlib.util
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from roadscan.detect.detector import detector_of
from roadscan.detect.model_folder import open_model
from roadscan.detect.thresholds import Thresholds
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.read.video import frames_at

SAMPLE = Path(__file__).parents[2] / "data_samples" / "drive.mp4"
LEAST = 0.1
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None, reason="torch is not installed: roadscan[yolo]"
)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Six fixed frames of the rendered drive, all of which show damage."""
    return list(frames_at(SAMPLE, np.array([0.5, 1.0, 5.0, 24.0, 41.0, 60.0])))


def found(runtime: str, frames: list[Frame], rows: Rows | None = None) -> list[Boxes]:
    model = open_model(f"{runtime}:")
    low = Thresholds((LEAST,) * len(model.settings.classes), model.settings.nms_iou)
    return detector_of(model, low).detect(frames, rows)


def check_the_same(one: list[Boxes], other: list[Boxes], within_px: float, within: float) -> None:
    """Hold every box against the nearest of its kind, but for those at the threshold itself."""
    for first, second in ((one, other), (other, one)):
        for boxes, peers in zip(first, second, strict=True):
            for corners, confidence, kind in zip(
                boxes.xyxy, boxes.confidence, boxes.kind, strict=True
            ):
                if confidence > LEAST + within:
                    same = [name == kind for name in peers.kind]
                    assert any(same)
                    apart = np.abs(peers.xyxy[same] - corners).max(axis=1)
                    assert apart.min() <= within_px
                    assert abs(peers.confidence[same][apart.argmin()] - confidence) <= within


def test_something_is_found_in_the_frames(frames: list[Frame]) -> None:
    assert sum(len(boxes.kind) for boxes in found("f32", frames)) >= len(frames)


def test_bf16_is_near_f32(frames: list[Frame]) -> None:
    check_the_same(found("f32", frames), found("bf16", frames), 6.0, 0.05)


@needs_torch
def test_torch_finds_what_openvino_finds(frames: list[Frame]) -> None:
    check_the_same(found("f32", frames), found("torch", frames), 2.0, 0.02)


@needs_torch
def test_torch_finds_what_openvino_finds_in_the_rows_of_the_near_field(
    frames: list[Frame],
) -> None:
    rows = Rows(364, 718)
    check_the_same(found("f32", frames, rows), found("torch", frames, rows), 2.0, 0.02)


@pytest.mark.real
@needs_torch
def test_torch_finds_what_openvino_finds_in_real_pictures(real_data: Path) -> None:
    with zipfile.ZipFile(real_data / "rdd" / "rdd.zip") as archive:
        names = [name for name in archive.namelist() if "MotorBike" in name and "images" in name]
        pictures = [np.frombuffer(archive.read(name), np.uint8) for name in names[::85]]
    frames = [Frame(0.0, cv2.imdecode(picture, cv2.IMREAD_COLOR)) for picture in pictures]
    check_the_same(found("f32", frames), found("torch", frames), 2.0, 0.02)
