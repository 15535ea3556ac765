"""A backup of the town into the town's own folder, to be copied elsewhere from there."""

import shutil
import time
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from roadscan.model.access import Caller, Right
from roadscan.serve.backup import BACKUPS, MANIFEST, backup
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town


class BackupRequest(JobRequest):
    """The town to be copied."""

    kind: ClassVar[str] = "backup"
    queue: ClassVar[QueueName] = QueueName.TOWN
    asked_for: str
    asked_by: str
    raw: bool
    """With the videos and tracks that are still there."""


class ToBackUp(BaseModel):
    """How much of the town is copied."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    raw: bool = False
    """With the videos and tracks that are still there."""


def workflow(place: Workplace) -> Workflow[BackupRequest]:
    """Return the workflow of a worker."""

    def backup(request: BackupRequest) -> str:
        publish_progress("copying", 0, 1)
        return place.steps.finish("back_up", lambda: back_up(place.town.settings, request))

    return backup


def back_up(settings: ServeSettings, request: BackupRequest) -> Facts:
    """Copy the town into a new folder, first removing the remains of interrupted attempts."""
    began = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(float(request.asked_for)))
    target = settings.data / BACKUPS / began
    if target.is_dir() and not (target / MANIFEST).is_file():
        shutil.rmtree(target)
    if not target.is_dir():
        backup(settings, target, raw=request.raw)
    files = [path for path in target.rglob("*") if path.is_file()]
    size_bytes = sum(path.stat().st_size for path in files)
    return {"folder": f"{BACKUPS}/{began}", "files": len(files), "bytes": size_bytes}


def routes(town: Town) -> APIRouter:
    """Return the route by which administrators request a backup."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])
    Admin = Annotated[Caller, Depends(town.guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type

    @router.post("/backup", status_code=202)
    def backup(given: ToBackUp, caller: Admin) -> Job:
        """Copy the town into a new folder under its own, from where it is copied elsewhere."""
        moment = f"{time.time():.3f}"
        request = BackupRequest(asked_for=moment, asked_by=caller.name, raw=given.raw)
        job_id = town.queue.submit(request)
        town.accounts.record(caller.name, "backup_submitted", job_id)
        return town.queue.job(job_id)

    return router


KIND: Final = JobKind(BackupRequest, workflow, routes, Right.ADMINISTER)
