"""Figures of a model, their intervals and its calibration."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from roadscan.detect.detection_metrics import Tally, figures
from tests.training.made_up import KINDS, boxes, seen
from training.calibration import at_temperature, reliability, temperature
from training.drawings import _by_scene, contact_sheet, curves, diagram
from training.evaluate import (
    confusion,
    confusion_table,
    summaries,
    write_choice,
    write_choice_int8,
    write_figures,
)
from training.intervals import interval, mean_interval
from training.measure import (
    best_confidence,
    boxes_of,
    chosen_confidence,
    pooled,
    recall_at_precision,
    scaled,
)
from training.model_toml import INT8_TABLE, without_table

HIT = seen("s1", boxes((0, 0, 10, 10, 1, "D40")), boxes((0, 0, 10, 10, 0.9, "D40")))
MISS = seen("s2", boxes((0, 0, 10, 10, 1, "D40")), boxes((50, 50, 60, 60, 0.6, "D40")))
OTHER = seen("s3", boxes((0, 0, 10, 10, 1, "D40")), boxes((0, 0, 10, 10, 0.7, "D00")))


def test_a_label_file_becomes_boxes_in_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1 0.5 0.5 0.2 0.4\n")
    read = boxes_of(path, (100, 200, 3), KINDS)
    np.testing.assert_allclose(read.xyxy, [[80, 30, 120, 70]])
    assert read.kind == ("D40",)


def test_a_class_that_the_source_does_not_label_is_not_counted() -> None:
    one = seen("s", boxes(), boxes((0, 0, 10, 10, 0.9, "D00")), labelled=("D40",))
    assert pooled([one], "D00") == Tally()
    assert confusion([one], dict.fromkeys(KINDS, 0.1)) == {}


def test_the_recall_at_a_precision_is_the_best_one_that_holds_it() -> None:
    tally = pooled([HIT, MISS], "D40")
    assert recall_at_precision(tally, 0.5) == 0.5
    assert recall_at_precision(tally, 1.0) == 0.5
    assert recall_at_precision(pooled([MISS], "D40"), 0.5) == 0.0
    assert recall_at_precision(Tally(), 0.5) is None


def test_the_interval_of_one_scene_is_a_point_and_of_two_unlike_ones_wide() -> None:
    assert interval([HIT], "D40", 0.5) == ((1.0, 1.0), (1.0, 1.0))
    (low, high), _ = interval([HIT, MISS], "D40", 0.5)
    assert (low, high) == (0.0, 1.0)


def test_the_interval_holds_the_figure() -> None:
    many = [
        seen(f"s{n}", boxes((0, 0, 10, 10, 1, "D40")), boxes((0, 0, 10, 10 - n % 7, 0.9, "D40")))
        for n in range(60)
    ]
    row = figures(pooled(many, "D40"), 0.5)
    (ap_low, ap_high), (f1_low, f1_high) = interval(many, "D40", 0.5)
    assert ap_low < row.ap50 < ap_high
    assert f1_low < row.f1 < f1_high
    assert mean_interval(many, {"D40": 0.5}) == (ap_low, ap_high)


def test_pictures_of_one_scene_count_as_one() -> None:
    apart = [seen(f"s{n}", HIT.truth, (HIT, MISS)[n % 2].found) for n in range(40)]
    together = [seen(f"s{n // 20}", HIT.truth, (HIT, MISS)[n // 20].found) for n in range(40)]
    narrow, wide = interval(apart, "D40", 0.5)[1], interval(together, "D40", 0.5)[1]
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_confident_boxes_that_are_half_wrong_are_cooled_down() -> None:
    rng = np.random.default_rng(0)
    honest = rng.uniform(0.1, 0.9, 4000)
    hit = rng.random(4000) < honest
    assert temperature(honest, hit) == pytest.approx(1.0, abs=0.1)
    boasting = at_temperature(honest, 0.5)
    assert temperature(boasting, hit) == pytest.approx(2.0, abs=0.2)
    cooled = at_temperature(boasting, 2.0)
    assert reliability(cooled, hit).error < 0.03 < reliability(boasting, hit).error


def test_the_temperature_moves_boxes_but_not_their_order() -> None:
    (warm,) = scaled([OTHER], lambda given: at_temperature(given, 2.0))
    assert warm.tallies["D00"].confidence == [pytest.approx(0.6044, abs=1e-3)]
    assert warm.found.confidence == pytest.approx(warm.tallies["D00"].confidence)
    assert warm.tallies["D00"].hit is OTHER.tallies["D00"].hit


def test_a_model_that_finds_everything_keeps_all_its_boxes() -> None:
    hits = [seen(f"s{n}", HIT.truth, boxes((0, 0, 10, 10, 0.3, "D40"))) for n in range(9)]
    assert best_confidence(pooled(hits, "D40")) <= 0.3
    assert best_confidence(Tally()) is None


def test_confidences_are_chosen_on_the_views_from_vehicles_together() -> None:
    false = [seen("s", boxes(), boxes((0, 0, 9, 9, 0.35, "D40"))) for _ in range(9)]
    chosen = chosen_confidence({"vehicle_val": [HIT] * 9, "survey_val": false}, KINDS)
    assert set(chosen) == {"D40"}
    assert chosen["D40"] > 0.35


def test_a_class_that_is_hardly_ever_found_chooses_no_confidence() -> None:
    hardly = {"vehicle_val": [HIT] + [MISS] * 9, "survey_val": []}
    assert "D40" not in chosen_confidence(hardly, KINDS)
    often = {"vehicle_val": [HIT] * 9 + [MISS], "survey_val": []}
    assert "D40" in chosen_confidence(often, KINDS)


def test_the_confusion_counts_each_box_once() -> None:
    pairs = confusion([HIT, MISS, OTHER], dict.fromkeys(KINDS, 0.5))
    assert pairs == {
        ("D40", "D40"): 1,
        ("background", "D40"): 1,
        ("D40", "background"): 1,
        ("D40", "D00"): 1,
    }
    assert "| D40 | 1 | 1 | 1 |" in confusion_table(pairs, KINDS)


def test_boxes_on_sound_road_are_told() -> None:
    sound = seen("s", boxes(), boxes((0, 0, 9, 9, 0.9, "D40"), (0, 0, 9, 9, 0.1, "D00")))
    assert "1 boxes in 1 pictures" in summaries({"background_test": [sound]}, {"D40": 0.5})


def test_choice_and_figures_replace_those_of_the_model_folder(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(
        "nms_iou = 0.5\ntemperature = 1.0\n\n[class_confidence]\nD00 = 0.2\n\n"
        "[sha256]\na = 1\n\n[figures.old]\nD00 = { boxes = 1 }\n"
    )
    (tmp_path / "CARD.md").write_text("a\n<!-- figures -->\nold\n<!-- end of figures -->\nb\n")
    write_choice(tmp_path, 1.4, {"D00": 0.31})
    rows = {"vehicle_test": {"D40": figures(pooled([HIT], "D40"), 0.5)}}
    write_figures(tmp_path, "new", rows)
    assert (tmp_path / "CARD.md").read_text() == (
        "a\n<!-- figures -->\nnew\n<!-- end of figures -->\nb\n"
    )
    toml = (tmp_path / "model.toml").read_text()
    assert "temperature = 1.4\n" in toml
    assert toml.count("temperature") == 1
    assert "[class_confidence]\nD00 = 0.31\n\n[sha256]" in toml
    assert "old" not in toml
    assert "[figures.vehicle_test]\nD40 = { boxes = 1, ap50 = 1.0" in toml


def test_the_quantised_network_has_confidences_of_its_own(tmp_path: Path) -> None:
    toml = tmp_path / "model.toml"
    toml.write_text("[class_confidence]\nD00 = 0.2\n\n[sha256]\na = 1\n")
    write_choice_int8(tmp_path, {"D00": 0.11, "D40": 0.3})
    assert toml.read_text() == (
        "[class_confidence]\nD00 = 0.2\n\n"
        "[class_confidence_int8]\nD00 = 0.11\nD40 = 0.3\n\n[sha256]\na = 1\n"
    )
    write_choice_int8(tmp_path, {"D00": 0.12})
    assert toml.read_text().count("[class_confidence_int8]\nD00 = 0.12\n\n[sha256]") == 1
    assert without_table(toml.read_text(), INT8_TABLE) == (
        "[class_confidence]\nD00 = 0.2\n\n[sha256]\na = 1\n"
    )


def test_a_sheet_shows_every_scene_before_any_twice() -> None:
    again = [replace(HIT, row=replace(HIT.row, scene=scene)) for scene in "ssstu"]
    turns = [next(n for n, given in enumerate(again) if given is one) for one in _by_scene(again)]
    assert turns == [0, 3, 4, 1, 2]


def test_curves_diagram_and_sheet_are_pictures(tmp_path: Path) -> None:
    image = tmp_path / "f.png"
    cv2.imwrite(str(image), np.full((80, 80, 3), 90, np.uint8))
    shown = [replace(one, row=replace(one.row, file="f.png")) for one in (HIT, MISS, OTHER)]
    contact_sheet(shown, dict.fromkeys(KINDS, 0.5), tmp_path, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    # one miss and one alarm, in a row of six
    assert sheet.shape == (300, 1800, 3)
    tally = pooled([HIT, MISS], "D40")
    curves({"D40": tally}, {"D40": 0.5}, tmp_path / "curves.png", "t")
    found = reliability(np.array([0.2, 0.9]), np.array([False, True]))
    diagram(found, found, tmp_path / "diagram.png", "t")
    for name in ("curves", "diagram"):
        assert cv2.imread(str(tmp_path / f"{name}.png")).std() > 0
