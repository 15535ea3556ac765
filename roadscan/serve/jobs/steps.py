"""What all workflows share: steps that are not repeated, progress, and how a job ends.

A step that a worker finished is not done again. A fault of the input ends the job at once with
its code; anything else is tried three times. All values that pass are text, which DBOS can store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from dbos import DBOS
from pydantic import TypeAdapter

from roadscan.errors import RoadscanError
from roadscan.serve.queue.job import PROGRESS, Done, Failure, Progress

T = TypeVar("T")
Facts = dict[str, str | int]
"""The results of a job, by name."""
MAX_ATTEMPTS: Final = 3
"""For a step that goes wrong."""
PASSING: Final = ("output_", "store_")
"""Codes that begin so are no fault of the input and may pass: a full disk, a busy store."""


class RefusedError(Exception):
    """A fault of the input, on its way out of a step: a `Failure` as JSON."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs steps; `lock` is held meanwhile, so that a worker can stop between two of them."""

    lock: Lock

    def run(self, name: str, body: Callable[[], str]) -> str:
        """Run a step unless its result is known; raises `RefusedError` or what went wrong."""

        def guarded() -> str:
            with self.lock:
                try:
                    return body()
                except RoadscanError as error:
                    if error.code.startswith(PASSING):
                        raise
                    raise RefusedError(Failure.of(error).model_dump_json()) from error

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


def done(facts: Facts) -> str:
    """Return the result of a job that did what was asked."""
    return Done(facts=facts).model_dump_json()


def refused(error: RefusedError) -> str:
    """Return the result of a job that was refused."""
    return Done(failure=Failure.model_validate_json(str(error))).model_dump_json()


def publish_progress(stage: str, finished: int, total: int) -> None:
    """Publish how far the job is."""
    DBOS.set_event(PROGRESS, Progress(stage=stage, done=finished, total=total).model_dump_json())
