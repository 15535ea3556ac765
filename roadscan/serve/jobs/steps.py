"""What all workflows share: steps that are not done again, what a job tells, how it ends.

A step that a worker finished is not done again. What is wrong with an input ends the job at once
with its code; anything else is tried three times. All that passes is text, which DBOS can keep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from dbos import DBOS

from roadscan.errors import RoadscanError
from roadscan.serve.jobs.requests import MAX_ATTEMPTS, PROGRESS, Done, Failure, Progress

PASSING: Final = ("output_", "store_")
"""What these codes begin with is no fault of the input, and may pass: a full disk, a busy store."""


class RefusedError(Exception):
    """What is wrong with an input, on its way out of a step: a `Failure` as JSON."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs steps; `lock` is held meanwhile, so that a worker can stop between two."""

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


def answer(steps: Steps, name: str, body: Callable[[], dict[str, str | int]]) -> str:
    """Run the one step that a job is made of and return what the job answers."""
    try:
        return steps.run(name, lambda: Done(facts=body()).model_dump_json())
    except RefusedError as error:
        return refused(error)


def refused(error: RefusedError) -> str:
    """Return what a job answers that was refused."""
    return Done(failure=Failure.model_validate_json(str(error))).model_dump_json()


def tell(stage: str, done: int, total: int) -> None:
    """Tell how far the job is."""
    DBOS.set_event(PROGRESS, Progress(stage=stage, done=done, total=total).model_dump_json())
