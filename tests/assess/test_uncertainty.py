from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from roadscan.assess.lanes import assess_segment
from roadscan.assess.passes import CombinedLane
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.score import combine, normalise, round_half_up, score_segment
from roadscan.assess.uncertainty import (
    DRAWS,
    POINTS,
    Seen,
    affected_share,
    combined,
    finding,
    found_given_damaged,
    hundredths,
    prior,
    shortest,
    with_errors,
)
from roadscan.model.hit_rate import HitRate, known_kinds, possible
from roadscan.model.road import Direction, Link, RoadClass, Segment, Surface
from roadscan.model.score import Indicators, SegmentResult
from roadscan.read.scheme_file import read_scheme_text
from tests.assess.simulated_roads import (
    INDICATOR,
    KINDS,
    ROWS,
    SEGMENT_ROWS,
    Lane,
    Simulated,
    driven,
    lane,
    measured,
)

AP9K = parse_scheme(read_scheme_text("ap9k"))
MONOTONE = parse_scheme(read_scheme_text("ap9k-monotone"))
CARD = {"D00": 0.4, "D10": 0.43, "D20": 0.13, "D40": 0.46, "Repair": 0.0}
SEGMENTS = [
    Segment(f"a:f:{k}", "a", Direction.FORWARD, float(k), float(k + SEGMENT_ROWS))
    for k in range(0, ROWS, SEGMENT_ROWS)
]
VALUES = st.integers(100, 500)


def link(road_class: RoadClass = RoadClass.B) -> Link:
    return Link(
        link_id="a",
        xy_m=np.array([[0.0, 0.0], [ROWS, 0.0]]),
        street="",
        street_key="",
        road_class=road_class,
        surface=Surface.ASPHALT,
        lane_width_m=3.5,
        lane_width_source="network",
        forward=True,
        backward=False,
        outside_town=False,
    )


def scored(
    seen: CombinedLane, rates: dict[str, HitRate], road_class: RoadClass = RoadClass.B
) -> tuple[SegmentResult, ...]:
    road, known = link(road_class), known_kinds(KINDS, rates)
    results = [assess_segment(one, road, seen, None, known, AP9K, 0) for one in SEGMENTS]
    return with_errors(results, SEGMENTS, road, seen, known, rates, AP9K)


def true_scores(road: Lane, road_class: RoadClass = RoadClass.B) -> list[float]:
    scores = []
    for one in SEGMENTS:
        shares = [
            float(
                round_half_up(
                    Decimal(
                        100
                        * int(
                            road.cells(tuple(k for k in KINDS if INDICATOR[k] == name))[
                                int(one.from_m) : int(one.to_m)
                            ].sum()
                        )
                    )
                    / (3 * SEGMENT_ROWS)
                )
            )
            for name in ("riss", "afli", "ofs")
        ]
        score = score_segment(Indicators(*shares), road_class, Surface.ASPHALT, AP9K).score
        assert score is not None
        scores.append(score)
    return scores


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1), st.sampled_from([AP9K, MONOTONE]))
def test_many_values_are_combined_as_one_is(
    values: Sequence[tuple[int, int, int]], scheme: Scheme
) -> None:
    rule = scheme.combine[Surface.ASPHALT]
    names = ("riss", "afli", "ofs")
    columns = {name: np.array(values)[:, k] for k, name in enumerate(names)}
    one_by_one = [
        combine({n: Decimal(v) / 100 for n, v in zip(names, row, strict=True)}, rule).value
        for row in values
    ]
    assert combined(columns, rule).tolist() == [int(100 * value) for value in one_by_one]


@given(st.integers(1, 60), st.sampled_from(sorted(AP9K.normalise[Surface.ASPHALT, RoadClass.A])))
def test_values_of_cells_are_those_of_the_scheme(cells: int, name: str) -> None:
    for road_class in (RoadClass.A, RoadClass.B):
        norm = AP9K.normalise[Surface.ASPHALT, road_class][name]
        share = [round_half_up(Decimal(100 * k) / cells) for k in range(cells + 1)]
        assert hundredths(norm, cells).tolist() == [int(100 * normalise(s, norm)) for s in share]


def test_the_points_are_even() -> None:
    assert POINTS.shape == (DRAWS, 3)
    assert ((POINTS > 0) & (POINTS < 1)).all()
    assert np.abs(POINTS.mean(axis=0) - 0.5).max() < 0.02


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.9])
@pytest.mark.parametrize(("cells", "seen"), [(60, 60), (60, 45), (7, 6)])
def test_every_number_of_damaged_cells_leads_to_some_number_found(
    alike: float, cells: int, seen: int
) -> None:
    rate = replace(measured(Simulated(CARD), 20)["D40"], alike=alike, wrong=0.01, wrong_alike=0.2)
    found = found_given_damaged(rate, Seen(cells, seen, 3, 1), 0.34)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert np.isclose(prior("riss", cells).sum(), 1.0)
    hits = found[seen] if alike else None
    if hits is not None:
        share = affected_share(rate.found, 3, 0.34)
        spread = 1 / alike - 1
        expected = betabinom.pmf(np.arange(seen + 1), seen, share * spread, (1 - share) * spread)
        assert np.allclose(hits, expected)


def test_the_shortest_interval_holds_four_fifths() -> None:
    assert shortest(np.array([1, 1, 1, 1, 1, 1, 1, 1, 5, 9])) == (1, 1)
    assert shortest(np.array([1, 4, 4, 4, 4, 4, 4, 4, 4, 9])) == (4, 4)


CASES = {
    "card": (Simulated(CARD, 0.004), 3, 1),
    "card, three passes": (Simulated(CARD, 0.004), 3, 3),
    "one view": (Simulated(CARD, 0.004), 1, 1),
    "faint and clear": (Simulated({**CARD, "Repair": 0.3}, 0.01, 0.7), 5, 2),
    "good": (Simulated(dict.fromkeys(KINDS, 0.8), 0.002), 3, 1),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_four_true_scores_in_five_lie_within(case: str) -> None:
    """Not less than 73 %; more on roads of which most segments are sound: 1.00 is one value."""
    how, views, passes = CASES[case]
    rates, rng = measured(how), np.random.default_rng(1)
    inside = []
    for number in range(12):
        road, road_class = lane(rng), (RoadClass.A, RoadClass.B)[number % 2]
        for one, true in zip(
            scored(driven(road, how, rng, views, passes), rates, road_class),
            true_scores(road, road_class),
            strict=True,
        ):
            assert one.score_low is not None
            assert one.score_high is not None
            inside.append(one.score_low - 0.005 <= true <= one.score_high + 0.005)
    assert 0.73 <= np.mean(inside) <= 0.93


def test_a_model_that_misses_much_does_not_say_very_good() -> None:
    how = Simulated(CARD)
    seen = driven(Lane(()), how, np.random.default_rng(0))
    for one in scored(seen, measured(how)):
        assert (one.score.score, one.score.condition_class) == (1.0, 1)
        assert one.score_high is not None
        assert one.score_high >= 1.5
        assert one.finding == "no_damage_seen"


def test_a_model_that_misses_little_does() -> None:
    how = Simulated(dict.fromkeys(KINDS, 0.98), clear=50.0)
    for one in scored(driven(Lane(()), how, np.random.default_rng(0)), measured(how)):
        assert one.finding == "class_1"
        assert one.class_probability is not None
        assert one.class_probability > 0.9


def test_without_measured_rates_there_is_no_error_and_no_very_good() -> None:
    seen = driven(Lane(()), Simulated(CARD), np.random.default_rng(0))
    for one in scored(seen, {}):
        assert (one.score_low, one.score_high, one.class_probability) == (None, None, None)
        assert one.finding == "no_damage_seen"


def test_little_damage_is_not_none() -> None:
    cells = np.zeros((ROWS, 3), np.bool_)
    cells[5, 0] = True
    how = Simulated(dict.fromkeys(KINDS, 1.0), clear=1e6)
    seen = driven(Lane((("D40", cells),)), how, np.random.default_rng(0))
    first = scored(seen, measured(Simulated(CARD)))[0]
    assert first.score.condition_class == 1
    assert first.finding == "little_damage_seen"


def test_a_worse_class_keeps_its_number() -> None:
    cells = np.ones((ROWS, 3), np.bool_)
    how = Simulated(dict.fromkeys(KINDS, 1.0), clear=1e6)
    seen = driven(Lane((("D20", cells),)), how, np.random.default_rng(0))
    assert {one.finding for one in scored(seen, measured(how))} == {"class_4"}


def test_what_has_no_score_has_no_error() -> None:
    road, known = link(), frozenset(KINDS)
    (result,) = [assess_segment(SEGMENTS[0], road, None, None, known, AP9K, 0)]
    (same,) = with_errors([result], SEGMENTS[:1], road, None, known, {}, AP9K)
    assert (same.score_low, same.finding) == (None, "")
    assert finding(result, AP9K) == ""


def test_a_place_less_certain_makes_a_score_less_certain() -> None:
    rng = np.random.default_rng(3)
    how = Simulated(dict.fromkeys(KINDS, 0.95), clear=50.0)
    rates, seen = measured(how), driven(lane(rng), how, rng)
    vague = replace(seen, grid=replace(seen.grid, accuracy_m=np.full(ROWS, 5.0)))
    sure, unsure = (
        np.mean([(one.score_high or 0) - (one.score_low or 0) for one in scored(which, rates)])
        for which in (seen, vague)
    )
    assert unsure > 1.5 * sure


def test_a_kind_that_is_hardly_ever_found_is_unknown() -> None:
    rates = measured(Simulated(CARD, 0.004))
    assert known_kinds(KINDS, rates) == {"D00", "D10", "D20", "D40"}
    assert known_kinds(KINDS, {}) == set(KINDS)
    seen = driven(Lane(()), Simulated(CARD), np.random.default_rng(0))
    assert {one.score.twsub_basis for one in scored(seen, rates)} == {"riss+ofs"}


def test_a_rate_that_is_no_share_is_refused() -> None:
    rate = measured(Simulated(CARD))["D40"]
    with pytest.raises(ValueError, match=r"D40\.found is 1\.2"):
        possible({"D40": replace(rate, found=1.2)})
