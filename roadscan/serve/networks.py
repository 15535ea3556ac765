"""The town's network over HTTP: read one, look at it, put it in force."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.publish.network_drawing import MEDIA_TYPE, draw_network
from roadscan.read.network_preview import NetworkPreview
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.jobs.moved import rematch_request, surveys_to_move
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import Job, NetworkColumns, NetworkRequest, Sha256
from roadscan.serve.ogc.responses import Tag, not_modified, response
from roadscan.store.store import Store
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersion, NetworkVersions

MAX_NAME: Final = 255
DRAWING: Final = "1"
"""Raised when networks are drawn another way: browsers keep pictures."""
DRAWING_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Content-Disposition": 'inline; filename="network.svg"',
}
"""An SVG is a document: opened by itself it may run nothing and fetch nothing."""


class NetworkFile(BaseModel):
    """A network that was sent in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file_sha256: Sha256
    columns: NetworkColumns | None = None
    """Which column means what; None takes them by their usual names."""


class NetworkChoice(BaseModel):
    """A network that was read and looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    network_sha256: Sha256
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


def networks_router(
    guard: Guard, queue: JobQueue, files: Files, versions: NetworkVersions, store: Store
) -> APIRouter:
    """Return the routes for the town's network."""
    router = APIRouter(prefix="/api/networks", tags=["networks"])
    reader, admin = guard.need(Right.READ), guard.need(Right.ADMINISTER)

    @router.get("")
    def networks(_: Annotated[Caller, Depends(reader)]) -> list[NetworkVersion]:
        return list(versions.all())

    @router.post("", status_code=202, responses=problems("file_missing"))
    def read(given: NetworkFile, caller: Annotated[Caller, Depends(admin)]) -> Job:
        file = files.get(given.file_sha256)
        if file is None or file.purged_s is not None:
            raise RoadscanError("file_missing", "no such file was sent in", "Send it first")
        request = NetworkRequest(
            file_sha256=file.sha256, file_name=file.name, columns=given.columns
        )
        job_id = queue.submit(request)
        guard.accounts.record(caller.name, "network_read", file.name)
        return queue.job(job_id)

    @router.get("/looks/{job_id}", responses=problems("job_unknown"))
    def look(job_id: str, _: Annotated[Caller, Depends(admin)]) -> NetworkPreview | None:
        return queue.look(job_id)

    @router.get(
        "/{network_sha256}/drawing",
        response_class=Response,
        responses=answered_with(MEDIA_TYPE)
        | {304: {"description": "If-None-Match"}}
        | problems("network_unknown"),
    )
    def drawing(
        network_sha256: Sha256, request: Request, _: Annotated[Caller, Depends(admin)]
    ) -> Response:
        _check_known(store, network_sha256)
        tag = Tag(request, DRAWING)
        if tag.is_known:
            return not_modified(tag)
        svg = draw_network(store.network(network_sha256))
        return response(svg.encode(), MEDIA_TYPE, tag, DRAWING_HEADERS)

    @router.put("/in-force", status_code=202, responses=problems("network_unknown"))
    def put_in_force(given: NetworkChoice, caller: Annotated[Caller, Depends(admin)]) -> list[Job]:
        """Let new surveys be matched to it; returns the jobs that move the old ones there."""
        _check_known(store, given.network_sha256)
        versions.put_in_force(given.network_sha256, given.name, caller.name)
        guard.accounts.record(caller.name, "network_in_force", given.network_sha256)
        version = versions.all()[0]
        asked = [
            queue.submit(rematch_request(name, version, caller.name))
            for name in surveys_to_move(store, version)
        ]
        for job_id in asked:
            guard.accounts.record(caller.name, "rematch_submitted", job_id)
        return [queue.job(job_id) for job_id in asked]

    return router


def _check_known(store: Store, network_sha256: str) -> None:
    if not store.has_network(network_sha256):
        raise RoadscanError(
            "network_unknown", f"no network {network_sha256[:12]} was read", "Read it first"
        )
