"""Detections read from a file."""

from pathlib import Path

import numpy as np
import pytest

from roadscan.detect.detector import load_detector
from roadscan.detect.replay import ReplayDetector
from roadscan.errors import RoadscanError
from roadscan.model.frame import Frame

IMAGE = np.zeros((360, 640, 3), np.uint8)
HEADER = '{"width": 1280, "height": 720, "kinds": ["D00", "pothole"]}'
LINES = (
    '{"t_s": 1.04, "boxes": [[0, 0, 10, 10, 0.5, "D00"], [20, 20, 40, 60, 0.9, "D40"]]}\n'
    '{"t_s": 1.0, "boxes": [[1, 2, 3, 4, 0.7, "Repair"]]}\n'
)


def replay(tmp_path: Path, text: str) -> ReplayDetector:
    path = tmp_path / "boxes.jsonl"
    path.write_text(text)
    return ReplayDetector(path)


def test_a_frame_takes_the_line_nearest_in_time(tmp_path: Path) -> None:
    detector = replay(tmp_path, LINES)
    early, late = detector.detect([Frame(1.015, IMAGE), Frame(1.03, IMAGE)])
    assert early.kind == ("Repair",)
    assert late.kind == ("D40", "D00")
    np.testing.assert_array_equal(late.xyxy[0], [20, 20, 40, 60])


@pytest.mark.parametrize("t_s", [0.0, 0.97, 1.07, 9.0])
def test_a_frame_that_the_file_does_not_know_has_no_boxes(tmp_path: Path, t_s: float) -> None:
    (found,) = replay(tmp_path, LINES).detect([Frame(t_s, IMAGE)])
    assert found.kind == ()
    assert found.xyxy.shape == (0, 4)


def test_an_empty_file_finds_nothing(tmp_path: Path) -> None:
    (found,) = replay(tmp_path, "").detect([Frame(1.0, IMAGE)])
    assert found.kind == ()


def test_the_header_names_the_kinds_and_the_size_of_the_pixels(tmp_path: Path) -> None:
    line = '{"t_s": 2, "boxes": [[100, 100, 200, 300, 1, "pothole"]]}'
    detector = replay(tmp_path, f"{HEADER}\n{line}\n")
    (found,) = detector.detect([Frame(2.0, IMAGE)])
    assert detector.kinds == ("D00", "pothole")
    np.testing.assert_array_equal(found.xyxy, [[50, 50, 100, 150]])


def test_boxes_are_cut_at_the_frame(tmp_path: Path) -> None:
    line = '{"t_s": 2, "boxes": [[-50, -5, 700, 400, 0.5, "D20"]]}'
    (found,) = replay(tmp_path, line).detect([Frame(2.0, IMAGE)])
    np.testing.assert_array_equal(found.xyxy, [[0, 0, 640, 360]])


def test_the_identity_is_that_of_the_content(tmp_path: Path) -> None:
    first, again = replay(tmp_path, LINES).sha256, replay(tmp_path, LINES).sha256
    assert first == again != replay(tmp_path, LINES + "\n").sha256


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"t_s": 1}',
        '{"t_s": -1, "boxes": []}',
        '{"t_s": NaN, "boxes": []}',
        '{"t_s": "1", "boxes": []}',
        '{"t_s": 1, "boxes": [[0, 0, 1, 1, 0.5]]}',
        '{"t_s": 1, "boxes": [[0, 0, 1, 1, 1.5, "D00"]]}',
        '{"t_s": 1, "boxes": [[5, 0, 1, 1, 0.5, "D00"]]}',
        '{"t_s": 1, "boxes": [[0, 0, 1e9, 1, 0.5, "D00"]]}',
        '{"t_s": 1, "boxes": [[0, 0, 1, 1, 0.5, "D99"]]}',
        '{"t_s": 1, "boxes": [], "more": 1}',
        '{"kinds": []}',
        '{"width": 0}',
        "\x00\xff",
        "[" * 10_000,
    ],
)
def test_what_is_not_documented_is_malformed(tmp_path: Path, text: str) -> None:
    with pytest.raises(RoadscanError) as caught:
        replay(tmp_path, text)
    assert caught.value.code == "replay_malformed"
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RoadscanError) as caught:
        load_detector(f"replay:{tmp_path / 'none.jsonl'}")
    assert caught.value.code == "file_missing"
