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


@given(st.integers(0, 50), st.integers(-9, 9))
def test_damage_of_a_pass_that_is_off_meets_that_of_the_other_in_the_middle(seed, off):
    first, other = register([seen(lane(seed)), seen(lane(seed), off)]).rows
    rows = np.flatnonzero(lane(seed).any(axis=1))
    rows = rows[(rows + off > 0) & (rows + off < ROWS)]
    assert np.abs(first[rows] - off - other[rows + off]).max() <= 1.0
    assert np.abs(first[rows] - off / 2).max() <= 1.5


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
    assert not found.rows.any()
    assert not found.apart_rows.any()


@given(st.integers(0, 50), st.integers(0, 3))
def test_a_pass_that_found_nothing_moves_no_damage(seed, others):
    found = register([seen(lane(seed))] * others + [seen(np.zeros((ROWS, 3)))])
    assert not found.rows.any()


@given(st.integers(0, 50), st.integers(0, 50))
def test_passes_that_found_other_kinds_are_not_moved(seed, other):
    one, two = lane(seed), lane(other)
    one[:, 2], two[:, :2] = 0.0, 0.0
    found = register([seen(one), seen(two)])
    assert not found.rows.any()
    assert found.misfit.all() == (one.any() and two.any())


@given(st.integers(1, 20), st.integers(0, 8))
def test_damage_at_even_distances_tells_no_shift(apart, first):
    """Joints every 5 m fit at every multiple of that: nothing is moved by half of one."""
    joints = np.zeros((ROWS, 1))
    joints[first::5] = 1.0
    found = register([seen(joints), seen(np.roll(joints, apart % 5, axis=0))])
    assert np.abs(found.rows[0] - found.rows[1]).max() <= 4.0


@pytest.mark.parametrize(
    ("off", "accuracy_m"), [(0, 3.0), (6, 3.0), (12, 3.0), (30, 3.0), (12, 0.5)]
)
def test_how_far_passes_disagree_is_how_well_the_place_is_known(off, accuracy_m):
    found = register([seen(lane(3), 0.0, accuracy_m), seen(lane(3), off, accuracy_m)])
    rows = np.flatnonzero(lane(3).any(axis=1))
    rows = rows[rows + off < ROWS - 20]
    assert np.abs(found.rows[0, rows] - off / 2).max() <= 1.0
    assert np.abs(found.apart_rows[rows] - off / 2).max() <= 1.0
    assert found.far[rows].all() == (off / np.hypot(accuracy_m, accuracy_m) > 2.5)
    assert not found.misfit.any()


def test_one_of_three_passes_that_is_far_off_is_brought_in():
    found = register([seen(lane(3)), seen(lane(3)), seen(lane(3), 12.0)])
    rows = np.flatnonzero(lane(3).any(axis=1))[:-5]
    assert np.abs(found.rows[0, rows] - 4).max() <= 1.0
    assert np.abs(found.rows[2, rows + 12] + 8).max() <= 1.0
    assert found.apart_rows[rows].min() > 3.5


def test_passes_that_share_no_stretch_are_no_misfit():
    first, second = (PassAlong(lane(3), np.arange(ROWS) // 100 == half, 3.0) for half in (0, 1))
    found = register([_seen_part(first), _seen_part(second)])
    assert not found.rows.any()
    assert not found.misfit.any()


def _seen_part(one):
    return PassAlong(one.affected * one.seen[:, None], one.seen, one.accuracy_m)


@given(st.integers(0, 50), st.lists(st.floats(-3, 3), min_size=4, max_size=4))
def test_moving_rows_makes_no_crack_of_its_own_and_loses_none_in_the_middle(seed, knots):
    rng = np.random.default_rng(seed)
    rows = np.zeros(ROWS, np.bool_)
    rows[np.sort(rng.choice(np.arange(20, ROWS - 20, 12), 8, replace=False))] = True
    shift = np.interp(np.arange(ROWS), np.linspace(0, ROWS, 4), knots)
    assert moved_rows(rows, shift).sum() == 8


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.floats(-20, 20))
def test_damage_does_not_leave_the_lane(affected, shift):
    rows = np.array(affected)
    assert moved_rows(rows, np.full(len(rows), shift)).any() == rows.any()


@pytest.mark.parametrize("rows", [1, 3, 11])
def test_short_lanes_can_be_registered(rows):
    one = PassAlong(np.ones((rows, 2)), np.ones(rows, np.bool_), 3.0)
    assert register([one, one]).rows.shape == (2, rows)
