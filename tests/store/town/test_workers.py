import time

import pytest

from roadscan.store.town.workers import SchedulerSetback, WorkerHeartbeats
from tests.databases import DATABASES, open_on

HOUR_S = 3600.0


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    with open_on(request.param, tmp_path) as opened:
        yield opened


def test_a_worker_is_alive_from_its_first_beat_until_it_leaves(store):
    workers = WorkerHeartbeats(store.engine, time.time)
    workers.beat("here-0")
    workers.beat("here-0")
    workers.beat("there-0")
    assert workers.alive(30.0) == {"here-0", "there-0"}
    workers.leave("here-0")
    assert workers.alive(30.0) == {"there-0"}


def test_a_worker_unheard_of_for_too_long_is_gone(store):
    workers = WorkerHeartbeats(store.engine, time.time)
    workers.beat("here-0")
    time.sleep(0.05)
    assert workers.alive(0.01) == frozenset()
    assert workers.alive(30.0) == {"here-0"}


@pytest.mark.postgis
@pytest.mark.parametrize("off_by_s", [-HOUR_S, HOUR_S])
def test_a_machine_whose_clock_is_wrong_takes_nobody_for_gone_and_is_not(tmp_path, off_by_s):
    with open_on("postgis", tmp_path) as store:
        right = WorkerHeartbeats(store.engine, time.time)
        wrong = WorkerHeartbeats(store.engine, lambda: time.time() + off_by_s)
        right.beat("right-0")
        wrong.beat("wrong-0")
        assert right.alive(30.0) == wrong.alive(30.0) == {"right-0", "wrong-0"}


def test_on_one_machine_its_own_clock_counts(tmp_path):
    now_s = [1000.0]
    with open_on("sqlite", tmp_path) as store:
        workers = WorkerHeartbeats(store.engine, lambda: now_s[0])
        workers.beat("here-0")
        now_s[0] += 30.0
        assert workers.alive(30.0) == {"here-0"}
        now_s[0] += 1.0
        assert workers.alive(30.0) == frozenset()


def test_what_could_not_be_scheduled_is_told_by_the_workers_that_are_alive(store):
    workers = WorkerHeartbeats(store.engine, time.time)
    workers.beat("here-0")
    assert workers.scheduling(30.0) == frozenset()
    setback = SchedulerSetback("the drive a", "ValueError: Größe", 5.0)
    workers.scheduled("here-0", [setback])
    assert workers.scheduling(30.0) == {"here-0"}
    assert workers.setbacks(30.0) == (setback,)
    workers.scheduled("here-0", [])
    assert workers.setbacks(30.0) == ()
