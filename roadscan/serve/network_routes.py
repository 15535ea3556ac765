"""The town's road networks over HTTP: list them, draw one, and put a new one in force.

Reading a network is a job: roadscan.serve.jobs.kinds.network.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.publish.network_drawing import MEDIA_TYPE, draw_network
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.jobs.kinds.rematch import rematch_request, surveys_to_move
from roadscan.serve.ogc.responses import Tag, not_modified, response
from roadscan.serve.queue.job import Job, Sha256
from roadscan.serve.town import Town
from roadscan.store.store import Store
from roadscan.store.town.networks import NetworkVersion

MAX_NAME: Final = 255
DRAWING: Final = "1"
"""Incremented when the drawing of networks changes, as browsers cache the pictures."""
DRAWING_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Content-Disposition": 'inline; filename="network.svg"',
}
"""An SVG is a document: opened by itself, it must neither run nor fetch anything."""


class NetworkChoice(BaseModel):
    """A network that was read and reviewed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    network_sha256: Sha256
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


def networks_router(town: Town) -> APIRouter:
    """Return the routes for the town's networks."""
    router, store, queue = (
        APIRouter(prefix="/api/networks", tags=["networks"]),
        town.store,
        town.queue,
    )
    reader, admin = town.guard.need(Right.READ), town.guard.need(Right.ADMINISTER)

    @router.get("")
    def networks(_: Annotated[Caller, Depends(reader)]) -> list[NetworkVersion]:
        return list(town.networks.all())

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
        """Match new surveys to this network; returns the jobs that move the old ones to it."""
        _check_known(store, given.network_sha256)
        town.networks.put_in_force(given.network_sha256, given.name, caller.name)
        town.accounts.record(caller.name, "network_in_force", given.network_sha256)
        version = town.networks.all()[0]
        asked = [
            queue.submit(rematch_request(name, version, caller.name))
            for name in surveys_to_move(store, version)
        ]
        for job_id in asked:
            town.accounts.record(caller.name, "rematch_submitted", job_id)
        return [queue.job(job_id) for job_id in asked]

    return router


def _check_known(store: Store, network_sha256: str) -> None:
    if not store.has_network(network_sha256):
        raise RoadscanError(
            "network_unknown", f"no network {network_sha256[:12]} was read", "Read it first"
        )
