"""Jobs over HTTP: ask for one, see how far it is, cancel it, try it again."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import (
    CHORES,
    Job,
    JobKind,
    RescoreRequest,
    SchemeName,
    Sha256,
    State,
    SurveyName,
)

MAX_JOBS: Final = 200
EVENTS: Final = "text/event-stream"
EVENT_S: Final = 1.0
ENDED: Final = frozenset({State.DONE, State.FAILED, State.CANCELLED})


class DriveToWork(BaseModel):
    """A waiting drive that somebody wants worked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    video_sha256: Sha256
    survey: SurveyName | None = None
    """Default: the survey it was sent in for."""
    offset_s: float | None = None


class SurveyToRescore(BaseModel):
    """A survey that somebody wants scored by another scheme."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    survey: SurveyName
    scheme: SchemeName


def jobs_router(guard: Guard, drives: Drives) -> APIRouter:
    """Return the routes for jobs."""
    queue = drives.queue
    router = APIRouter(prefix="/api", tags=["jobs"])
    reader, uploader = guard.need(Right.READ), guard.need(Right.UPLOAD)
    planner, unknown = guard.need(Right.PLAN), problems("job_unknown")

    @router.get("/jobs")
    def jobs(
        _: Annotated[Caller, Depends(reader)],
        limit: Annotated[int, Query(ge=1, le=MAX_JOBS)] = 50,
        kind: Annotated[tuple[JobKind, ...], Query()] = (),
    ) -> list[Job]:
        return list(queue.jobs(limit, [each.value for each in kind]))

    @router.post(
        "/jobs",
        status_code=202,
        responses=problems("track_missing", "drive_not_waiting", "network_missing"),
    )
    def submit(given: DriveToWork, caller: Annotated[Caller, Depends(uploader)]) -> Job:
        drive = drives.waiting(given.video_sha256)
        job_id = drives.start(drives.request(drive, given.survey, given.offset_s))
        guard.accounts.record(caller.name, "drive_submitted", job_id)
        return queue.job(job_id)

    @router.post("/jobs/rescore", status_code=202)
    def rescore(given: SurveyToRescore, caller: Annotated[Caller, Depends(planner)]) -> Job:
        request = RescoreRequest(
            survey=given.survey, scheme=given.scheme, asked_s=round(time.time(), 3)
        )
        job_id = queue.submit(request)
        what = f"{given.survey} by {given.scheme}"
        guard.accounts.record(caller.name, "rescore_submitted", what)
        return queue.job(job_id)

    @router.get("/jobs/{job_id}", responses=unknown)
    def job(job_id: str, _: Annotated[Caller, Depends(reader)]) -> Job:
        return queue.job(job_id)

    @router.get(
        "/jobs/{job_id}/events",
        response_class=StreamingResponse,
        responses=answered_with(EVENTS) | unknown,
    )
    async def events(
        job_id: str, request: Request, _: Annotated[Caller, Depends(reader)]
    ) -> StreamingResponse:
        await run_in_threadpool(queue.job, job_id)
        return StreamingResponse(_told_as_it_changes(queue, job_id, request), media_type=EVENTS)

    @router.post("/jobs/{job_id}/cancel", status_code=204, responses=unknown)
    def cancel(job_id: str, caller: Annotated[Caller, Depends(uploader)]) -> None:
        _check_may_change(queue.job(job_id), caller)
        queue.cancel(job_id)
        guard.accounts.record(caller.name, "job_cancelled", job_id)

    @router.post(
        "/jobs/{job_id}/retry",
        status_code=202,
        responses=problems("job_unknown", "job_not_stopped"),
    )
    def retry(job_id: str, caller: Annotated[Caller, Depends(uploader)]) -> Job:
        _check_may_change(queue.job(job_id), caller)
        again = queue.retry(job_id)
        guard.accounts.record(caller.name, "job_retried", job_id)
        return queue.job(again)

    return router


def _check_may_change(job: Job, caller: Caller) -> None:
    """Raise `not_allowed` for chores of the town, which are its administrators'."""
    if job.kind in CHORES and not caller.may(Right.ADMINISTER):
        what = f"{caller.name} may not change a job of the kind {job.kind}"
        raise RoadscanError("not_allowed", what, "Ask an administrator")


async def _told_as_it_changes(queue: JobQueue, job_id: str, request: Request) -> AsyncIterator[str]:
    """Yield the job as server-sent events, whenever it has changed, until it has ended."""
    last = ""
    while not await request.is_disconnected():
        job = await run_in_threadpool(queue.job, job_id)
        told = job.model_dump_json()
        if told != last:
            yield f"data: {told}\n\n"
            last = told
        if job.state in ENDED:
            return
        await asyncio.sleep(EVENT_S)
