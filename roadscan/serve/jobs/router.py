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
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import (
    DriveRequest,
    Job,
    RescoreRequest,
    Sha256,
    State,
    SurveyName,
)
from roadscan.store.files import Files
from roadscan.store.store import Store
from roadscan.store.town import Town

MAX_JOBS: Final = 200
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
    scheme: str


def jobs_router(guard: Guard, queue: JobQueue, files: Files, town: Town, store: Store) -> APIRouter:
    """Return the routes for jobs."""
    router = APIRouter(prefix="/api", tags=["jobs"])
    reader, uploader = guard.need(Right.READ), guard.need(Right.UPLOAD)
    planner = guard.need(Right.PLAN)

    @router.get("/jobs")
    def jobs(
        _: Annotated[Caller, Depends(reader)],
        limit: Annotated[int, Query(ge=1, le=MAX_JOBS)] = 50,
    ) -> list[Job]:
        return list(queue.jobs(limit))

    @router.post("/jobs", status_code=202)
    def submit(given: DriveToWork, caller: Annotated[Caller, Depends(uploader)]) -> Job:
        request = _drive_request(given, files, town, store)
        job_id = request.job_id()
        if not files.take(given.video_sha256, job_id):
            raise RoadscanError(
                "drive_not_waiting", "another job has this video already", "See the jobs"
            )
        queue.submit(request)
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

    @router.get("/jobs/{job_id}")
    def job(job_id: str, _: Annotated[Caller, Depends(reader)]) -> Job:
        return queue.job(job_id)

    @router.get("/jobs/{job_id}/events")
    async def events(
        job_id: str, request: Request, _: Annotated[Caller, Depends(reader)]
    ) -> StreamingResponse:
        await run_in_threadpool(queue.job, job_id)
        return StreamingResponse(
            _told_as_it_changes(queue, job_id, request), media_type="text/event-stream"
        )

    @router.post("/jobs/{job_id}/cancel", status_code=204)
    def cancel(job_id: str, caller: Annotated[Caller, Depends(uploader)]) -> None:
        queue.cancel(job_id)
        guard.accounts.record(caller.name, "job_cancelled", job_id)

    @router.post("/jobs/{job_id}/retry", status_code=202)
    def retry(job_id: str, caller: Annotated[Caller, Depends(uploader)]) -> Job:
        again = queue.retry(job_id)
        guard.accounts.record(caller.name, "job_retried", job_id)
        return queue.job(again)

    return router


def _drive_request(given: DriveToWork, files: Files, town: Town, store: Store) -> DriveRequest:
    waiting = next((d for d in files.waiting() if d.video.sha256 == given.video_sha256), None)
    if waiting is None:
        raise RoadscanError(
            "drive_not_waiting", "no such video waits for work", "Send it, or see the jobs"
        )
    if waiting.track is None:
        raise RoadscanError(
            "track_missing",
            f"{waiting.video.name} waits for its track ({waiting.waits_for})",
            "Send a track of the same name",
        )
    survey = given.survey or waiting.video.survey
    return DriveRequest(
        survey=survey,
        video_sha256=waiting.video.sha256,
        video_name=waiting.video.name,
        track_sha256=waiting.track.sha256,
        track_name=waiting.track.name,
        camera_sha256=waiting.camera.sha256 if waiting.camera else None,
        network_sha256=network_of(survey, town, store),
        offset_s=given.offset_s,
    )


def network_of(survey: str, town: Town, store: Store) -> str:
    """Return the network that a survey's drives are matched to: its own, or the one in force.

    Raises `network_missing`.
    """
    try:
        return store.survey(survey).network_sha256
    except KeyError:
        networks = town.networks()
    if not networks:
        raise RoadscanError(
            "network_missing", "the town has no road network yet", "An administrator sends one in"
        )
    return networks[0].network_sha256


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
