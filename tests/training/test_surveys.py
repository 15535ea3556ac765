"""Survey frames: boxes of masks, and what is not labelled where."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.surveys import (
    ONLY_TESTED,
    Masks,
    boxes_of_cracks,
    boxes_of_mask,
    cracks_of,
    survey,
    unlabelled_tiles,
)


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


def marks(*strokes: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    """A crack mask of strokes, each from one x, y to another."""
    mask = np.zeros((320, 512), np.uint8)
    for start, end in strokes:
        cv2.line(mask, start, end, 255, 2)
    return mask


def test_a_crack_s_kind_follows_from_its_shape() -> None:
    along = marks(((200, 150), (210, 200)), ((211, 210), (215, 300)))
    across = marks(((100, 200), (180, 204)), ((190, 205), (300, 200)))
    mesh = marks(
        *(((x, 200), (x + 8, 290)) for x in range(100, 200, 12)),
        *(((95, y), (200, y + 4)) for y in range(205, 290, 14)),
    )
    kinds = [[crack.kind for crack in cracks_of(mask)] for mask in (along, across, mesh)]
    assert kinds == [["D00"], ["D10"], ["D20"]]


def test_a_crack_whose_shape_leaves_a_doubt_has_no_kind() -> None:
    oblique = marks(((100, 200), (180, 255)))
    speck = marks(((100, 200), (110, 202)))
    branching = marks(((200, 150), (210, 300)), ((210, 220), (280, 225)))
    for mask in (oblique, speck, branching):
        (crack,) = cracks_of(mask)
        assert crack.kind is None
        assert boxes_of_cracks([crack], mask.shape) == ""


def test_the_box_of_a_crack_is_the_box_of_its_marks() -> None:
    mask = marks(((200, 100), (210, 299)))
    line = boxes_of_cracks(cracks_of(mask), mask.shape)
    kind, *box = line.split()
    assert kind == "0"
    np.testing.assert_allclose(
        [float(value) for value in box],
        [205 / 512, 200 / 320, 12 / 512, 201 / 320],
        atol=4 / 512,
    )


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
    """A lane in the middle of the lower half, a crack of no known kind at its left."""
    nothing = np.zeros((300, 500), np.uint8)
    lane, crack = nothing.copy(), nothing.copy()
    lane[150:, 100:400] = 255
    cv2.line(crack, (120, 205), (150, 235), 255, 4)
    cv2.line(crack, (380, 200), (380, 290), 255, 4)
    return unlabelled_tiles(Masks(nothing, crack, lane), cracks_of(crack))


def test_on_the_lane_away_from_cracks_only_patches_are_unknown(tiles: str) -> None:
    assert at(tiles, 0.5, 0.9) == {"Repair"}


def test_a_crack_of_known_kind_leaves_only_patches_unknown(tiles: str) -> None:
    assert at(tiles, 0.75, 0.8) == {"Repair"}


def test_at_a_doubtful_crack_s_box_cracks_are_unknown_and_potholes_known(tiles: str) -> None:
    assert at(tiles, 0.25, 0.75) == {"Repair", "D00", "D10", "D20"}


def test_beside_the_lane_nothing_is_known(tiles: str) -> None:
    assert at(tiles, 0.05, 0.9) == {"Repair", "D00", "D10", "D20", "D40"}


def test_above_the_road_there_is_no_damage(tiles: str) -> None:
    assert at(tiles, 0.5, 0.1) == set()


@pytest.mark.real
def test_survey_frames_are_tested_on_potholes_only(real_data: Path) -> None:
    frames = list(survey(real_data / "dnit"))
    assert {frame.labelled for frame in frames} == {("D40",)}
    tested = [frame for frame in frames if frame.split != "train"]
    assert {line[0] for frame in tested for line in frame.labels.splitlines()} == {"3"}
    assert all(frame.mask for frame in tested if frame.labels)


@pytest.mark.real
def test_the_road_of_the_measured_drive_is_not_taught(real_data: Path) -> None:
    taught = {frame.scene for frame in survey(real_data / "dnit") if frame.split == "train"}
    assert len(taught) > 10
    assert not taught & ONLY_TESTED
