"""The drives of a survey over HTTP, and how one is erased."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AliasPath, BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.serve.api_description import problems
from roadscan.serve.drive_erasure import erase_drive
from roadscan.serve.queue.job import SurveyName
from roadscan.serve.town import Town
from roadscan.store.erasure import Erased

DriveId = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,64}$")]


class DriveResponse(BaseModel):
    """A drive that was analysed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)
    drive_id: str
    name: Annotated[str, Field(validation_alias=AliasPath("video", "name"))]
    """Of its video."""
    started_s: float
    length_m: float


def drives_router(town: Town) -> APIRouter:
    """Return the routes under /api/drives."""
    router, store = APIRouter(prefix="/api/drives", tags=["drives"]), town.store
    Admin = Annotated[Caller, Depends(town.guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type

    @router.get("")
    def drives(survey: Annotated[SurveyName, Query()], _: Admin) -> list[DriveResponse]:
        """Return the drives of a survey, the oldest first."""
        return list(map(DriveResponse.model_validate, store.drives(survey)))

    @router.delete("/{drive_id}", responses=problems("drive_unknown", "drive_in_work"))
    def erase(drive_id: DriveId, caller: Admin) -> Erased:
        """Erase a drive from every survey that it is in, with its pictures and its recordings."""
        drive = store.known_drive(drive_id)
        if drive is None:
            what = f"there is no drive {drive_id!r}"
            raise RoadscanError("drive_unknown", what, "List the drives of a survey")
        return erase_drive(town, drive, caller.name)

    return router
