"""Figures of a model."""

import numpy as np
import pytest

from roadscan.model.picture import Boxes
from training.evaluate import Shown, Tally, best_confidence, count, figures

TRUTH = Boxes(np.array([[0, 0, 10, 10], [50, 50, 80, 60]], float), np.ones(2), ("D40", "D40"))


def found(*rows: tuple[float, float, float, float, float]) -> Boxes:
    boxes = np.array(rows, float).reshape(-1, 5)
    return Boxes(boxes[:, :4], boxes[:, 4], ("D40",) * len(rows))


def tally_of(boxes: Boxes, labelled: tuple[str, ...] = ("D40",)) -> Tally:
    tallies = {"D40": Tally(), "D00": Tally()}
    count(boxes, Shown(np.zeros((100, 100, 3), np.uint8), TRUTH, labelled), tallies)
    return tallies["D40"]


def test_all_found_and_nothing_else_is_one() -> None:
    row = figures(tally_of(found((50, 50, 80, 60, 0.9), (0, 0, 10, 10, 0.8))), 0.25)
    assert (row.ap50, row.precision, row.recall, row.f1) == (1.0, 1.0, 1.0, 1.0)


def test_nothing_found_is_zero() -> None:
    row = figures(tally_of(found()), 0.25)
    assert (row.ap50, row.precision, row.recall, row.f1) == (0.0, None, 0.0, 0.0)


def test_a_true_box_is_hit_once() -> None:
    row = figures(tally_of(found((0, 0, 10, 10, 0.9), (0, 0, 10, 9, 0.8))), 0.25)
    assert (row.precision, row.recall) == (0.5, 0.5)


def test_a_box_that_overlaps_too_little_is_no_hit() -> None:
    assert figures(tally_of(found((5, 5, 15, 15, 0.9))), 0.25).recall == 0.0


def test_precision_counts_only_what_is_confident_enough() -> None:
    tally = tally_of(found((0, 0, 10, 10, 0.9), (20, 20, 30, 30, 0.3)))
    assert figures(tally, 0.25).precision == 0.5
    assert figures(tally, 0.5).precision == 1.0
    assert best_confidence(tally) == pytest.approx(0.35)


def test_half_the_recall_at_full_precision_is_half_the_area() -> None:
    # recall levels 0, 0.01, ... 0.5 of 101
    assert figures(tally_of(found((0, 0, 10, 10, 0.9))), 0.25).ap50 == pytest.approx(
        51 / 101, abs=1e-3
    )


def test_a_class_that_the_source_does_not_label_is_not_counted() -> None:
    tally = tally_of(found((20, 20, 30, 30, 0.9)), labelled=("D00",))
    assert (tally.boxes, tally.hit) == (0, [])
    assert figures(tally, 0.25).ap50 is None
