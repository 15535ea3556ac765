"""The deletion of raw recordings whose retention time is over: once a day, or on request."""

import time
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Depends
from pydantic import TypeAdapter

from roadscan.model.access import Caller, Right
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.steps import done, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName, job_id_of
from roadscan.serve.retention import Deleted, Retention
from roadscan.serve.survey_exports import remove_old_exports
from roadscan.serve.town import Town

WORKER: Final = "roadscan work"
"""The name used in the audit log for deletions that a worker makes by itself."""
_DELETED: Final = TypeAdapter(Deleted)


class PurgeRequest(JobRequest):
    """Raw recordings to be deleted."""

    kind: ClassVar[str] = "purge"
    queue: ClassVar[QueueName] = QueueName.TOWN
    asked_for: str
    """The day, or the time of the request; there is one job for each."""
    asked_by: str = ""
    """The administrator; "" for the daily purge."""

    def job_id(self) -> str:
        """Return an id made from the day or the time of the request, whoever made it."""
        return job_id_of(self.kind, self.asked_for)


def workflow(place: Workplace) -> Workflow[PurgeRequest]:
    """Return the workflow of a worker."""

    def purge(request: PurgeRequest) -> str:
        publish_progress("deleting", 0, 0)
        files = size_bytes = 0
        # in parts, looking up each time what is due: a list from before a kill may be out of date
        while True:
            part = place.steps.run_as(
                "delete_some", _DELETED, lambda: delete_some(place.town, request)
            )
            files, size_bytes = files + part.files, size_bytes + part.size_bytes
            publish_progress("deleting", files, files + part.left)
            if not part.files or not part.left:
                return done({"files": files, "bytes": size_bytes})

    return purge


def delete_some(town: Town, request: PurgeRequest) -> Deleted:
    """Delete some of the raw recordings that are due."""
    remove_old_exports(town.settings.data, time.time())
    return Retention(town, request.asked_by or WORKER).delete_some()


def routes(town: Town) -> APIRouter:
    """Return the route by which administrators request a purge."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])
    Admin = Annotated[Caller, Depends(town.guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type

    @router.post("/purge", status_code=202)
    def purge(caller: Admin) -> Job:
        """Delete now the raw recordings whose time is over, not only once a day."""
        request = PurgeRequest(asked_for=f"{time.time():.3f}", asked_by=caller.name)
        job_id = town.queue.submit(request)
        town.accounts.record(caller.name, "purge_submitted", job_id)
        return town.queue.job(job_id)

    return router


KIND: Final = JobKind(PurgeRequest, workflow, routes, Right.ADMINISTER)
