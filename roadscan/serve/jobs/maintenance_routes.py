"""What the town's administrators and planners have done by a worker: deletion, backup, export."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.jobs.exports import export_path
from roadscan.serve.jobs.moved import rematch_request
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import (
    BackupRequest,
    ChoreRequest,
    ExportRequest,
    Job,
    PurgeRequest,
    State,
    SurveyName,
)
from roadscan.serve.settings import ServeSettings
from roadscan.store.town.networks import NetworkVersions

ZIP: Final = "application/zip"


class ToBackUp(BaseModel):
    """How much of the town is copied."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    raw: bool = False
    """With the videos and tracks that are still kept."""


class OfSurvey(BaseModel):
    """The survey that something is to be done with."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    survey: SurveyName


def chores_router(
    guard: Guard, settings: ServeSettings, queue: JobQueue, networks: NetworkVersions
) -> APIRouter:
    """Return the routes that begin chores, and the one that hands out an export."""
    router = APIRouter(prefix="/api", tags=["jobs"])
    Admin = Annotated[Caller, Depends(guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type
    Planner = Annotated[Caller, Depends(guard.need(Right.PLAN))]  # noqa: N806 -- a type

    def begin(request: ChoreRequest, what: str) -> Job:
        job_id = queue.submit(request)
        guard.accounts.record(request.asked_by, what, job_id)
        return queue.job(job_id)

    @router.post("/jobs/purge", status_code=202)
    def purge(caller: Admin) -> Job:
        """Delete the raw recordings whose time is over now, not only once a day."""
        return begin(PurgeRequest(asked_for=_now(), asked_by=caller.name), "purge_submitted")

    @router.post("/jobs/backup", status_code=202)
    def backup(given: ToBackUp, caller: Admin) -> Job:
        """Copy the town into a new folder under its own, from where it is taken elsewhere."""
        request = BackupRequest(asked_for=_now(), asked_by=caller.name, raw=given.raw)
        return begin(request, "backup_submitted")

    @router.post("/jobs/export", status_code=202)
    def export(given: OfSurvey, caller: Planner) -> Job:
        """Write all layers and pictures of a survey into one file."""
        request = ExportRequest(asked_for=_now(), asked_by=caller.name, survey=given.survey)
        return begin(request, "export_submitted")

    @router.post("/jobs/rematch", status_code=202, responses=problems("network_missing"))
    def rematch(given: OfSurvey, caller: Admin) -> Job:
        """Match the drives of a survey to the network in force, as a survey of its own."""
        versions = networks.all()
        if not versions:
            what = "the town has no road network yet"
            raise RoadscanError("network_missing", what, "Put one in force")
        return begin(rematch_request(given.survey, versions[0], caller.name), "rematch_submitted")

    @router.get(
        "/exports/{job_id}",
        response_class=FileResponse,
        responses=answered_with(ZIP) | problems("job_unknown", "file_missing"),
    )
    def exported(job_id: str, caller: Planner) -> FileResponse:
        """Hand out what an export wrote; it is kept for a week."""
        job = queue.job(job_id)
        path = export_path(settings.data, job_id)
        if job.kind != "export" or job.state is not State.DONE or not path.is_file():
            raise RoadscanError("file_missing", "there is no such export, or no longer", "Ask anew")
        guard.accounts.record(caller.name, "export_fetched", job_id)
        return FileResponse(path, filename="roadscan.zip", media_type=ZIP)

    return router


def _now() -> str:
    return f"{time.time():.3f}"
