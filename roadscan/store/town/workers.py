"""Heartbeats of worker processes: which of them are alive."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.store.tables import workers
from roadscan.store.town.clock import shared_now_s

WORKER_SILENT_S: Final = 60.0
"""A worker without a heartbeat for longer than this does not count as alive."""


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
