"""Common parts of all workflows: steps that are not repeated, progress, and results of jobs.

A step that a worker has finished is not repeated. A fault of the input ends the job at once with
its code; anything else is tried three times. All values are passed as text, which DBOS can store.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from dbos import DBOS
from pydantic import TypeAdapter
from sqlalchemy.exc import OperationalError

from roadscan.errors import RoadscanError
from roadscan.serve.queue.job import PROGRESS, Done, Failure, Progress

T = TypeVar("T")
Facts = dict[str, str | int]
"""The results of a job, by name."""
MAX_ATTEMPTS: Final = 3
"""Limit for a step that fails."""
AWAY: Final = frozenset({"store_unreachable", "store_busy"})
AWAY_S: Final = 3600.0
"""How long a step waits for its database before it counts as failed."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
_LOG: Final = logging.getLogger("roadscan.serve.steps")
PASSING: Final = ("output_", "store_")
"""Prefixes of codes that are not faults of the input and may pass: full disk, busy store."""


class RefusedError(Exception):
    """A fault of the input, raised from a step: a `Failure` as JSON."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A runner of steps; it holds `lock` during each, so that a worker can stop in between."""

    lock: Lock
    sleep: Callable[[float], None] = time.sleep

    def run(self, name: str, body: Callable[[], str]) -> str:
        """Run a step unless its result is known; raises `RefusedError` or the step's own error."""

        def once() -> str:
            with self.lock:
                try:
                    return body()
                except RoadscanError as error:
                    if error.code.startswith(PASSING):
                        raise
                    raise RefusedError(Failure.of(error).model_dump_json()) from error

        def guarded() -> str:
            return outlasting(once, self.sleep)

        return DBOS.run_step(
            {
                "name": name,
                "retries_allowed": True,
                "max_attempts": MAX_ATTEMPTS,
                "should_retry": lambda error: not isinstance(error, RefusedError),
            },
            guarded,
        )

    def run_as(self, name: str, adapter: TypeAdapter[T], body: Callable[[], T]) -> T:
        """Run a step whose result is a record."""
        return adapter.validate_json(self.run(name, lambda: adapter.dump_json(body()).decode()))

    def finish(self, name: str, body: Callable[[], Facts]) -> str:
        """Run the last step of a job, or its only one, and return the job's result."""
        try:
            return self.run(name, lambda: done(body()))
        except RefusedError as error:
            return refused(error)


def outlasting(body: Callable[[], str], sleep: Callable[[float], None]) -> str:
    """Run something, and again while the database is away or busy, for up to `AWAY_S`."""
    waited_s, pause_s = 0.0, FIRST_PAUSE_S
    while True:
        try:
            return body()
        except (OperationalError, RoadscanError) as error:
            passes = isinstance(error, OperationalError) or error.code in AWAY
            if not passes or waited_s >= AWAY_S:
                raise
            _LOG.warning("the database is away; next try in %.0f s: %s", pause_s, error)
        sleep(pause_s)
        waited_s += pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def done(facts: Facts) -> str:
    """Return the result of a job that succeeded."""
    return Done(facts=facts).model_dump_json()


def refused(error: RefusedError) -> str:
    """Return the result of a job that was refused."""
    return Done(failure=Failure.model_validate_json(str(error))).model_dump_json()


def publish_progress(stage: str, finished: int, total: int) -> None:
    """Publish the job's progress."""
    DBOS.set_event(PROGRESS, Progress(stage=stage, done=finished, total=total).model_dump_json())
