"""The way into the network and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.detect.letterbox import PAD_GREY, STRIDE, Letterbox
from roadscan.detect.thresholds import Thresholds
from roadscan.model.frame import Rows

CLASSES = ("D00", "D40")
THRESHOLDS = Thresholds((0.3, 0.3), 0.5)


def answer(*boxes: tuple[float, ...]) -> np.ndarray:
    """The network's (4 + 2, n) of rows x, y, w, h, D00, D40."""
    return np.array(boxes, np.float32).T


def test_a_16_to_9_frame_becomes_640_by_384() -> None:
    box = Letterbox.fit((1080, 1920), 640)
    assert (box.width, box.height) == (640, 384)


def test_a_frame_smaller_than_the_input_is_not_magnified() -> None:
    box = Letterbox.fit((448, 448), 640)
    assert box.scale == 1.0
    assert (box.width, box.height) == (448, 448)


def test_what_the_frame_does_not_fill_is_grey() -> None:
    filled = Letterbox.fit((720, 1280), 640).apply(np.full((720, 1280, 3), 7, np.uint8))
    assert (filled[:360] == 7).all()
    assert (filled[360:] == PAD_GREY).all()


@given(st.integers(1, 2500), st.integers(1, 2500))
def test_any_frame_fits_its_input(height: int, width: int) -> None:
    box = Letterbox.fit((height, width), 640)
    assert box.height % STRIDE == box.width % STRIDE == 0
    assert round(height * box.scale) <= box.height <= 640
    assert round(width * box.scale) <= box.width <= 640


def test_of_a_frame_only_the_given_rows_are_taken_and_their_shape_is_the_input() -> None:
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[400:] = 200
    box = Letterbox.fit((720, 1280), 640, Rows(400, 700))
    assert (box.width, box.height) == (640, 160)
    filled = box.apply(frame)
    assert (filled[:150] == 200).all()
    assert (filled[150:] == PAD_GREY).all()


def test_boxes_of_rows_come_back_in_pixels_of_the_whole_frame_and_end_at_the_rows() -> None:
    box = Letterbox.fit((720, 1280), 640, Rows(400, 700))
    found = box.boxes(
        answer((100, 60, 20, 40, 0.1, 0.9), (300, 5, 20, 40, 0.8, 0)), CLASSES, THRESHOLDS
    )
    np.testing.assert_allclose(found.xyxy, [[180, 480, 220, 560], [580, 400, 620, 450]], atol=1e-3)


def test_boxes_come_back_in_pixels_of_the_frame() -> None:
    found = Letterbox.fit((1080, 1920), 640).boxes(
        answer((100, 200, 20, 40, 0.1, 0.9)), CLASSES, THRESHOLDS
    )
    assert found.kind == ("D40",)
    np.testing.assert_allclose(found.xyxy, [[270, 540, 330, 660]], atol=1e-3)


@given(st.floats(1e-4, 1 - 1e-4), st.floats(0.2, 5.0))
def test_temperature_divides_the_logit(confidence: float, temperature: float) -> None:
    found = Letterbox.fit((640, 640), 640).boxes(
        answer((100, 200, 20, 40, confidence, 0)), CLASSES, Thresholds((0, 0), 0.5, temperature)
    )
    expected = 1 / (1 + ((1 - confidence) / confidence) ** (1 / temperature))
    np.testing.assert_allclose(found.confidence, [expected], rtol=1e-3)


def test_thresholds_are_those_of_the_calibrated_confidence() -> None:
    (box,) = [(100, 200, 20, 40, 0.35, 0)]
    for temperature, kept in ((1.0, 1), (0.5, 0), (2.0, 1)):
        thresholds = Thresholds((0.3, 0.3), 0.5, temperature)
        found = Letterbox.fit((640, 640), 640).boxes(answer(box), CLASSES, thresholds)
        assert len(found.kind) == kept


def test_of_overlapping_boxes_of_a_class_the_most_confident_stays() -> None:
    found = Letterbox.fit((640, 640), 640).boxes(
        answer((100, 100, 50, 50, 0.5, 0), (102, 100, 50, 50, 0.8, 0), (400, 400, 9, 9, 0.6, 0)),
        CLASSES,
        THRESHOLDS,
    )
    np.testing.assert_allclose(found.confidence, [0.8, 0.6], atol=1e-6)


def test_boxes_of_two_classes_do_not_suppress_each_other() -> None:
    found = Letterbox.fit((640, 640), 640).boxes(
        answer((100, 100, 50, 50, 0.5, 0), (100, 100, 50, 50, 0, 0.8)), CLASSES, THRESHOLDS
    )
    assert found.kind == ("D40", "D00")


def test_each_class_has_its_own_confidence() -> None:
    thresholds = Thresholds.of(CLASSES, 0.5, {"D40": 0.2}, 0.5)
    found = Letterbox.fit((640, 640), 640).boxes(
        answer((100, 100, 50, 50, 0.4, 0), (300, 300, 50, 50, 0, 0.3)), CLASSES, thresholds
    )
    assert found.kind == ("D40",)


def test_no_box_is_no_error() -> None:
    found = Letterbox.fit((640, 640), 640).boxes(
        answer((100, 100, 50, 50, 0.1, 0.1)), CLASSES, THRESHOLDS
    )
    assert found.xyxy.shape == (0, 4)
    assert found.kind == ()


@given(st.lists(st.tuples(*[st.floats(-100, 900, width=32)] * 2), min_size=1, max_size=8))
def test_no_box_leaves_the_frame(centres: list[tuple[float, float]]) -> None:
    rows = [(x, y, 300, 300, 0.9, 0.0) for x, y in centres]
    found = Letterbox.fit((360, 640), 640).boxes(answer(*rows), CLASSES, THRESHOLDS)
    assert found.xyxy.min() >= 0
    assert found.xyxy[:, 2].max() <= 640
    assert found.xyxy[:, 3].max() <= 360


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1)])
def test_a_sliver_of_a_frame_still_has_an_input(shape: tuple[int, int]) -> None:
    box = Letterbox.fit(shape, 640)
    filled = box.apply(np.zeros((*shape, 3), np.uint8))
    assert filled.shape == (box.height, box.width, 3)
