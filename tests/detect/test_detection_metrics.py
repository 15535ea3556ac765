"""How right boxes are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.detect.detection_metrics import (
    OVERLAPS,
    RECALLS,
    Tally,
    average_precision,
    count,
    figures,
    mean,
    overlaps,
    pooled_f1,
)
from roadscan.model.frame import Boxes

TRUTH = Boxes(np.array([[0, 0, 10, 10], [50, 50, 80, 60]], float), np.ones(2), ("D40", "D40"))


def found(*rows: tuple[float, float, float, float, float], kind: str = "D40") -> Boxes:
    boxes = np.array(rows, float).reshape(-1, 5)
    return Boxes(boxes[:, :4], boxes[:, 4], (kind,) * len(rows))


def tally_of(*pictures: tuple[Boxes, Boxes]) -> Tally:
    tallies = {"D40": Tally()}
    for boxes, truth in pictures:
        count(boxes, truth, tallies)
    return tallies["D40"]


def test_all_found_and_nothing_else_is_one() -> None:
    tally = tally_of((found((50, 50, 80, 60, 0.9), (0, 0, 10, 10, 0.8)), TRUTH))
    row = figures(tally, 0.25)
    assert (row.ap50, row.ap50_95, row.precision, row.recall, row.f1) == (1, 1, 1, 1, 1)


def test_nothing_found_is_zero() -> None:
    row = figures(tally_of((found(), TRUTH)), 0.25)
    assert (row.ap50, row.ap50_95, row.precision, row.recall, row.f1) == (0, 0, 0, 0, 0)


def test_without_true_boxes_there_is_no_figure() -> None:
    row = figures(tally_of((found((0, 0, 10, 10, 0.9)), Boxes(*_nothing()))), 0.25)
    assert row.model_dump() == {"boxes": 0} | dict.fromkeys(
        ("ap50", "ap50_95", "precision", "recall", "f1")
    )


def test_a_true_box_is_hit_once() -> None:
    row = figures(tally_of((found((0, 0, 10, 10, 0.9), (0, 0, 10, 9, 0.8)), TRUTH)), 0.25)
    assert (row.precision, row.recall) == (0.5, 0.5)


def test_the_most_confident_chooses_first_and_the_second_takes_what_is_left() -> None:
    truth = Boxes(np.array([[0, 0, 10, 10], [0, 2, 10, 12]], float), np.ones(2), ("D40", "D40"))
    tally = tally_of((found((0, 0, 10, 10, 0.9), (0, 0.5, 10, 10.5, 0.8)), truth))
    assert figures(tally, 0.25).recall == 1.0


def test_a_box_that_overlaps_by_half_hits_at_half_only() -> None:
    tally = tally_of((found((0, 0, 10, 5, 0.9)), TRUTH))
    assert tally.hit[0].tolist() == [True, *[False] * 9]
    row = figures(tally, 0.25)
    assert row.ap50_95 == pytest.approx(row.ap50 / 10, abs=1e-4)


def test_a_box_of_another_class_hits_nothing() -> None:
    tally = tally_of((found((0, 0, 10, 10, 0.9), kind="D00"), TRUTH))
    assert (tally.boxes, tally.hit) == (2, [])


def test_precision_counts_only_what_is_confident_enough() -> None:
    tally = tally_of((found((0, 0, 10, 10, 0.9), (20, 20, 30, 30, 0.3)), TRUTH))
    assert figures(tally, 0.25).precision == 0.5
    assert figures(tally, 0.5).precision == 1.0


def test_half_the_recall_at_full_precision_is_half_the_area() -> None:
    # recalls 0, 0.01, ... 0.5 of 101
    row = figures(tally_of((found((0, 0, 10, 10, 0.9)), TRUTH)), 0.25)
    assert row.ap50 == pytest.approx(51 / 101, abs=1e-4)


def test_a_class_is_only_counted_where_it_is_labelled() -> None:
    tallies = {"D00": Tally()}
    count(found((0, 0, 10, 10, 0.9)), TRUTH, tallies)
    assert tallies == {"D00": Tally()}


def test_pooled_sets_are_counted_box_by_box() -> None:
    many, few = Tally(9, [0.9] * 9, [np.ones(10, bool)] * 9), Tally(1, [], [])
    assert figures(Tally.pooled([many, few]), 0.5).recall == 0.9
    assert pooled_f1([(many, 0.5), (few, 0.5)]) == round(18 / 19, 4)
    assert pooled_f1([(many, 0.95)]) == 0.0
    assert pooled_f1([(Tally(), 0.5)]) is None


def test_the_mean_is_over_classes_that_have_a_figure() -> None:
    assert mean([0.5, None, 0.0]) == 0.25
    assert mean([None]) is None


def test_average_precision_needs_something_to_find() -> None:
    with pytest.raises(ValueError, match="0 true boxes"):
        average_precision(np.zeros(3, bool), 0)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 80))
def test_average_precision_is_what_its_definition_says(hits: list[bool], more: int) -> None:
    hit = np.array(hits, bool)
    boxes = int(hit.sum()) + more
    right = np.cumsum(hit)
    precision, recall = right / np.arange(1, len(hit) + 1), right / boxes
    expected = np.mean([precision[recall >= level].max(initial=0.0) for level in RECALLS])
    assert average_precision(hit, boxes) == pytest.approx(expected)


def _nothing() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    return np.empty((0, 4)), np.empty(0), ()


side = st.floats(0, 100)
boxes = st.lists(st.tuples(side, side, side, side), max_size=6).map(
    lambda rows: np.sort(np.array(rows, float).reshape(-1, 2, 2), axis=1).reshape(-1, 4)
)


@given(boxes, boxes)
def test_overlap_is_a_share_and_does_not_depend_on_the_order(
    one: np.ndarray, other: np.ndarray
) -> None:
    shares = overlaps(one, other)
    assert shares.shape == (len(one), len(other))
    assert ((shares >= 0) & (shares <= 1 + 1e-9)).all()
    np.testing.assert_allclose(shares, overlaps(other, one).T)


@given(boxes, boxes)
def test_no_overlap_gives_more_hits_than_there_are_boxes(
    one: np.ndarray, other: np.ndarray
) -> None:
    truth = Boxes(other, np.ones(len(other)), ("D40",) * len(other))
    given_boxes = Boxes(one, np.linspace(1, 0.5, len(one)), ("D40",) * len(one))
    tally = tally_of((given_boxes, truth))
    hits = np.array(tally.hit, bool).reshape(-1, len(OVERLAPS)).sum(axis=0)
    assert (hits <= min(len(one), len(other))).all()
    assert (np.diff(hits) <= 0).all()
