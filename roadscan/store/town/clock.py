"""The clock of a town, by which recordings grow old: it never runs ahead of the service.

A wrong clock, or a service that was switched off for weeks, would make many recordings old at once.
The time that the clock moved on while no worker was there to see it does therefore not count until
an administrator confirms it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Float,
    cast,
    extract,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from roadscan.store.tables import town_clock

FREE_S: Final = 3600.0
"""Restarts up to this long count as time in which the service was up."""
EVERY_S: Final = 60.0
_ONLY: Final = 1


@dataclass(frozen=True, slots=True)
class TownTime:
    """The time of a town."""

    now_s: float
    """By the database's clock, UTC epoch seconds."""
    unconfirmed_s: float
    """How far that clock moved on while no worker saw it, and nobody has confirmed it."""

    @property
    def age_s(self) -> float:
        """The time by which ages are counted."""
        return self.now_s - self.unconfirmed_s


class TownClock:
    """The clock that all processes of a town share."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._monotonic = monotonic
        self._ticked: float | None = None

    def read(self) -> TownTime:
        """Return the time, counting what moved on since the last tick as unseen."""
        with self._engine.connect() as db:
            return self._moved_on(db, seen_for_s=0.0)

    def tick(self) -> None:
        """Record, at most once in `EVERY_S`, that a worker sees the time pass."""
        now = self._monotonic()
        if self._ticked is not None and now - self._ticked < EVERY_S:
            return
        self._move(now)

    def confirm(self) -> float:
        """Count all time that has passed; return the seconds that had not counted before."""
        told = self._move(self._monotonic())
        with self._engine.begin() as db:
            db.execute(update(town_clock).values(unconfirmed_s=0.0))
        return told.unconfirmed_s

    def _move(self, now: float) -> TownTime:
        seen_for_s = 0.0 if self._ticked is None else now - self._ticked
        self._ticked = now
        try:
            with self._engine.begin() as db:
                told = self._moved_on(db, seen_for_s)
                values = {"seen_s": told.now_s, "unconfirmed_s": told.unconfirmed_s}
                if not db.execute(update(town_clock).values(values)).rowcount:
                    db.execute(insert(town_clock).values(number=_ONLY, **values))
        except IntegrityError:  # another worker was faster at the very first tick
            return self.read()
        return told

    def _moved_on(self, db: Connection, seen_for_s: float) -> TownTime:
        now_s = float(db.scalar(select(shared_now_s(self._engine, self._clock))) or 0.0)
        row = db.execute(select(town_clock.c.seen_s, town_clock.c.unconfirmed_s)).first()
        return now_s_after(row and TownTime(*row), now_s, seen_for_s)


def now_s_after(last: TownTime | None, now_s: float, seen_for_s: float) -> TownTime:
    """Return the time after the clock went from what it last was to `now_s`.

    A clock that is set back takes back what it moved on before.
    """
    if last is None:
        return TownTime(now_s, 0.0)
    moved_s = now_s - last.now_s
    if 0.0 <= moved_s <= seen_for_s + FREE_S:
        return TownTime(now_s, last.unconfirmed_s)
    unseen_s = moved_s if moved_s < 0.0 else moved_s - seen_for_s
    return TownTime(now_s, max(0.0, last.unconfirmed_s + unseen_s))


def shared_now_s(engine: Engine, clock: Callable[[], float]) -> ColumnElement[float]:
    """Return the time of a clock that all processes share: on PostgreSQL the database's.

    An SQLite file is on one machine, so that machine's clock will do.
    """
    if engine.dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Float)
    return literal(clock(), Float)
