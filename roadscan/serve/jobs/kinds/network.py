"""The reading of a road network, for review before it is put in force."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import numpy as np
from dbos import DBOS
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.road import Link
from roadscan.read.network_preview import NetworkPreview
from roadscan.serve.api_description import problems
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.sent_files import SentFile, SentFiles
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName, Sha256, job_id_of
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.town import Town
from roadscan.store.store import Store

if TYPE_CHECKING:
    from roadscan.read.network_mapping import NetworkMapping

PREVIEW: Final = "look"
"""Event under which the columns and faults of a network are published, readable or not."""
_PREVIEW: Final = TypeAdapter(NetworkPreview)
ColumnName = Annotated[str, Field(max_length=200)]


class NetworkColumns(BaseModel):
    """The column of a network for each meaning, "" where there is none: all that can be mapped."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    link_id: ColumnName = ""
    street: ColumnName = ""
    street_key: ColumnName = ""
    road_class: ColumnName = ""
    surface: ColumnName = ""
    oneway: ColumnName = ""
    lane_width: ColumnName = ""
    width: ColumnName = ""
    lanes: ColumnName = ""
    outside_town: ColumnName = ""
    highway: ColumnName = ""
    from_node: ColumnName = ""
    to_node: ColumnName = ""
    from_station: ColumnName = ""
    to_station: ColumnName = ""


_LATER: Final = ("from_node", "to_node", "from_station", "to_station")
"""Meanings that requests of earlier versions do not have."""


class NetworkRequest(JobRequest):
    """A network to be read."""

    kind: ClassVar[str] = "network"
    queue: ClassVar[QueueName] = QueueName.DRIVES
    file_sha256: Sha256
    file_name: str
    scheme: str = "ap9k"
    columns: NetworkColumns | None = None
    """None takes them by their usual names, or as a mapping file in the zip says."""
    before_sha256: Sha256 | Literal[""] = ""
    """The network in force, whose ids lines without one keep."""

    def job_id(self) -> str:
        """Return an id made from the content; what earlier versions lacked counts if given."""
        left_out: dict[str, Any] = {} if self.before_sha256 else {"before_sha256": True}
        if self.columns is not None:
            left_out["columns"] = {n for n in _LATER if not getattr(self.columns, n)}
        return job_id_of(self.kind, self.model_dump_json(exclude=left_out))


class NetworkFile(BaseModel):
    """A network that was sent in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file_sha256: Sha256
    columns: NetworkColumns | None = None
    """The meanings of the columns; None takes them by their usual names."""


def preview_by(queue: JobQueue, job_id: str) -> NetworkPreview | None:
    """Return the preview of a network; None until its job has made it."""
    queue.job(job_id)
    published = queue.event(job_id, PREVIEW)
    return _PREVIEW.validate_json(published) if published else None


def workflow(place: Workplace) -> Workflow[NetworkRequest]:
    """Return the workflow of a worker."""
    files = SentFiles(place.town.upload_storage.path_of, place.folder)

    def network(request: NetworkRequest) -> str:
        publish_progress("reading", 0, 1)
        preview = place.steps.run_as(
            "look_at_network", _PREVIEW, lambda: preview_network(files, request)
        )
        # before reading it, so that staff can see why a network was refused
        DBOS.set_event(PREVIEW, _PREVIEW.dump_json(preview).decode())
        return place.steps.finish(
            "read_network", lambda: read_network(place.town.store, files, request)
        )

    return network


def preview_network(files: SentFiles, request: NetworkRequest) -> NetworkPreview:
    """Return the meanings assumed for a network's columns, and the faults of its lines."""
    from roadscan.read import network  # noqa: PLC0415 -- workers only

    file = SentFile(request.file_sha256, request.file_name, network.SUFFIXES)
    with files.linked(file) as (path,):
        return network.preview_network(path, _mapping_of(request.columns))


def read_network(store: Store, files: SentFiles, request: NetworkRequest) -> Facts:
    """Read a network into the store and return a summary of its content."""
    from roadscan.assess.segmentation import segments_of  # noqa: PLC0415 -- workers only
    from roadscan.pipeline.scheme import load_scheme  # noqa: PLC0415 -- workers only
    from roadscan.read import network as reading  # noqa: PLC0415 -- workers only

    scheme = load_scheme(request.scheme)
    file = SentFile(request.file_sha256, request.file_name, reading.SUFFIXES)
    before = store.network(request.before_sha256) if request.before_sha256 else None
    with files.linked(file) as (path,):
        network = reading.read_network(
            path, scheme.lane_width_m, _mapping_of(request.columns), before
        )
    known = {link.link_id for link in before.links} if before else set()
    store.put_network(replace(network, source=request.file_name))
    return {
        "network_sha256": network.sha256,
        "links": len(network.links),
        "length_m": round(sum(_length_m(link) for link in network.links)),
        "crs": f"EPSG:{network.crs_epsg}",
        "named": sum(bool(link.street) for link in network.links),
        "segments": len(segments_of(network, scheme)),
        "before": before.source if before else "",
        "known_ids": sum(link.link_id in known for link in network.links),
    }


def _mapping_of(columns: NetworkColumns | None) -> "NetworkMapping | None":
    from roadscan.read.network_mapping import NetworkMapping  # noqa: PLC0415 -- workers only

    if columns is None:
        return None
    names: dict[str, Any] = {meaning: (name,) if name else () for meaning, name in columns}
    return NetworkMapping(**names)


def _length_m(link: Link) -> float:
    return float(np.hypot(*np.diff(link.xy_m, axis=0).T).sum())


def routes(town: Town) -> APIRouter:
    """Return the routes that submit a network for reading and show the findings."""
    router = APIRouter(prefix="/api/networks", tags=["networks"])
    Admin = Annotated[Caller, Depends(town.guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type

    @router.post("", status_code=202, responses=problems("file_missing"))
    def read(given: NetworkFile, caller: Admin) -> Job:
        file = town.files.get(given.file_sha256)
        if file is None or file.purged_s is not None:
            raise RoadscanError("file_missing", "no such file was sent in", "Send it first")
        in_force = [version.network_sha256 for version in town.networks.all()[:1]]
        request = NetworkRequest(
            file_sha256=file.sha256,
            file_name=file.name,
            columns=given.columns,
            before_sha256=in_force[0] if in_force else "",
        )
        job_id = town.queue.submit(request)
        town.accounts.record(caller.name, "network_read", file.name)
        return town.queue.job(job_id)

    @router.get("/looks/{job_id}", responses=problems("job_unknown"))
    def look(job_id: str, _: Admin) -> NetworkPreview | None:
        return preview_by(town.queue, job_id)

    return router


KIND: Final = JobKind(NetworkRequest, workflow, routes)
