"""What was found of drives before they are worked, and what staff decide about it, over HTTP."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.drive_check import DriveCheck
from roadscan.model.uploaded_file import StoredFile, WaitingDrive
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import problems
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.requests import CheckRequest, Failure, Job, State
from roadscan.serve.uploads.upload_service import UploadService


class Verdict(StrEnum):
    """How a check ended."""

    NOT_YET = "not_yet"
    CLEAN = "clean"
    """The drive begins by itself."""
    CONCERNS = "concerns"
    """Somebody should look at it."""
    FAILED = "failed"
    """By what the files are, the drive cannot be worked."""


class CheckResponse(BaseModel):
    """The check of a drive."""

    model_config = ConfigDict(frozen=True)
    check_id: str
    video_sha256: str
    video_name: str
    survey: str
    verdict: Verdict
    waits: bool
    """Whether it is still to be decided if the drive is worked."""
    failure: Failure | None
    found: DriveCheck | None


class ToStart(BaseModel):
    """How a drive is to be worked all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    offset_s: Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)] | None = None
    """UTC minus the camera's clock, by hand; None finds it out."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where staff decide."""

    guard: Guard
    drives: Drives
    arrivals: UploadService

    def told(self, job: Job) -> CheckResponse:
        request = CheckRequest.model_validate(job.request).drive
        video = self.drives.files.get(request.video_sha256)
        return CheckResponse(
            check_id=job.job_id,
            video_sha256=request.video_sha256,
            video_name=request.video_name,
            survey=request.survey,
            verdict=_verdict(job),
            waits=video is not None and not video.taken_by and video.purged_s is None,
            failure=None if job.done is None else job.done.failure,
            found=self.drives.queue.found(job.job_id),
        )

    def existing(self, check_id: str) -> Job:
        job = self.drives.queue.job(check_id)
        if job.kind != "check":
            raise RoadscanError("job_unknown", f"there is no check {check_id[:80]!r}", "List them")
        return job

    def to_decide(self, check_id: str) -> WaitingDrive:
        job = self.existing(check_id)
        if _verdict(job) is Verdict.NOT_YET:
            raise RoadscanError(
                "check_not_ended", "the drive is still being looked at", "Wait for the check"
            )
        return self.drives.waiting(CheckRequest.model_validate(job.request).drive.video_sha256)

    def withdraw(self, drive: WaitingDrive, caller: Caller) -> None:
        if drive.video.owner_id != caller.account_id and not caller.may(Right.ADMINISTER):
            whose = f"{drive.video.name} was sent by {drive.video.uploaded_by}"
            raise RoadscanError("not_allowed", whose, "Ask an administrator")
        if not self.drives.files.claim_for_purge(drive.video):
            raise RoadscanError("drive_not_waiting", "a job has this video", "See the jobs")
        self._remove(drive.video, caller)
        for file in (drive.track, drive.camera):
            if file is not None and not self.drives.needs(file.sha256):
                self._remove(file, caller)

    def _remove(self, file: StoredFile, caller: Caller) -> None:
        self.arrivals.remove(file.sha256)
        self.guard.accounts.record(caller.name, "drive_withdrawn", f"{file.name} {file.sha256}")


def checks_router(guard: Guard, drives: Drives, arrivals: UploadService) -> APIRouter:
    """Return the routes for checks."""
    router, desk = APIRouter(prefix="/api/checks", tags=["jobs"]), _Desk(guard, drives, arrivals)
    Uploader = Annotated[Caller, Depends(guard.need(Right.UPLOAD))]  # noqa: N806 -- a type

    undecided = ("job_unknown", "check_not_ended", "drive_not_waiting")

    @router.get("")
    def checks(_: Uploader) -> list[CheckResponse]:
        """Return the checks of the drives that wait and are whole, as far as one was asked for."""
        known = [drives.queue.known(request.job_id()) for _, request in drives.checks()]
        return [desk.told(job) for job in known if job is not None]

    @router.get("/{check_id}", responses=problems("job_unknown"))
    def check(check_id: str, _: Uploader) -> CheckResponse:
        """Return a check, also after the decision."""
        return desk.told(desk.existing(check_id))

    @router.post(
        "/{check_id}/start", status_code=202, responses=problems(*undecided, "network_missing")
    )
    def start(check_id: str, given: ToStart, caller: Uploader) -> Job:
        """Work the drive all the same."""
        drive = desk.to_decide(check_id)
        job_id = drives.start(drives.request(drive, offset_s=given.offset_s))
        guard.accounts.record(
            caller.name, "drive_started_anyway", f"{drive.video.name} {check_id} {job_id}"
        )
        return drives.queue.job(job_id)

    @router.post("/{check_id}/withdraw", status_code=204, responses=problems(*undecided))
    def withdraw(check_id: str, caller: Uploader) -> None:
        """Delete the video, and what came with it unless others need it; one's own, or as admin."""
        desk.withdraw(desk.to_decide(check_id), caller)

    return router


def _verdict(job: Job) -> Verdict:
    if job.state in {State.FAILED, State.CANCELLED}:
        return Verdict.FAILED
    if job.state is not State.DONE or job.done is None:
        return Verdict.NOT_YET
    return Verdict.CONCERNS if job.done.facts.get("concerns") else Verdict.CLEAN
