"""The scoring of a survey by another scheme, from stored results."""

import time
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from roadscan.model.access import Caller, Right
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.kinds.score import score_survey
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName, SurveyName
from roadscan.serve.town import Town

SchemeName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
"""Name of a scheme that comes with roadscan; never a path to a file."""


class RescoreRequest(JobRequest):
    """A survey to be scored by another scheme."""

    kind: ClassVar[str] = "rescore"
    queue: ClassVar[QueueName] = QueueName.SURVEYS
    survey: SurveyName
    scheme: SchemeName
    asked_s: float
    """Time of the request: the same rescoring may be requested again after new drives."""


class SurveyToRescore(BaseModel):
    """A survey that somebody wants scored by another scheme."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    survey: SurveyName
    scheme: SchemeName


def workflow(place: Workplace) -> Workflow[RescoreRequest]:
    """Return the workflow of a worker."""

    def rescore(request: RescoreRequest) -> str:
        publish_progress("assessing", 0, 1)
        return place.steps.finish("rescore_survey", lambda: rescore_survey(place.town, request))

    return rescore


def rescore_survey(town: Town, request: RescoreRequest) -> Facts:
    """Score a survey by another scheme and renew its layers; no video is opened."""
    from roadscan.pipeline.scheme import load_scheme  # noqa: PLC0415 -- workers only
    from roadscan.pipeline.score_survey import use_scheme  # noqa: PLC0415 -- workers only

    use_scheme(town.store, request.survey, load_scheme(request.scheme))
    return score_survey(town, request.survey)


def routes(town: Town) -> APIRouter:
    """Return the route by which planners request a rescoring."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])
    Planner = Annotated[Caller, Depends(town.guard.need(Right.PLAN))]  # noqa: N806 -- a type

    @router.post("/rescore", status_code=202)
    def rescore(given: SurveyToRescore, caller: Planner) -> Job:
        request = RescoreRequest(
            survey=given.survey, scheme=given.scheme, asked_s=round(time.time(), 3)
        )
        job_id = town.queue.submit(request)
        what = f"{given.survey} by {given.scheme}"
        town.accounts.record(caller.name, "rescore_submitted", what)
        return town.queue.job(job_id)

    return router


KIND: Final = JobKind(RescoreRequest, workflow, routes)
