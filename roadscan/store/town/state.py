"""Which network is in force, and which workers are alive."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Engine,
    Float,
    cast,
    delete,
    extract,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from roadscan.store import tables


@dataclass(frozen=True, slots=True)
class NetworkVersion:
    """A network that was put in force; the one with the highest number counts."""

    number: int
    network_sha256: str
    name: str
    put_by: str
    at_s: float


class TownState:
    """A town's networks and workers."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def put_network_in_force(self, network_sha256: str, name: str, put_by: str) -> None:
        """Let new surveys be matched to a network that the store has."""
        row = {
            "network_sha256": network_sha256,
            "name": name,
            "put_by": put_by,
            "at_s": self._clock(),
        }
        with self._engine.begin() as db:
            db.execute(insert(tables.network_versions), row)

    def networks(self) -> tuple[NetworkVersion, ...]:
        """Return all that were ever in force, the one that is first."""
        table = tables.network_versions
        with self._engine.connect() as db:
            rows = db.execute(select(table).order_by(table.c.number.desc()))
            return tuple(NetworkVersion(*row) for row in rows)

    def beat(self, worker_id: str) -> None:
        """Hear that a worker is alive."""
        table = tables.workers
        now = {"beat_s": self._now_s()}
        this = update(table).where(table.c.worker_id == worker_id).values(now)
        try:
            with self._engine.begin() as db:
                if not db.execute(this).rowcount:
                    db.execute(insert(table).values(worker_id=worker_id, **now))
        except IntegrityError:  # another beat of its own came in between: that one counts
            return

    def leave(self, worker_id: str) -> None:
        """Hear that a worker ends, so that others need not wait for its next beat."""
        with self._engine.begin() as db:
            db.execute(delete(tables.workers).where(tables.workers.c.worker_id == worker_id))

    def alive(self, within_s: float) -> frozenset[str]:
        """Return the workers that were heard of within so many seconds."""
        table = tables.workers
        heard = select(table.c.worker_id).where(table.c.beat_s >= self._now_s() - within_s)
        with self._engine.connect() as db:
            return frozenset(db.scalars(heard))

    def _now_s(self) -> ColumnElement[float]:
        """Return the time of the one clock that all workers share: the database's, if it has one.

        Workers on several machines would take each other for gone if their clocks differed. SQLite
        is a file on one machine, whose clock it is.
        """
        if self._engine.dialect.name == "postgresql":
            return cast(extract("epoch", func.clock_timestamp()), Float)
        return literal(self._clock(), Float)
