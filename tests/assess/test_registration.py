"""Passes over one lane are brought together by what they saw, whatever their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.registration import PassAlong, moved_rows, register

ROWS = 200


def lane(seed: int, count: int = 25) -> np.ndarray:
    rng = np.random.default_rng(seed)
    affected = np.zeros((ROWS, 3))
    for row in rng.integers(15, ROWS - 20, count):
        affected[row : row + rng.integers(1, 4), rng.integers(0, 3)] = 1.0
    return affected


def seen(affected: np.ndarray, shift: float = 0.0, accuracy_m: float = 3.0) -> PassAlong:
    moved = moved_rows(affected, np.full(ROWS, shift))
    return PassAlong(moved, np.ones(ROWS, np.bool_), accuracy_m)


def test_a_single_pass_stays_where_it_is():
    assert not register([seen(lane(0))]).rows.any()


@given(st.integers(0, 50), st.integers(1, 4))
def test_passes_that_saw_the_same_stay_where_they_are(seed, count):
    assert np.abs(register([seen(lane(seed))] * count).rows).max() < 0.5


@given(st.integers(0, 50), st.integers(-6, 6))
def test_a_pass_that_is_off_meets_the_other_in_the_middle(seed, off):
    shifts = register([seen(lane(seed)), seen(lane(seed), off)]).rows
    inner = slice(20, ROWS - 20)
    assert np.abs(shifts[0, inner] - shifts[1, inner] - off).max() < 1.2
    assert np.abs(shifts.sum(axis=0)).max() <= 1.0  # each is rounded to a whole row


@given(st.integers(0, 20), st.permutations([0, 1, 2]))
def test_the_order_of_passes_changes_nothing(seed, order):
    passes = [seen(lane(seed)), seen(lane(seed), 3.0), seen(lane(seed), -2.0, accuracy_m=1.0)]
    shifts = register(passes).rows
    again = register([passes[k] for k in order]).rows
    np.testing.assert_allclose(again, shifts[list(order)], atol=1e-9)


def test_an_accurate_pass_moves_less_than_one_that_is_not():
    shifts = register([seen(lane(1), accuracy_m=1.0), seen(lane(1), 4.0, accuracy_m=4.0)]).rows
    assert np.abs(shifts[0]).max() < np.abs(shifts[1]).max() / 5


def test_passes_over_a_sound_lane_are_not_moved():
    nothing = np.zeros((ROWS, 3))
    found = register([seen(nothing), seen(nothing)])
    assert np.abs(found.rows).max() < 1e-6
    assert found.sigma_rows.min() > 2.0


def test_passes_that_have_nothing_in_common_are_not_moved():
    one, other = np.zeros((ROWS, 3)), np.zeros((ROWS, 3))
    one[50, 0], other[150, 1] = 1.0, 1.0
    assert np.abs(register([seen(one), seen(other)]).rows).max() < 1.0


@given(st.integers(0, 50), st.lists(st.floats(-3, 3), min_size=4, max_size=4))
def test_moving_rows_makes_no_crack_of_its_own_and_loses_none_in_the_middle(seed, knots):
    rng = np.random.default_rng(seed)
    rows = np.zeros(ROWS, np.bool_)
    rows[np.sort(rng.choice(np.arange(20, ROWS - 20, 12), 8, replace=False))] = True
    shift = np.interp(np.arange(ROWS), np.linspace(0, ROWS, 4), knots)
    assert moved_rows(rows, shift).sum() == 8


def test_rows_that_move_out_of_the_lane_are_gone():
    rows = np.zeros(5, np.bool_)
    rows[4] = True
    assert not moved_rows(rows, np.full(5, 3.0)).any()


@pytest.mark.parametrize("rows", [1, 3, 11])
def test_short_lanes_can_be_registered(rows):
    one = PassAlong(np.ones((rows, 2)), np.ones(rows, np.bool_), 3.0)
    assert register([one, one]).rows.shape == (2, rows)
