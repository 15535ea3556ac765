"""A teacher's boxes are kept where a survey's marks run through them as their kind would."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.pictures import CLASSES
from training.pseudo_labels import agrees, written
from training.surveys import Crack, Guess, boxes_of_guesses, read_guesses

SHAPE = (200, 300)
BOX = (100, 50, 140, 150)


def marks(*lines: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    drawn = np.zeros(SHAPE, np.uint8)
    for start, end in lines:
        cv2.line(drawn, start, end, 1)
    return drawn


UP = marks(((120, 50), (122, 150)))
ACROSS = marks(((100, 100), (140, 102)))
NET = marks(*(((100, y), (140, y)) for y in range(52, 150, 15)), ((120, 50), (120, 150)))


@pytest.mark.parametrize(
    ("kind", "drawn", "expected"),
    [
        ("D00", UP, "kept"),
        ("D00", ACROSS, "left out"),
        ("D10", ACROSS, "kept"),
        ("D10", UP, "left out"),
        ("D20", NET, "kept"),
        ("D20", UP, "left out"),
        ("D00", marks(), "left out"),
    ],
)
def test_marks_must_run_as_the_kind_does(kind: str, drawn: np.ndarray, expected: str) -> None:
    assert agrees(kind, BOX, drawn) is (expected == "kept")


def test_a_box_without_area_agrees_with_nothing() -> None:
    assert not agrees("D00", (100, 50, 100, 150), UP)


def test_guesses_read_back_as_they_were_written(tmp_path: Path) -> None:
    guesses = {"b": [Guess("D00", 0.1, 0.2, 0.3, 0.4, 0.5)], "a": [Guess("D20", 0, 0, 1, 1, 0.25)]}
    path = tmp_path / "dnit.csv"
    path.write_text(written(guesses))
    assert read_guesses(path) == guesses


def test_a_guess_on_a_crack_that_its_shape_tells_adds_nothing() -> None:
    told = Crack(100, 50, 40, 100, "D00")
    same = Guess("D20", 100 / 300, 50 / 200, 140 / 300, 150 / 200, 0.9)
    other = Guess("D10", 0.0, 0.9, 0.5, 1.0, 0.9)
    lines = boxes_of_guesses([same, other], [told], SHAPE).splitlines()
    assert [line.split()[0] for line in lines] == [str(CLASSES.index("D10"))]
    assert len(boxes_of_guesses([same], [Crack(100, 50, 40, 100, None)], SHAPE).splitlines()) == 1
