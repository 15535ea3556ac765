import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.scheme import Normalisation, Scheme, parse_scheme
from roadscan.assess.score import (
    combine,
    condition_class,
    evenness_value,
    normalise,
    overall_score,
    round_half_up,
    score_segment,
)
from roadscan.model.road import RoadClass, Surface
from roadscan.model.score import EvennessMeasures, Indicators, Score
from tests.assess.lanes import AP9K, MONOTONE

VECTORS = list(
    csv.DictReader(
        Path(__file__).with_name("ap9k_vectors.csv").read_text(encoding="utf-8").splitlines()
    )
)
"""Computed apart from this code, by the formulas in docs/scoring.md; D marks a break-through."""

SHARES = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
CLASSES = st.sampled_from(RoadClass)


def number(text: str) -> float | None:
    return float(text) if text else None


def asphalt(
    riss: float | None,
    afli: float | None,
    ofs: float | None,
    road_class: RoadClass = RoadClass.A,
    scheme: Scheme = AP9K,
) -> Score:
    return score_segment(Indicators(riss, afli, ofs), road_class, Surface.ASPHALT, scheme)


def vector_score(row: dict[str, str], scheme: Scheme) -> Score:
    return score_segment(
        Indicators(number(row["riss"]), number(row["afli"]), number(row["ofs"])),
        RoadClass(row["class"]),
        Surface(row["surface"]),
        scheme,
    )


def test_all_vectors_are_here() -> None:
    assert [row["no"] for row in VECTORS] == [str(n) for n in range(1, 45)]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['no']} {row['note']}")
def test_a_vector_is_met_in_every_step(row: dict[str, str]) -> None:
    score = vector_score(row, AP9K)
    assert (score.zw_riss, score.zw_afli, score.zw_ofs) == (
        number(row["zw_riss"]),
        number(row["zw_afli"]),
        number(row["zw_ofs"]),
    )
    assert score.twsub == score.score == number(row["twsub"])
    assert score.break_through == (row["break_through"] == "D")
    assert score.condition_class == number(row["condition_class"])
    assert score.twsub_basis == row["twsub_basis"]
    assert score.reason == ("" if row["twsub"] else "riss_missing")


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["no"])
def test_the_monotone_variant_meets_its_own_vectors(row: dict[str, str]) -> None:
    assert vector_score(row, MONOTONE).twsub == number(row["twsub_monotone"])


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1.00", 1),
        ("1.49", 1),
        ("1.50", 2),
        ("3.49", 2),
        ("3.50", 3),
        ("4.49", 3),
        ("4.50", 4),
        ("5.00", 4),
    ],
)
def test_classes_are_closed_on_the_left(value: str, number: int) -> None:
    assert condition_class(Decimal(value), AP9K) == number


def test_an_exact_half_is_rounded_up_where_binary_floats_would_not() -> None:
    # RISS 15.05 gives exactly 3.505; as floats 3.5 + (15.05 - 15) / 10 is 3.50499...
    assert round(3.5 + (15.05 - 15) / 10, 2) == 3.5
    score = asphalt(15.05, 0, 0)
    assert (score.zw_riss, score.break_through, score.twsub) == (3.51, True, 3.51)


def test_a_share_is_rounded_before_it_is_normalised() -> None:
    assert asphalt(15.0449, 0, 0).zw_riss == asphalt(15.04, 0, 0).zw_riss == 3.5
    assert asphalt(15.045, 0, 0).zw_riss == asphalt(15.05, 0, 0).zw_riss == 3.51


def test_renormalised_weights_add_up_to_one() -> None:
    score = asphalt(8, None, 2)
    assert score.weights == {"riss": 0.8116, "ofs": 0.1884}


def test_a_weighted_half_stays_a_half_when_weights_are_renormalised() -> None:
    # (5 x 2.66 + 7 x 5) / 12 is exactly 4.025, though 5/12 and 7/12 have no exact decimals.
    weights = {"riss": Decimal("0.05"), "afli": Decimal("0.88"), "ofs": Decimal("0.07")}
    rule = replace(AP9K.combine[Surface.ASPHALT], weights=weights, break_through=())
    values = {"riss": Decimal("2.66"), "ofs": Decimal("5.00")}
    assert combine(values, rule).value == Decimal("4.03")


def test_no_indicator_at_all_gives_no_score() -> None:
    score = asphalt(None, None, None)
    assert (score.score, score.condition_class, score.weights) == (None, None, {})
    assert score.reason == "riss_missing"


def test_paving_is_scored_by_its_surface_damage_alone() -> None:
    score = score_segment(Indicators(90, 90, 15), RoadClass.A, Surface.PAVING, AP9K)
    assert (score.twsub, score.twsub_basis, score.zw_riss) == (3.5, "ofs", None)


def test_paving_without_surface_damage_known_has_no_score() -> None:
    score = score_segment(Indicators(1, 1, None), RoadClass.A, Surface.PAVING, AP9K)
    assert (score.score, score.reason) == (None, "ofs_missing")


def test_other_surfaces_have_no_score() -> None:
    score = score_segment(Indicators(1, 1, 1), RoadClass.A, Surface.OTHER, AP9K)
    assert (score.score, score.reason) == (None, "surface_not_supported")


def test_a_town_may_require_all_indicators() -> None:
    strict = parse_scheme(
        AP9K.text.replace('required = ["riss"]', 'required = ["riss", "afli", "ofs"]')
    )
    assert asphalt(8, None, 2, scheme=strict).reason == "indicator_missing"
    assert asphalt(8, 5, None, scheme=strict).reason == "ofs_missing"
    assert asphalt(8, 5, 2, scheme=strict).score == 2.25


@pytest.mark.parametrize(
    ("road_class", "sm4l_m", "sm4l_a", "mspt", "msph", "twgeb"),
    [
        pytest.param(RoadClass.A, 4, 1, 4, 0.1, 1.50, id="G1"),
        pytest.param(RoadClass.A, 8, 1.5, 9, 2, 2.45, id="G2"),
        pytest.param(RoadClass.A, 12, 2.5, 15, 4, 3.50, id="G3"),
        pytest.param(RoadClass.A, 12.4, 1, 4, 0.1, 3.60, id="G4 break-through"),
        pytest.param(RoadClass.A, 0, 0, 0, 7, 2.00, id="G5 water never breaks through"),
        pytest.param(RoadClass.B, 16, 3.5, 15, 4, 3.50, id="G6"),
        pytest.param(RoadClass.B, 20.5, 1, 4, 1, 4.00, id="G7 break-through"),
        pytest.param(RoadClass.B, 10, 2, 20, 3, 4.00, id="G8 break-through"),
        pytest.param(RoadClass.A, 18, 4, 30, 7, 5.00, id="G9 break-through"),
    ],
)
def test_measured_evenness_meets_its_vectors(
    road_class: RoadClass, sm4l_m: float, sm4l_a: float, mspt: float, msph: float, twgeb: float
) -> None:
    assert evenness_value(EvennessMeasures(sm4l_m, sm4l_a, mspt, msph), road_class, AP9K) == twgeb


def test_footways_have_no_evenness_value() -> None:
    assert evenness_value(EvennessMeasures(4, 1, 4, 0.1), RoadClass.N, AP9K) is None


def test_a_scheme_may_leave_evenness_out() -> None:
    plain = parse_scheme(without_evenness(AP9K.text))
    assert evenness_value(EvennessMeasures(4, 1, 4, 0.1), RoadClass.A, plain) is None
    assert asphalt(8, 5, 2, scheme=plain) == asphalt(8, 5, 2)


def without_evenness(text: str) -> str:
    head, _, rest = text.partition("[evenness.normalise.A]")
    return head + rest[rest.index("[[classes]]") :]


@pytest.mark.parametrize(
    ("mspt", "riss", "expected"),
    [
        (9.0, 15.0, (2.45, 3.64, 3.64, 3)),
        (19.0, 8.0, (3.9, 3.9, 3.9, 3)),
        (None, 8.0, (None, None, 2.25, 2)),
        (9.0, None, (2.45, None, None, None)),
    ],
)
def test_the_overall_value_is_the_worse_of_both(
    mspt: float | None, riss: float | None, expected: tuple[float | None, ...]
) -> None:
    measures = None if mspt is None else EvennessMeasures(8, 1.5, mspt, 2)
    found = overall_score(
        asphalt(riss, 100 if riss == 15 else 5, 0 if riss == 15 else 2), measures, RoadClass.A, AP9K
    )
    assert (found.twgeb, found.gw, found.score, found.condition_class) == expected


@given(SHARES, SHARES, CLASSES, st.sampled_from(["riss", "afli", "ofs"]))
def test_a_value_never_improves_with_its_share(
    one: float, other: float, road_class: RoadClass, name: str
) -> None:
    norm = AP9K.normalise[Surface.ASPHALT, road_class][name]
    less, more = sorted((Decimal(str(one)), Decimal(str(other))))
    assert 1 <= normalise(less, norm) <= normalise(more, norm) <= 5


@given(st.tuples(SHARES, SHARES, SHARES), st.tuples(SHARES, SHARES, SHARES), CLASSES)
def test_a_score_never_improves_with_damage_on_its_side_of_the_break_through(
    one: tuple[float, float, float], other: tuple[float, float, float], road_class: RoadClass
) -> None:
    less = asphalt(*(min(a, b) for a, b in zip(one, other, strict=True)), road_class)
    more = asphalt(*(max(a, b) for a, b in zip(one, other, strict=True)), road_class)
    if less.break_through == more.break_through:
        assert less.twsub is not None
        assert more.twsub is not None
        assert less.twsub <= more.twsub


@given(st.tuples(SHARES, SHARES, SHARES), st.tuples(SHARES, SHARES, SHARES), CLASSES)
def test_the_monotone_variant_never_improves_with_damage(
    one: tuple[float, float, float], other: tuple[float, float, float], road_class: RoadClass
) -> None:
    less = asphalt(*map(min, one, other), road_class, MONOTONE)
    more = asphalt(*map(max, one, other), road_class, MONOTONE)
    assert less.twsub is not None
    assert more.twsub is not None
    assert less.twsub <= more.twsub


@given(SHARES, SHARES, SHARES, CLASSES)
def test_a_score_keeps_to_its_scale(
    riss: float, afli: float, ofs: float, road_class: RoadClass
) -> None:
    score = asphalt(riss, afli, ofs, road_class)
    assert score.twsub is not None
    assert 1.0 <= score.twsub <= 5.0
    assert Decimal(str(score.twsub)) == round_half_up(score.twsub)


@given(SHARES)
def test_the_slope_above_the_threshold_is_that_below_it(share: float) -> None:
    """The cap of 5 lies at c = 1.5 s - 0.5 w; the table of the source gives these points."""
    norm = Normalisation(Decimal(1), Decimal(15), Decimal(25))
    x = Decimal(str(share))
    if x > 25:
        expected = min(Decimal(5), Decimal("4.5") + Decimal("0.5") * (x - 25) / 5)
        assert normalise(x, norm) == round_half_up(expected)
