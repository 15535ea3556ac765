"""Recordings grow old by the time that the service was up, or that somebody confirmed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.store.town.clock import EVERY_S, FREE_S, TownClock, TownTime, now_s_after
from tests.databases import open_on

DAY_S = 86400.0


class Clocks:
    """A clock of the world, which may be wrong, and one of the process, which is not."""

    def __init__(self):
        self.now_s = 1_800_000_000.0
        self.up_s = 50.0

    def pass_by(self, seconds):
        self.now_s += seconds
        self.up_s += seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def clock(tmp_path, clocks):
    with open_on("sqlite", tmp_path) as store:
        yield TownClock(store.engine, lambda: clocks.now_s, lambda: clocks.up_s)


def test_days_on_which_the_service_is_up_count(clock, clocks):
    for _ in range(100):
        clock.tick()
        clocks.pass_by(DAY_S)
    clock.tick()
    assert clock.read() == TownTime(clocks.now_s, 0.0)


def test_a_clock_that_jumps_ahead_makes_nothing_older_until_somebody_confirms_it(clock, clocks):
    clock.tick()
    before_s = clock.read().age_s
    clocks.now_s += 40 * DAY_S
    assert clock.read().age_s == before_s
    clocks.pass_by(EVERY_S)
    clock.tick()
    assert clock.read().age_s == pytest.approx(before_s + EVERY_S)
    assert clock.confirm() == pytest.approx(40 * DAY_S)
    assert clock.read() == TownTime(clocks.now_s, 0.0)


def test_a_clock_that_was_wrong_for_a_while_leaves_nothing_to_confirm(clock, clocks):
    clock.tick()
    for jump_s in (40 * DAY_S, -40 * DAY_S):
        clocks.now_s += jump_s
        clocks.pass_by(EVERY_S)
        clock.tick()
    assert clock.read().unconfirmed_s == pytest.approx(0.0, abs=2 * EVERY_S)


def test_a_restart_counts_and_a_month_switched_off_does_not(clock, clocks, tmp_path):
    clock.tick()
    clocks.now_s += FREE_S
    again = TownClock(clock._engine, lambda: clocks.now_s, lambda: 3.0)
    again.tick()
    assert again.read().unconfirmed_s == 0.0
    clocks.now_s += 30 * DAY_S
    assert again.read().unconfirmed_s == 30 * DAY_S


@given(
    steps=st.lists(st.tuples(st.floats(-1e7, 1e7), st.floats(0.0, 1e4)), max_size=20),
)
def test_ages_never_grow_by_more_than_the_time_seen_and_the_restarts(steps):
    last = TownTime(0.0, 0.0)
    for jump_s, seen_for_s in steps:
        then = now_s_after(last, last.now_s + jump_s, seen_for_s)
        assert then.unconfirmed_s >= 0.0
        assert then.age_s - last.age_s <= seen_for_s + FREE_S + 1e-3
        last = then
