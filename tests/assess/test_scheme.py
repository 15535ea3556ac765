import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.scheme import CellRule, parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.road import RoadClass, Surface
from roadscan.model.score import NotScored
from tests.assess.lanes import AP9K, MONOTONE


def refused(text: str) -> str:
    with pytest.raises(RoadscanError) as caught:
        parse_scheme(text)
    assert caught.value.code == "scheme_invalid"
    assert "\n" not in str(caught.value)
    return caught.value.message


def changed(old: str, new: str) -> str:
    assert old in AP9K.text
    return AP9K.text.replace(old, new, 1)


def test_the_shipped_scheme_says_what_it_is() -> None:
    assert AP9K.id == "ap9k"
    assert "in Anlehnung an AP 9 K" in AP9K.title
    assert "Substanzwert (Oberfläche)" in AP9K.title
    assert AP9K.sha256 == hashlib.sha256(AP9K.text.encode()).hexdigest()
    assert (AP9K.row_m, AP9K.lane_width_m) == (1.0, 3.5)
    assert (AP9K.segment_town_m, AP9K.segment_rural_m, AP9K.min_coverage) == (20.0, 100.0, 0.6)


@pytest.mark.parametrize(
    ("kind", "indicator", "rule"),
    [
        ("D00", "riss", CellRule.STRIPS),
        ("D01", "riss", CellRule.STRIPS),
        ("D10", "riss", CellRule.ROW),
        ("D11", "riss", CellRule.ROW),
        ("D20", "riss", CellRule.FOOTPRINT),
        ("D40", "ofs", CellRule.FOOTPRINT),
        ("Repair", "afli", CellRule.FOOTPRINT),
    ],
)
def test_a_kind_counts_for_its_indicator(kind: str, indicator: str, rule: CellRule) -> None:
    assert (AP9K.kinds[kind].indicator, AP9K.kinds[kind].cells) == (indicator, rule)


@pytest.mark.parametrize("kind", ["D43", "D44", "D50", "car", ""])
def test_what_is_no_damage_is_not_scored(kind: str) -> None:
    assert kind not in AP9K.kinds


def test_a_misspelt_key_is_named_with_its_value() -> None:
    message = refused(changed("min_coverage = 0.60", "min_coverge = 0.61"))
    assert "views.min_coverge: no such key, given 0.61" in message


def test_every_class_has_tables_for_asphalt_and_paving_only() -> None:
    assert set(AP9K.normalise) == {
        (surface, road_class)
        for surface in (Surface.ASPHALT, Surface.PAVING)
        for road_class in RoadClass
    }


def test_the_monotone_variant_differs_by_one_rule_and_says_it_is_not_ap9k() -> None:
    own, other = tomllib.loads(AP9K.text), tomllib.loads(MONOTONE.text)
    assert "not AP 9 K" in other["title"]
    assert own["combine"]["asphalt"].pop("monotone") is False
    assert other["combine"]["asphalt"].pop("monotone") is True
    for key in ("id", "title"):
        assert own.pop(key) != other.pop(key)
    assert own == other


def test_a_town_may_change_numbers_under_a_name_of_its_own() -> None:
    own = parse_scheme(
        changed('id = "ap9k"', 'id = "stadt"').replace("town_m = 20.0", "town_m = 50")
    )
    assert (own.id, own.segment_town_m) == ("stadt", 50.0)
    assert own.sha256 != AP9K.sha256


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('id = "ap9k"', 'id = "../ap9k"', "id"),
        ("min_coverage = 0.60", "min_coverage = 1.6", "views.min_coverage"),
        ("min_coverage = 0.60", "min_coverage = nan", "views.min_coverage"),
        ("hit_share = 0.34", 'hit_share = "often"', "views.hit_share"),
        ("row_m = 1.0", "row_m = 0.5", "raster.row_m"),
        ("strips = 3", "strips = 5", "raster.strips"),
        ("segment_town_m = 20.0", "segment_town_m = 0", "raster.segment_town_m"),
        ('indicator = "riss"', 'indicator = "cracks"', "kinds.D00.indicator"),
        ('cells = "strips"', 'cells = "all"', "kinds.D00.cells"),
        ("riss = [1, 15, 25]", "riss = [15, 1, 25]", "normalise.asphalt.A.riss"),
        ("riss = [1, 15, 25]", "riss = [0, 15, 25]", "normalise.asphalt.A.riss.0"),
        ("riss = [1, 15, 25]", "riss = [1, 15]", "normalise.asphalt.A.riss"),
        ("riss = [1, 15, 25]", "ris = [1, 15, 25]", "normalise.asphalt.A"),
        ("riss = [1, 15, 25]", 'riss = ["1e-999999999", 15, 25]', "normalise.asphalt.A.riss.0"),
        ("[normalise.paving.A]", "[normalise.gravel.A]", "normalise.gravel"),
        ("[normalise.paving.A]", "[normalise.paving.X]", "normalise.paving.X"),
        ('riss = "0.56"', 'riss = "0.57"', "1.01"),
        (
            'riss = "0.56", afli = "0.31"',
            'riss = "0.87", afli = "0"',
            "combine.asphalt.weights.afli",
        ),
        ('riss = "0.56"', 'ris = "0.56"', "riss has no weight"),
        ('required = ["riss"]', "required = []", "combine.asphalt.required"),
        ('break_through_above = "3.5"', 'break_through_above = "0.5"', "break_through_above"),
        ("monotone = false", "", "combine.asphalt.monotone"),
        ("monotone = false", "monotone = false\nextra = 1", "combine.asphalt.extra"),
        ("mspt = [4, 15, 25]", "", "evenness"),
        ('from = "1.5"', 'from = "4.0"', "classes"),
        ('from = "1.0"', 'from = "1.2"', "classes"),
        ("number = 2", "number = 7", "classes"),
        ('colour = "#0072b2"', 'colour = "red"', "classes.0.colour"),
    ],
)
def test_a_wrong_key_is_named(old: str, new: str, named: str) -> None:
    assert named in refused(changed(old, new))


def test_the_value_seen_is_named() -> None:
    assert "1.6" in refused(changed("min_coverage = 0.60", "min_coverage = 1.6"))


@pytest.mark.parametrize("text", ["", "\x00", "id = ", "[" * 100_000, "x = " + "[" * 100_000])
def test_what_is_no_scheme_is_refused(text: str) -> None:
    refused(text)


@given(st.text(max_size=200))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    refused(text)


LINEAR_TO_DEUTERANOPE = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
"""Machado, Oliveira, Fernandes 2009, severity 1.0; applied to linear RGB."""
LINEAR_TO_PROTANOPE = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
"""The same source."""


@pytest.mark.parametrize("seen_as", [np.eye(3), LINEAR_TO_DEUTERANOPE, LINEAR_TO_PROTANOPE])
def test_class_colours_stay_apart_for_the_colour_blind(seen_as: np.ndarray) -> None:
    colours = [c.colour.removeprefix("#") for c in AP9K.classes]
    lab = np.array([_lab(seen_as @ _linear(bytes.fromhex(colour))) for colour in colours])
    apart = np.linalg.norm(lab[:, None] - lab[None, :], axis=2)[np.triu_indices(len(lab), 1)]
    assert apart.min() > 20.0  # CIE 1976; from about 2.3 a difference can be seen side by side


def _linear(rgb: bytes) -> np.ndarray:
    value = np.frombuffer(rgb, np.uint8) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    f = np.cbrt(to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_documentation_names_every_key_kind_and_reason() -> None:
    text = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
    keys = tomllib.loads(AP9K.text)
    for name in [*keys, *keys["combine"]["asphalt"], *AP9K.kinds, *NotScored]:
        assert name in text
