"""Times by stage add up to the time that passed, once."""

from collections.abc import Iterator

import pytest

from roadscan.pipeline import run_record
from roadscan.pipeline.run_record import Stopwatch


class Clock:
    """Passes as a test says."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(run_record, "perf_counter", made)
    return made


def test_a_stage_entered_again_adds_up(clock: Clock) -> None:
    watch = Stopwatch()
    for seconds in (1.0, 2.5):
        with watch.stage("detect"):
            clock.now_s += seconds
        clock.now_s += 10.0
    assert watch.seconds == {"detect": 3.5}
    assert watch.total_s() == 23.5


def test_a_stage_inside_another_is_counted_once(clock: Clock) -> None:
    watch = Stopwatch()
    with watch.stage("prepare"):
        clock.now_s += 1.0
        with watch.stage("clock"):
            clock.now_s += 4.0
        clock.now_s += 0.5
    assert watch.seconds == {"prepare": 1.5, "clock": 4.0}


def test_a_stage_that_fails_is_counted_and_closed(clock: Clock) -> None:
    watch = Stopwatch()

    def fail() -> None:
        with watch.stage("decode"):
            clock.now_s += 2.0
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    with watch.stage("store"):
        clock.now_s += 1.0
    assert watch.seconds == {"decode": 2.0, "store": 1.0}


def test_only_the_waits_for_items_are_counted_not_what_is_done_with_them(clock: Clock) -> None:
    watch = Stopwatch()

    def frames() -> Iterator[int]:
        for number in range(3):
            clock.now_s += 1.0
            yield number
        clock.now_s += 0.25

    with watch.stage("clock"):
        seen = []
        for number in watch.waits("clock_decode", frames()):
            clock.now_s += 2.0
            seen.append(number)
    assert seen == [0, 1, 2]
    assert watch.seconds == {"clock": 6.0, "clock_decode": 3.25}
