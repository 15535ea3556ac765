"""Survey frames: boxes of masks, and what is not labelled where."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.surveys import Masks, boxes_of_mask, survey, unlabelled_tiles


def test_each_blob_of_a_mask_becomes_one_pothole() -> None:
    mask = np.zeros((100, 200), np.uint8)
    cv2.rectangle(mask, (20, 40), (39, 59), 255, -1)
    cv2.rectangle(mask, (120, 10), (159, 29), 255, -1)
    mask[90, 90] = 255
    lines = [line.split() for line in boxes_of_mask(mask).splitlines()]
    assert [line[0] for line in lines] == ["3", "3"]
    boxes = sorted([float(value) for value in line[1:]] for line in lines)
    np.testing.assert_allclose(boxes, [[0.15, 0.5, 0.1, 0.2], [0.7, 0.2, 0.2, 0.2]], atol=0.011)


def test_an_empty_mask_has_no_boxes() -> None:
    assert boxes_of_mask(np.zeros((50, 50), np.uint8)) == ""


def at(text: str, x: float, y: float) -> set[str]:
    """The classes not labelled at a place."""
    for line in text.splitlines():
        kinds, *box = line.split()
        cx, cy, w, h = (float(value) for value in box)
        if abs(x - cx) <= w / 2 and abs(y - cy) <= h / 2:
            return set(kinds.split(","))
    return set()


@pytest.fixture
def tiles() -> str:
    """A lane in the middle of the lower half with a crack at its left."""
    nothing = np.zeros((300, 500), np.uint8)
    lane, crack = nothing.copy(), nothing.copy()
    lane[150:, 100:400] = 255
    crack[200:240, 120:124] = 255
    return unlabelled_tiles(Masks(nothing, crack, lane))


def test_on_the_lane_away_from_cracks_only_patches_are_unknown(tiles: str) -> None:
    assert at(tiles, 0.7, 0.9) == {"Repair"}


def test_at_a_crack_s_box_cracks_are_unknown_and_potholes_known(tiles: str) -> None:
    assert at(tiles, 0.25, 0.75) == {"Repair", "D00", "D10", "D20"}


def test_beside_the_lane_nothing_is_known(tiles: str) -> None:
    assert at(tiles, 0.05, 0.9) == {"Repair", "D00", "D10", "D20", "D40"}


def test_above_the_road_there_is_no_damage(tiles: str) -> None:
    assert at(tiles, 0.5, 0.1) == set()


@pytest.mark.real
def test_survey_frames_label_potholes_only(real_data: Path) -> None:
    frames = list(survey(real_data / "dnit"))
    assert {frame.labelled for frame in frames} == {("D40",)}
    assert sum(bool(frame.labels) for frame in frames) > 200
    assert all(frame.mask for frame in frames if frame.labels)
