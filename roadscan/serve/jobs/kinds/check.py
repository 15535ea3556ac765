"""The check of a drive before its analysis; a drive without concerns is then started.

For the others, staff see the findings and decide whether to start the drive anyway or withdraw it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from dbos import DBOS
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.drive_check import DriveCheck
from roadscan.model.uploaded_file import StoredFile, WaitingDrive
from roadscan.serve.api_description import problems
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.kinds.drive import (
    DriveRequest,
    camera_named,
    drive_linked,
    drive_request,
    is_needed,
    start_drive,
    waiting_drive,
)
from roadscan.serve.jobs.sent_files import SentFiles
from roadscan.serve.jobs.steps import Facts, done, publish_progress
from roadscan.serve.queue.job import Failure, Job, JobRequest, QueueName, State
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.town import Town
from roadscan.store.store import Store

FOUND: Final = "found"
"""Event under which a check publishes its findings."""
WORKER: Final = "roadscan work"
"""The name used in the audit log for actions that a worker takes by itself."""
_CHECK: Final = TypeAdapter(DriveCheck)


class CheckRequest(JobRequest):
    """A drive to be checked; where nothing is wrong its analysis then begins."""

    kind: ClassVar[str] = "check"
    queue: ClassVar[QueueName] = QueueName.CHECKS
    drive: DriveRequest
    sent_s: float
    """Arrival of its video: if withdrawn and uploaded again, it is checked again."""


class CheckVerdict(StrEnum):
    """The outcome of a check."""

    NOT_YET = "not_yet"
    CLEAN = "clean"
    """The drive starts by itself."""
    CONCERNS = "concerns"
    """Somebody should look at it."""
    FAILED = "failed"
    """The files are such that the drive cannot be analysed."""


class CheckResponse(BaseModel):
    """The check of a drive."""

    model_config = ConfigDict(frozen=True)
    check_id: str
    video_sha256: str
    video_name: str
    survey: str
    verdict: CheckVerdict
    waits: bool
    """Whether it is still to be decided if the drive is analysed."""
    failure: Failure | None
    found: DriveCheck | None


class ToStart(BaseModel):
    """How a drive is to be analysed all the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    offset_s: Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)] | None = None
    """UTC minus the camera's clock, set by hand; None estimates it."""


Setback = Callable[[str, Exception], None]
"""Callback for failures: the item that failed, and the error."""


def checks_of_waiting(
    town: Town, setback: Setback = lambda _, _error: None
) -> Iterator[CheckRequest]:
    """Yield the checks of the drives that are waiting and complete.

    Yields nothing as long as there is no network to check them against. If no check can be made for
    a drive, only that drive is skipped, and `setback` is called.
    """
    for drive in town.files.waiting():
        if drive.waits_for is None:
            try:
                request = drive_request(town, drive)
            except RoadscanError as error:
                if error.code != "network_missing":
                    setback(f"the drive {drive.video.sha256}", error)
                continue
            except Exception as error:  # noqa: BLE001 -- no error may stop the others
                setback(f"the drive {drive.video.sha256}", error)
                continue
            yield CheckRequest(drive=request, sent_s=drive.video.uploaded_s)


def found_by(queue: JobQueue, check_id: str) -> DriveCheck | None:
    """Return the findings of a check; None until it has ended, or if it failed."""
    published = queue.event(check_id, FOUND)
    return _CHECK.validate_json(published) if published else None


def workflow(place: Workplace) -> Workflow[CheckRequest]:
    """Return the workflow of a worker."""
    town, steps = place.town, place.steps
    files = SentFiles(town.upload_storage.path_of, place.folder)

    def check(request: CheckRequest) -> str:
        publish_progress("checking", 0, 1)
        found = steps.run_as(
            "check_drive", _CHECK, lambda: check_drive(town.store, files, request.drive)
        )
        DBOS.set_event(FOUND, _CHECK.dump_json(found).decode())
        if found.concerns:
            return done({"concerns": len(found.concerns)})
        return steps.finish("start_drive", lambda: start_clean_drive(town, request.drive))

    return check


def check_drive(store: Store, files: SentFiles, request: DriveRequest) -> DriveCheck:
    """Check a drive without a detector."""
    from roadscan.pipeline import check_drive as checking  # noqa: PLC0415 -- opens videos
    from roadscan.read.camera_file import read_camera  # noqa: PLC0415 -- workers only

    with camera_named(files, request):
        sent = request.camera_sha256
        camera = read_camera(None if sent is None else files.path_of(sent))
    network = store.network(request.network_sha256)
    with drive_linked(files, request) as (video, track):
        found = checking.check_drive(video, track, network, camera, request.vehicle)
    if found.track is None:
        return found
    return replace(
        found,
        video=replace(found.video, name=request.video_name),
        track=replace(found.track, name=request.track_name),
    )


def start_clean_drive(town: Town, request: DriveRequest) -> Facts:
    """Start a drive without concerns, unless somebody has already started it."""
    try:
        job_id = start_drive(town, request, request.survey)
    except RoadscanError as error:
        if error.code != "drive_not_waiting":
            raise
        return {"concerns": 0}
    town.accounts.record(WORKER, "drive_submitted", job_id)
    return {"concerns": 0, "job_id": job_id}


def routes(town: Town) -> APIRouter:
    """Return the routes for checks."""
    router = APIRouter(prefix="/api/checks", tags=["jobs"])
    Uploader = Annotated[Caller, Depends(town.guard.need(Right.UPLOAD))]  # noqa: N806 -- a type
    undecided = ("job_unknown", "check_not_ended", "drive_not_waiting")

    @router.get("")
    def checks(_: Uploader) -> list[CheckResponse]:
        """Return the checks of the drives that are waiting and complete, once submitted."""
        known = [town.queue.known(request.job_id()) for request in checks_of_waiting(town)]
        return [_response(town, job) for job in known if job is not None]

    @router.get("/{check_id}", responses=problems("job_unknown"))
    def check(check_id: str, _: Uploader) -> CheckResponse:
        """Return a check, also after the decision."""
        return _response(town, _existing(town, check_id))

    @router.post(
        "/{check_id}/start", status_code=202, responses=problems(*undecided, "network_missing")
    )
    def start(check_id: str, given: ToStart, caller: Uploader) -> Job:
        """Analyse the drive all the same."""
        drive = _to_decide(town, check_id)
        request = drive_request(town, drive, offset_s=given.offset_s)
        job_id = start_drive(town, request, drive.video.survey)
        what = f"{drive.video.name} {check_id} {job_id}"
        town.accounts.record(caller.name, "drive_started_anyway", what)
        return town.queue.job(job_id)

    @router.post("/{check_id}/withdraw", status_code=204, responses=problems(*undecided))
    def withdraw(check_id: str, caller: Uploader) -> None:
        """Delete the video, and what came with it unless others need it; one's own, or as admin."""
        _withdraw(town, _to_decide(town, check_id), caller)

    return router


def _response(town: Town, job: Job) -> CheckResponse:
    request = CheckRequest.model_validate(job.request).drive
    return CheckResponse(
        check_id=job.job_id,
        video_sha256=request.video_sha256,
        video_name=request.video_name,
        survey=request.survey,
        verdict=_verdict(job),
        waits=town.files.is_waiting(request.video_sha256, request.survey),
        failure=None if job.done is None else job.done.failure,
        found=found_by(town.queue, job.job_id),
    )


def _verdict(job: Job) -> CheckVerdict:
    if job.state in {State.FAILED, State.CANCELLED}:
        return CheckVerdict.FAILED
    if job.state is not State.DONE or job.done is None:
        return CheckVerdict.NOT_YET
    return CheckVerdict.CONCERNS if job.done.facts.get("concerns") else CheckVerdict.CLEAN


def _existing(town: Town, check_id: str) -> Job:
    job = town.queue.job(check_id)
    if job.kind != CheckRequest.kind:
        raise RoadscanError("job_unknown", f"there is no check {check_id[:80]!r}", "List them")
    return job


def _to_decide(town: Town, check_id: str) -> WaitingDrive:
    job = _existing(town, check_id)
    if _verdict(job) is CheckVerdict.NOT_YET:
        raise RoadscanError(
            "check_not_ended", "the drive is still being checked", "Wait for the check"
        )
    request = CheckRequest.model_validate(job.request).drive
    return waiting_drive(town, request.video_sha256, request.survey)


def _withdraw(town: Town, drive: WaitingDrive, caller: Caller) -> None:
    if drive.video.owner_id != caller.account_id and not caller.may(Right.ADMINISTER):
        whose = f"{drive.video.name} was sent by {drive.video.uploaded_by}"
        raise RoadscanError("not_allowed", whose, "Ask an administrator")
    if not _remove(town, drive.video, caller):
        raise RoadscanError("drive_not_waiting", "a job has this video", "See the jobs")
    for file in (drive.track, drive.camera):
        if file is not None and not is_needed(town, file.sha256):
            _remove(town, file, caller)


def _remove(town: Town, file: StoredFile, caller: Caller) -> bool:
    if not town.uploads.withdraw(file.sha256, file.survey):
        return False
    town.accounts.record(caller.name, "drive_withdrawn", f"{file.name} {file.sha256}")
    return True


KIND: Final = JobKind(CheckRequest, workflow, routes)
