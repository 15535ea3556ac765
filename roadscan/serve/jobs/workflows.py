"""The workflows: which steps a job is made of, and what it tells on its way.

A step that a worker finished is not done again. What is wrong with an input ends the job at once
with its code; anything else is tried three times. All that passes is text, which DBOS can keep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Final

from dbos import DBOS
from pydantic import TypeAdapter

from roadscan.errors import RoadscanError
from roadscan.model.survey import DriveKey
from roadscan.serve.jobs.requests import (
    LOOK,
    LOOKS,
    MAX_ATTEMPTS,
    MAX_RECOVERIES,
    PROGRESS,
    Done,
    DriveRequest,
    Failure,
    NetworkRequest,
    Progress,
    PurgeRequest,
    RescoreRequest,
    ScoreRequest,
)
from roadscan.serve.jobs.workshop import DrivePlan, Workshop
from roadscan.serve.retention import Deleted

PASSING: Final = ("output_", "store_")
"""What these codes begin with is no fault of the input, and may pass: a full disk, a busy store."""
_PLAN: Final = TypeAdapter(DrivePlan)
_DELETED: Final = TypeAdapter(Deleted)


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


def register(workshop: Workshop, purging: Callable[[PurgeRequest], Deleted], steps: Steps) -> None:
    """Tell DBOS of the workflows."""

    @DBOS.workflow(name="drive", max_recovery_attempts=MAX_RECOVERIES)
    def drive(given: str) -> str:
        request = DriveRequest.model_validate_json(given)
        _tell("preparing", 0, 0)
        try:
            plan = _work_through(workshop, steps, request)
        except RefusedError as error:
            return _refused(error)
        key = DriveKey(plan.drive_id, plan.settings_sha256)
        answer = _answer(steps, "join_survey", lambda: workshop.join_survey(request, key))
        _tell("done", plan.chunks, plan.chunks)
        return answer

    @DBOS.workflow(name="score", max_recovery_attempts=MAX_RECOVERIES)
    def score(given: str) -> str:
        request = ScoreRequest.model_validate_json(given)
        _tell("assessing", 0, 1)
        return _answer(steps, "score_survey", lambda: workshop.score(request))

    @DBOS.workflow(name="rescore", max_recovery_attempts=MAX_RECOVERIES)
    def rescore(given: str) -> str:
        request = RescoreRequest.model_validate_json(given)
        _tell("assessing", 0, 1)
        return _answer(steps, "rescore_survey", lambda: workshop.rescore(request))

    @DBOS.workflow(name="purge", max_recovery_attempts=MAX_RECOVERIES)
    def purge(given: str) -> str:
        request = PurgeRequest.model_validate_json(given)
        _tell("deleting", 0, 0)
        files = size_bytes = 0
        # by parts, each of what is due by then: a list made before a kill may be long out of date
        while True:
            part = _DELETED.validate_json(
                steps.run("delete_some", lambda: _DELETED.dump_json(purging(request)).decode())
            )
            files, size_bytes = files + part.files, size_bytes + part.size_bytes
            _tell("deleting", files, files + part.left)
            if not part.files or not part.left:
                return Done(facts={"files": files, "bytes": size_bytes}).model_dump_json()

    @DBOS.workflow(name="network", max_recovery_attempts=MAX_RECOVERIES)
    def network(given: str) -> str:
        request = NetworkRequest.model_validate_json(given)
        _tell("reading", 0, 1)
        try:
            look = steps.run(
                "look_at_network",
                lambda: LOOKS.dump_json(workshop.look_at_network(request)).decode(),
            )
        except RefusedError as error:
            return _refused(error)
        # before it is read: a network that is refused is looked at to see why
        DBOS.set_event(LOOK, look)
        return _answer(steps, "read_network", lambda: workshop.read_network(request))


def _work_through(workshop: Workshop, steps: Steps, request: DriveRequest) -> DrivePlan:
    """Plan a drive, then look at it chunk by chunk."""
    plan = _PLAN.validate_json(
        steps.run("plan_drive", lambda: _PLAN.dump_json(workshop.plan_drive(request)).decode())
    )

    def work_chunk(number: int) -> str:
        workshop.work_chunk(request, number)
        return ""

    already = plan.chunks - len(plan.pending)
    for done, number in enumerate(plan.pending, start=already):
        _tell("looking", done, plan.chunks)
        steps.run("work_chunk", partial(work_chunk, number))
    return plan


def _answer(steps: Steps, name: str, body: Callable[[], dict[str, str | int]]) -> str:
    """Run the one step that a job is made of and return what the job answers."""
    try:
        return steps.run(name, lambda: Done(facts=body()).model_dump_json())
    except RefusedError as error:
        return _refused(error)


def _refused(error: RefusedError) -> str:
    return Done(failure=Failure.model_validate_json(str(error))).model_dump_json()


def _tell(stage: str, done: int, total: int) -> None:
    DBOS.set_event(PROGRESS, Progress(stage=stage, done=done, total=total).model_dump_json())
