"""Jobs over HTTP: list, follow, cancel and retry them; also the routes specific to each kind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, WithJsonSchema

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.jobs.kind import JobKind
from roadscan.serve.jobs.registry import KINDS
from roadscan.serve.queue.job import Job, State
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.town import Town

MAX_JOBS: Final = 200
EVENTS: Final = "text/event-stream"
EVENT_S: Final = 1.0
ENDED: Final = frozenset({State.DONE, State.FAILED, State.CANCELLED})


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"choose from {', '.join(KINDS)}")
    return name


KindName = Annotated[
    str, AfterValidator(_known_kind), WithJsonSchema({"type": "string", "enum": [*KINDS]})
]


def jobs_router(town: Town) -> APIRouter:
    """Return the routes for jobs of all kinds."""
    router = APIRouter()
    for kind in KINDS.values():
        if kind.routes is not None:
            router.include_router(kind.routes(town))
    router.include_router(_common_routes(town))
    return router


def _common_routes(town: Town) -> APIRouter:
    queue, accounts = town.queue, town.accounts
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])
    Reader = Annotated[Caller, Depends(town.guard.need(Right.READ))]  # noqa: N806 -- a type
    Uploader = Annotated[Caller, Depends(town.guard.need(Right.UPLOAD))]  # noqa: N806 -- a type
    unknown = problems("job_unknown")

    @router.get("")
    def jobs(
        _: Reader,
        limit: Annotated[int, Query(ge=1, le=MAX_JOBS)] = 50,
        kind: Annotated[tuple[KindName, ...], Query()] = (),
    ) -> list[Job]:
        return list(queue.jobs(limit, kind))

    @router.get("/{job_id}", responses=unknown)
    def job(job_id: str, _: Reader) -> Job:
        return queue.job(job_id)

    @router.get(
        "/{job_id}/events",
        response_class=StreamingResponse,
        responses=answered_with(EVENTS) | unknown,
    )
    async def events(job_id: str, request: Request, _: Reader) -> StreamingResponse:
        await run_in_threadpool(queue.job, job_id)
        return StreamingResponse(_changes_of(queue, job_id, request), media_type=EVENTS)

    @router.post("/{job_id}/cancel", status_code=204, responses=unknown)
    def cancel(job_id: str, caller: Uploader) -> None:
        _kind_to_change(queue.job(job_id), caller)
        queue.cancel(job_id)
        accounts.record(caller.name, "job_cancelled", job_id)

    @router.post(
        "/{job_id}/retry",
        status_code=202,
        responses=problems("job_unknown", "job_not_stopped"),
    )
    def retry(job_id: str, caller: Uploader) -> Job:
        kind = _kind_to_change(queue.job(job_id), caller)
        again = queue.retry(job_id, kind.request.queue)
        accounts.record(caller.name, "job_retried", job_id)
        return queue.job(again)

    return router


def _kind_to_change(job: Job, caller: Caller) -> JobKind[Any]:
    """Return the kind of a job; raises `not_allowed` for a caller who may not change such jobs."""
    kind = KINDS[job.kind]
    if not caller.may(kind.changed_by):
        what = f"{caller.name} may not change a job of the kind {job.kind}"
        raise RoadscanError("not_allowed", what, "Ask an administrator")
    return kind


async def _changes_of(queue: JobQueue, job_id: str, request: Request) -> AsyncIterator[str]:
    """Yield a job as a server-sent event whenever it has changed, until it has ended."""
    last = ""
    while not await request.is_disconnected():
        job = await run_in_threadpool(queue.job, job_id)
        content = job.model_dump_json()
        if content != last:
            yield f"data: {content}\n\n"
            last = content
        if job.state in ENDED:
            return
        await asyncio.sleep(EVENT_S)
