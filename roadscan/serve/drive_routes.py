"""The drives of a survey over HTTP, and how one is erased with all that came of it."""

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.drive import Drive
from roadscan.pipeline.results_folder import outputs_tell_of, remove_outputs
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import problems
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.exports import remove_exports
from roadscan.serve.jobs.requests import State, SurveyName
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.store.layers.layer_store import LayerStore

DriveId = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,64}$")]


class DriveResponse(BaseModel):
    """A drive that was worked."""

    model_config = ConfigDict(frozen=True)
    drive_id: str
    name: str
    """Of its video."""
    started_s: float
    length_m: float


class ErasedResponse(BaseModel):
    """The surveys that an erased drive was in."""

    model_config = ConfigDict(frozen=True)
    rescored: tuple[str, ...]
    ended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases drives: results, pictures, what was sent in, and the jobs that worked them."""

    data: FilePath
    drives: Drives
    arrivals: UploadService
    features: LayerStore

    def erase(self, drive: Drive) -> ErasedResponse:
        """Erase a drive; raises `drive_in_work` while a job has it.

        What shows somebody goes first: killed on the way, it is done again and finds the rest.
        """
        jobs = self.drives.queue.of_video(drive.video.sha256)
        worked = any(job.state in {State.WAITING, State.RUNNING} for job in jobs)
        # what is being moved or exported would come back there
        if worked or any(map(self.drives.queue.under_way, ("rematch", "export"))):
            what = f"{drive.video.name} is being worked, moved to another network or exported"
            raise RoadscanError("drive_in_work", what, "Wait for its job to end, or cancel it")
        self._remove(drive.video.sha256)
        if outputs_tell_of(self.data, drive.drive_id):
            remove_outputs(self.data)
        remove_exports(self.data)
        for job in (*jobs, *self.drives.queue.moved(self._surveys(drive.drive_id))):
            self.drives.queue.forget(job.job_id)
        if not self.drives.needs(drive.track_sha256):
            self._remove(drive.track_sha256)
        erased = self.drives.store.erase_drive(drive.drive_id)
        self.features.clear_ended()
        return ErasedResponse(rescored=erased.rescored, ended=erased.ended)

    def _surveys(self, drive_id: str) -> set[str]:
        store = self.drives.store
        made_of = {name: store.survey(name).drives for name in store.surveys()}
        return {name for name, keys in made_of.items() if drive_id in {k.drive_id for k in keys}}

    def _remove(self, sha256: str) -> None:
        if self.drives.files.get(sha256) is not None:
            self.arrivals.remove(sha256)


def erasing_router(guard: Guard, eraser: Eraser) -> APIRouter:
    """Return the routes under /api/drives."""
    router, store = APIRouter(prefix="/api/drives", tags=["drives"]), eraser.drives.store
    Admin = Annotated[Caller, Depends(guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type

    @router.get("")
    def drives(survey: Annotated[SurveyName, Query()], _: Admin) -> list[DriveResponse]:
        """Return the drives of a survey, the oldest first."""
        return [
            DriveResponse(
                drive_id=drive.drive_id,
                name=drive.video.name,
                started_s=drive.started_s,
                length_m=drive.length_m,
            )
            for drive in store.drives(survey)
        ]

    @router.delete("/{drive_id}", responses=problems("drive_unknown", "drive_in_work"))
    def erase(drive_id: DriveId, caller: Admin) -> ErasedResponse:
        """Erase a drive from every survey that it is in, with its pictures and its recordings."""
        drive = store.known_drive(drive_id)
        if drive is None:
            what = f"there is no drive {drive_id!r}"
            raise RoadscanError("drive_unknown", what, "List the drives of a survey")
        told = eraser.erase(drive)
        guard.accounts.record(caller.name, "drive_erased", f"{drive.video.name} {drive_id}")
        return told

    return router
