"""The workflows of drives, networks and surveys: which steps a job is made of."""

from functools import partial
from typing import Final

from dbos import DBOS
from pydantic import TypeAdapter

from roadscan.model.survey import DriveKey
from roadscan.serve.jobs.drive_steps import DrivePlan, DriveSteps
from roadscan.serve.jobs.maintenance import Maintenance
from roadscan.serve.jobs.requests import (
    FOUND,
    FOUND_OF_DRIVE,
    LOOK,
    LOOKS,
    MAX_RECOVERIES,
    CheckRequest,
    Done,
    DriveRequest,
    NetworkRequest,
    RescoreRequest,
    ScoreRequest,
)
from roadscan.serve.jobs.steps import RefusedError, Steps, answer, refused, tell

_PLAN: Final = TypeAdapter(DrivePlan)


def register(workshop: DriveSteps, household: Maintenance, steps: Steps) -> None:
    """Tell DBOS of the workflows of drives, networks and surveys."""

    @DBOS.workflow(name="drive", max_recovery_attempts=MAX_RECOVERIES)
    def drive(given: str) -> str:
        request = DriveRequest.model_validate_json(given)
        tell("preparing", 0, 0)
        try:
            plan = _work_through(workshop, steps, request)
        except RefusedError as error:
            return refused(error)
        key = DriveKey(plan.drive_id, plan.settings_sha256)
        joined = answer(steps, "join_survey", lambda: workshop.join_survey(request, key))
        tell("done", plan.chunks, plan.chunks)
        return joined

    @DBOS.workflow(name="check", max_recovery_attempts=MAX_RECOVERIES)
    def check(given: str) -> str:
        request = CheckRequest.model_validate_json(given)
        tell("checking", 0, 1)
        try:
            told = steps.run(
                "check_drive",
                lambda: FOUND_OF_DRIVE.dump_json(workshop.check_drive(request)).decode(),
            )
        except RefusedError as error:
            return refused(error)
        DBOS.set_event(FOUND, told)
        concerns = len(FOUND_OF_DRIVE.validate_json(told).concerns)
        if concerns:
            return Done(facts={"concerns": concerns}).model_dump_json()
        return answer(steps, "start_drive", lambda: household.start_drive(request))

    @DBOS.workflow(name="score", max_recovery_attempts=MAX_RECOVERIES)
    def score(given: str) -> str:
        request = ScoreRequest.model_validate_json(given)
        tell("assessing", 0, 1)
        return answer(steps, "score_survey", lambda: workshop.score(request))

    @DBOS.workflow(name="rescore", max_recovery_attempts=MAX_RECOVERIES)
    def rescore(given: str) -> str:
        request = RescoreRequest.model_validate_json(given)
        tell("assessing", 0, 1)
        return answer(steps, "rescore_survey", lambda: workshop.rescore(request))

    @DBOS.workflow(name="network", max_recovery_attempts=MAX_RECOVERIES)
    def network(given: str) -> str:
        request = NetworkRequest.model_validate_json(given)
        tell("reading", 0, 1)
        try:
            look = steps.run(
                "preview_network",
                lambda: LOOKS.dump_json(workshop.preview_network(request)).decode(),
            )
        except RefusedError as error:
            return refused(error)
        # before it is read: a network that is refused is looked at to see why
        DBOS.set_event(LOOK, look)
        return answer(steps, "read_network", lambda: workshop.read_network(request))


def _work_through(workshop: DriveSteps, steps: Steps, request: DriveRequest) -> DrivePlan:
    """Plan a drive, then look at it chunk by chunk."""
    plan = _PLAN.validate_json(
        steps.run("plan_drive", lambda: _PLAN.dump_json(workshop.plan_drive(request)).decode())
    )

    def work_chunk(number: int) -> str:
        workshop.work_chunk(request, number)
        return ""

    already = plan.chunks - len(plan.pending)
    for done, number in enumerate(plan.pending, start=already):
        tell("looking", done, plan.chunks)
        steps.run("work_chunk", partial(work_chunk, number))
    return plan
