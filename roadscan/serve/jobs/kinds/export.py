"""The export of all layers and pictures of a survey into one file."""

import os
import shutil
import time
import zipfile
from pathlib import Path
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName, State, SurveyName
from roadscan.serve.survey_exports import export_path, remove_old_exports
from roadscan.serve.town import Town

ZIP: Final = "application/zip"


class ExportRequest(JobRequest):
    """A survey to be exported."""

    kind: ClassVar[str] = "export"
    queue: ClassVar[QueueName] = QueueName.TOWN
    asked_for: str
    asked_by: str
    survey: SurveyName


class SurveyToExport(BaseModel):
    """The survey that is exported."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    survey: SurveyName


def workflow(place: Workplace) -> Workflow[ExportRequest]:
    """Return the workflow of a worker."""

    def export(request: ExportRequest) -> str:
        publish_progress("writing", 0, 1)
        return place.steps.finish("export", lambda: export_survey(place.town, request))

    return export


def export_survey(town: Town, request: ExportRequest) -> Facts:
    """Write all layers and pictures of a survey into one file, which appears only complete."""
    from roadscan.publish.export import export_all  # noqa: PLC0415 -- workers only
    from roadscan.publish.layer_frames import load_results  # noqa: PLC0415 -- workers only

    data = town.settings.data
    remove_old_exports(data, time.time())
    if request.survey not in town.store.surveys():
        raise RoadscanError(
            "survey_unknown", f"there is no survey {request.survey!r}", "Choose another"
        )
    target = export_path(data, request.job_id())
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        export_all(town.store, load_results(town.store, request.survey), partial)
        _pack(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {"bytes": target.stat().st_size}


def _pack(folder: Path, target: Path) -> None:
    packed = target.with_suffix(".packed")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder))
    os.replace(packed, target)  # noqa: PTH105 -- the atomic one


def routes(town: Town) -> APIRouter:
    """Return the routes by which planners request and download an export."""
    router = APIRouter(prefix="/api", tags=["jobs"])
    Planner = Annotated[Caller, Depends(town.guard.need(Right.PLAN))]  # noqa: N806 -- a type

    @router.post("/jobs/export", status_code=202)
    def export(given: SurveyToExport, caller: Planner) -> Job:
        """Write all layers and pictures of a survey into one file."""
        moment = f"{time.time():.3f}"
        request = ExportRequest(asked_for=moment, asked_by=caller.name, survey=given.survey)
        job_id = town.queue.submit(request)
        town.accounts.record(caller.name, "export_submitted", job_id)
        return town.queue.job(job_id)

    @router.get(
        "/exports/{job_id}",
        response_class=FileResponse,
        responses=answered_with(ZIP) | problems("job_unknown", "file_missing"),
    )
    def exported(job_id: str, caller: Planner) -> FileResponse:
        """Return the file of an export; it is there for a week."""
        job = town.queue.job(job_id)
        path = export_path(town.settings.data, job_id)
        if job.kind != ExportRequest.kind or job.state is not State.DONE or not path.is_file():
            raise RoadscanError("file_missing", "there is no such export, or no longer", "Ask anew")
        town.accounts.record(caller.name, "export_fetched", job_id)
        return FileResponse(path, filename="roadscan.zip", media_type=ZIP)

    return router


KIND: Final = JobKind(ExportRequest, workflow, routes, Right.ADMINISTER)
