"""Heartbeats of worker processes: which of them are alive."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.store.tables import workers
from roadscan.store.town.clock import shared_now_s

WORKER_SILENT_S: Final = 60.0
"""A worker without a heartbeat for longer than this does not count as alive."""


@dataclass(frozen=True, slots=True)
class SchedulerSetback:
    """Something that could not be scheduled, and is tried again."""

    item: str
    error: str
    next_try_s: float
    """UTC epoch seconds."""


class WorkerHeartbeats:
    """The heartbeats of one town's workers."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def beat(self, worker_id: str) -> None:
        """Record that a worker is alive."""
        now = {"beat_s": self._now_s()}
        this = update(workers).where(workers.c.worker_id == worker_id).values(now)
        try:
            with self._engine.begin() as db:
                if not db.execute(this).rowcount:
                    db.execute(insert(workers).values(worker_id=worker_id, **now))
        except IntegrityError:  # a concurrent beat of the same worker inserted the row
            return

    def scheduled(self, worker_id: str, setbacks: Iterable[SchedulerSetback]) -> None:
        """Record that a worker's scheduler ran to its end, and what it could not schedule."""
        told = json.dumps([asdict(one) for one in setbacks])
        this = update(workers).where(workers.c.worker_id == worker_id)
        with self._engine.begin() as db:
            db.execute(this.values(scheduled_s=self._now_s(), setbacks=told))

    def scheduling(self, within_s: float) -> frozenset[str]:
        """Return the workers whose scheduler last ran to its end at most this long ago."""
        recent = workers.c.scheduled_s >= self._now_s() - within_s
        with self._engine.connect() as db:
            return frozenset(db.scalars(select(workers.c.worker_id).where(recent)))

    def setbacks(self, within_s: float) -> tuple[SchedulerSetback, ...]:
        """Return what the schedulers of the workers that are alive could not schedule."""
        recent = workers.c.beat_s >= self._now_s() - within_s
        with self._engine.connect() as db:
            told = db.scalars(select(workers.c.setbacks).where(recent)).all()
        found = {one["item"]: SchedulerSetback(**one) for text in told for one in json.loads(text)}
        return tuple(found[item] for item in sorted(found))

    def leave(self, worker_id: str) -> None:
        """Record that a worker has stopped, so that others need not wait for it to time out."""
        with self._engine.begin() as db:
            db.execute(delete(workers).where(workers.c.worker_id == worker_id))

    def alive(self, within_s: float) -> frozenset[str]:
        """Return the workers whose last heartbeat is at most this old."""
        recent = select(workers.c.worker_id).where(workers.c.beat_s >= self._now_s() - within_s)
        with self._engine.connect() as db:
            return frozenset(db.scalars(recent))

    def _now_s(self) -> ColumnElement[float]:
        """Return a shared time: machines whose clocks differ would take each other for dead."""
        return shared_now_s(self._engine, self._clock)
