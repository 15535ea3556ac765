"""Figures source by source: what is met, what is marked though sound, what is not judged."""

from pathlib import Path

import numpy as np
import pytest

from roadscan.model.frame import Boxes
from tests.training.made_up import KINDS, boxes, seen
from training.by_source import (
    LEAST_BOXES,
    alarmed,
    by_source,
    kinds_with_boxes,
    mean_over_sources,
    met,
    table,
)
from training.intervals import mean_interval, share_interval
from training.measure import covered, figures, pooled, unsure_in
from training.pictures import ManifestRow

HALF = dict.fromkeys(KINDS, 0.5)
NOTHING: Boxes = boxes()
SQUARE = (0, 0, 10, 10)


def found_in(source: str, number: int, share: float, confidence: float = 0.9) -> list:
    """So many pictures with a pothole each, of which a share is found."""
    return [
        seen(
            f"s{n}",
            boxes((*SQUARE, 1, "D40")),
            boxes((*SQUARE, confidence, "D40")) if n < share * number else NOTHING,
            source=source,
        )
        for n in range(number)
    ]


def test_a_damage_is_met_by_a_box_of_any_kind_that_covers_a_third_of_it() -> None:
    truth = boxes((*SQUARE, 1, "D00"))
    pictures = [
        seen("a", truth, boxes((0, 0, 10, 3.5, 0.9, "D00"))),
        seen("b", truth, boxes((*SQUARE, 0.9, "D40"))),
        seen("c", truth, boxes((0, 0, 10, 2.5, 0.9, "D00"))),
        seen("d", truth, boxes((*SQUARE, 0.4, "D00"))),
    ]
    any_kind, same = (met(pictures, HALF, same_kind=same) for same in (False, True))
    assert (any_kind.number, any_kind.of) == (2, 4)
    assert (same.number, same.of) == (1, 4)


def test_a_picture_is_sound_only_if_nobody_was_unsure_in_it() -> None:
    marked = boxes((*SQUARE, 0.9, "D40"))
    sound = seen("a", NOTHING, marked)
    unsure = seen("b", NOTHING, boxes((50, 50, 60, 60, 0.9, "D40")), unsure=(SQUARE,))
    damaged = seen("c", boxes((*SQUARE, 1, "D40")), marked)
    count = alarmed([sound, unsure, damaged, seen("d", NOTHING, NOTHING)], HALF)
    assert (count.number, count.of) == (1, 2)


def test_a_box_of_a_kind_that_nobody_labelled_is_no_alarm() -> None:
    one = seen("a", NOTHING, boxes((*SQUARE, 0.9, "D00")), labelled=("D40",))
    assert alarmed([one], HALF).number == 0


def test_what_lies_in_an_unsure_region_counts_only_if_it_hits() -> None:
    found = boxes((*SQUARE, 0.9, "D00"), (1, 1, 9, 9, 0.8, "D40"))
    one = seen("a", boxes((*SQUARE, 1, "D00")), found, unsure=(SQUARE,))
    assert one.found.kind == ("D00",)
    assert figures(pooled([one], "D00"), 0.5).precision == 1.0
    assert pooled([one], "D40").confidence == []


def test_what_only_touches_an_unsure_region_is_judged() -> None:
    one = seen("a", NOTHING, boxes((*SQUARE, 0.9, "D40")), unsure=((6, 0, 16, 10),))
    assert one.found.kind == ("D40",)


def test_a_box_s_share_that_another_covers() -> None:
    shares = covered(np.array([[0, 0, 10, 10.0]]), np.array([[5, 0, 50, 10.0], [20, 0, 30, 9]]))
    np.testing.assert_allclose(shares, [[0.5, 0.0]])


def test_only_regions_without_any_claim_are_unsure(tmp_path: Path) -> None:
    row = ManifestRow("images/val_vehicle/a.jpg", "t", "vehicle", "val", "s", "", 0, "D00 D40")
    regions = tmp_path / "unlabelled" / "val_vehicle" / "a.txt"
    regions.parent.mkdir(parents=True)
    regions.write_text("D00 0.5 0.5 1 1\nD00,D40,Repair 0.25 0.5 0.5 1\n")
    path = tmp_path / row.file
    np.testing.assert_allclose(unsure_in(row, path, (100, 200, 3)), [[0, 0, 100, 100]])
    survey = ManifestRow(row.file, "t", "survey", "val", "s", "", 0, "D40")
    assert unsure_in(survey, path, (100, 200, 3)).shape == (0, 4)


def test_the_mean_over_sources_counts_each_source_once() -> None:
    sources = {
        "large": found_in("large", 4 * LEAST_BOXES, 1.0),
        "small": found_in("small", LEAST_BOXES, 0.5),
        "tiny": found_in("tiny", LEAST_BOXES - 1, 0.0),
    }
    value, (low, high) = mean_over_sources(sources, KINDS)
    assert value == pytest.approx((1 + 51 / 101) / 2, abs=0.01)
    assert low <= value <= high
    assert kinds_with_boxes(sources["tiny"], KINDS) == ()


def test_a_mean_may_be_of_kinds_that_different_pictures_label() -> None:
    hit = seen("a", boxes((*SQUARE, 1, "D40")), boxes((*SQUARE, 0.9, "D40")), ("D40",))
    missed = seen("b", boxes((*SQUARE, 1, "D00")), NOTHING, ("D00",))
    assert mean_interval([hit, missed], HALF) == (0.0, 1.0)


def test_pictures_of_a_drone_are_no_source() -> None:
    pictures = found_in("a", 2, 1.0)
    assert set(by_source({"vehicle_val": pictures, "drone_val": found_in("b", 2, 1.0)})) == {"a"}


def test_the_interval_of_a_share_draws_scenes() -> None:
    assert share_interval([1, 0], [1, 1], ["a", "a"]) == (0.5, 0.5)
    assert share_interval([1, 0], [1, 1], ["a", "b"]) == (0.0, 1.0)


def test_the_table_has_a_line_for_each_source() -> None:
    lines = table({"a": found_in("a", 20, 0.5)}, KINDS, HALF).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| a | 20 | – | 0.51 (20) |")
    assert "10 of 20" in lines[2]
