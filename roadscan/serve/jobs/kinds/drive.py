"""The analysis of a drive, chunk by chunk, after which the drive joins its survey.

The web process imports this module too, so steps import models and decoders only where needed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    model_serializer,
)

from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.road import Vehicle
from roadscan.model.survey import DriveKey, Survey
from roadscan.model.uploaded_file import TRACK_SUFFIXES, VIDEO_SUFFIXES, WaitingDrive
from roadscan.read.input_files import errors_reported_as
from roadscan.serve.api_description import problems
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.sent_files import SentFile, SentFiles
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName, Sha256, SurveyName
from roadscan.serve.town import Town
from roadscan.serve.uploads.tus_protocol import check_survey_name

if TYPE_CHECKING:
    from roadscan.pipeline.prepare import PreparedDrive
    from roadscan.pipeline.run_account import Tools

HANGS: Final = 70
"""Exit status of a worker whose network for persons and vehicles hangs: EX_SOFTWARE."""
PREPARED_KEPT: Final = 2
"""Number of drives whose place in time and on the network a worker caches between chunks."""


class DriveRequest(JobRequest):
    """A drive to be analysed: its files by checksum, and its settings."""

    kind: ClassVar[str] = "drive"
    queue: ClassVar[QueueName] = QueueName.DRIVES
    survey: SurveyName
    video_sha256: Sha256
    video_name: str
    track_sha256: Sha256
    track_name: str
    camera_sha256: Sha256 | None = None
    camera_name: str = ""
    network_sha256: Sha256
    scheme: str = "ap9k"
    model: str = ""
    offset_s: Annotated[float, Field(allow_inf_nan=False)] | None = None
    every_m: Annotated[float, Field(ge=0.5, le=100.0)] = 3.0
    vehicle: Vehicle = Vehicle.CAR

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the vehicle that was the only one: ids are made from requests, and stay."""
        values: dict[str, Any] = dump(self)
        if self.vehicle is Vehicle.CAR:
            values.pop("vehicle", None)
        return values


class DriveToWork(BaseModel):
    """A waiting drive that somebody wants analysed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    video_sha256: Sha256
    survey: SurveyName | None = None
    """Default: the survey that it was sent in for."""
    offset_s: float | None = None


def waiting_drive(town: Town, video_sha256: str, sent_for: str | None = None) -> WaitingDrive:
    """Return the drive of a video, as sent for a survey or for any; raises `drive_not_waiting`."""
    of_video = [d for d in town.files.waiting() if d.video.sha256 == video_sha256]
    found = next((d for d in of_video if sent_for in {None, d.video.survey}), None)
    if found is None:
        raise RoadscanError(
            "drive_not_waiting", "no such video is waiting", "Send it, or see the jobs"
        )
    return found


def drive_request(
    town: Town, drive: WaitingDrive, survey: str | None = None, offset_s: float | None = None
) -> DriveRequest:
    """Return the request for a waiting drive.

    Raises `track_missing`, `network_missing`, and `upload_name` if its survey has a name that only
    older versions accepted.
    """
    if drive.track is None:
        raise RoadscanError(
            "track_missing",
            f"{drive.video.name} waits for its track ({drive.waits_for})",
            "Send a track of the same name",
        )
    survey = survey or drive.video.survey
    check_survey_name(survey)
    return DriveRequest(
        survey=survey,
        video_sha256=drive.video.sha256,
        video_name=drive.video.name,
        track_sha256=drive.track.sha256,
        track_name=drive.track.name,
        camera_sha256=drive.camera.sha256 if drive.camera else None,
        camera_name=drive.camera.name if drive.camera else "",
        network_sha256=_network_of(town, survey),
        offset_s=offset_s,
        vehicle=drive.video.vehicle,
    )


def start_drive(town: Town, request: DriveRequest, sent_for: str) -> str:
    """Submit a drive sent for a survey; return the job's id. Submitting it twice makes one job.

    Raises `drive_not_waiting` if another job has its video, or a file was deleted.
    """
    beside = [sha for sha in (request.track_sha256, request.camera_sha256) if sha is not None]
    if not town.files.take(request.video_sha256, sent_for, request.job_id(), beside):
        raise RoadscanError(
            "drive_not_waiting", "another job has this video, or a file is gone", "See the jobs"
        )
    return town.queue.submit(request)


def _meant(town: Town, given: DriveToWork) -> WaitingDrive:
    """Return the drive sent for the survey that is named, or the video's only or oldest one."""
    if given.survey is not None:
        with suppress(RoadscanError):  # the same video may have been sent for another survey
            return waiting_drive(town, given.video_sha256, given.survey)
    return waiting_drive(town, given.video_sha256)


def is_needed(town: Town, sha256: str) -> bool:
    """Return whether a waiting drive or any job uses a track or camera file."""
    for drive in town.files.waiting():
        beside = (drive.track, drive.camera)
        if any(file is not None and file.sha256 == sha256 for file in beside):
            return True
    jobs = town.queue.of_kind(DriveRequest.kind)
    return any(sha256 in job.request.values() for job in jobs)


def _network_of(town: Town, survey: str) -> str:
    """Return the network that a survey's drives are matched to: its own, or the one in force."""
    try:
        return town.store.survey(survey).network_sha256
    except KeyError:
        return town.network_in_force().network_sha256


@dataclass(frozen=True, slots=True)
class DrivePlan:
    """The remaining work on a drive."""

    drive_id: str
    settings_sha256: str
    pending: tuple[int, ...]
    chunks: int


_PLAN: Final = TypeAdapter(DrivePlan)


class DriveSteps:
    """The steps of a drive, each completed or without effect; models stay loaded in between."""

    def __init__(self, town: Town, folder: Path) -> None:
        self._town = town
        self._store = town.store
        self._files = SentFiles(town.upload_storage.path_of, folder)
        self._tools = lru_cache(maxsize=PREPARED_KEPT)(self._load_tools)
        self._prepared = lru_cache(maxsize=PREPARED_KEPT)(self._prepare)

    def plan(self, request: DriveRequest) -> DrivePlan:
        """Locate a drive in time and on the network, and store it."""
        from roadscan.pipeline.chunk import chunk_of  # noqa: PLC0415 -- opens videos

        self._check_survey(request)
        prepared = self._prepared(request)
        drive = prepared.drive
        self._store.put_drive(drive, prepared.trace)
        numbers = frozenset(chunk_of(prepared.wanted_video_s).tolist())
        done = self._store.done_chunks(drive.drive_id, drive.settings_sha256)
        return DrivePlan(
            drive.drive_id, drive.settings_sha256, tuple(sorted(numbers - done)), len(numbers)
        )

    def work_chunk(self, request: DriveRequest, number: int) -> None:
        """Analyse one chunk of a drive and store the results."""
        from roadscan.detect.people import ModelHangsError  # noqa: PLC0415 -- runs models
        from roadscan.pipeline.chunk import AnalysisTools, work_chunks  # noqa: PLC0415 -- opens videos
        from roadscan.pipeline.progress import NoProgress  # noqa: PLC0415 -- workers only
        from roadscan.pipeline.run_record import Stopwatch  # noqa: PLC0415 -- workers only

        prepared, tools = self._prepared(request), self._tools(*_tool_names(request))
        # read again each time: an objection takes effect as soon as it is made
        rules = replace(tools.pictures, masks=self._store.pictures.objections())
        analysis = AnalysisTools(tools.detector, tools.network, tools.scheme, rules)
        work = work_chunks(prepared, frozenset({number}), analysis, Stopwatch(), NoProgress())
        try:
            with errors_reported_as(prepared.video_path, request.video_name):
                for result in work:
                    self._store.put_chunk(result, prepared.drive.settings_sha256)
        except ModelHangsError as error:
            # a retry in this process would hang too; a new worker continues the drive
            sys.stderr.write(f"roadscan: this worker ends: {error}\n")
            os._exit(HANGS)

    def join_survey(self, request: DriveRequest, key: DriveKey) -> Facts:
        """Add a drive to its survey, which marks the survey for scoring."""
        self._check_survey(request)
        tools = self._tools(*_tool_names(request))
        self._store.join_survey(
            Survey(
                request.survey,
                tools.network.sha256,
                tools.detector.name,
                tools.detector.kinds,
                tools.scheme.text,
                (key,),
                dict(tools.detector.hit_rates),
            )
        )
        chunks = len(self._store.done_chunks(key.drive_id, key.settings_sha256))
        return {"drive_id": key.drive_id, "chunks": chunks}

    def _check_survey(self, request: DriveRequest) -> None:
        """Raise `survey_other_network` if the networks differ: results cannot be combined."""
        try:
            known = self._store.survey(request.survey)
        except KeyError:
            return
        if known.network_sha256 != request.network_sha256:
            raise RoadscanError(
                "survey_other_network",
                f"the survey {request.survey!r} is on another version of the road network",
                "Send the drive again: it is matched to the survey's own, or name another survey",
            )

    def _load_tools(
        self, network_sha256: str, scheme: str, model: str, camera_sha256: str | None
    ) -> "Tools":
        from roadscan.detect.detector import load_detector  # noqa: PLC0415 -- loads models
        from roadscan.pipeline.keep_pictures import load_picture_rules  # noqa: PLC0415 -- the same
        from roadscan.pipeline.run_account import Tools  # noqa: PLC0415 -- workers only
        from roadscan.pipeline.scheme import load_scheme  # noqa: PLC0415 -- workers only
        from roadscan.read.camera_file import read_camera  # noqa: PLC0415 -- workers only

        camera = None if camera_sha256 is None else self._files.path_of(camera_sha256)
        every_m = self._town.settings.picture_every_m
        return Tools(
            load_scheme(scheme),
            read_camera(camera),
            self._store.network(network_sha256),
            load_detector(model),
            load_picture_rules("", context=False, every_m=every_m),
        )

    def _prepare(self, request: DriveRequest) -> "PreparedDrive":
        from roadscan.pipeline import prepare, video_clock  # noqa: PLC0415 -- opens videos

        with camera_named(self._files, request):
            tools = self._tools(*_tool_names(request))
        offset = (
            None
            if request.offset_s is None
            else video_clock.GivenOffset(request.offset_s, video_clock.OFFSET_WITHIN_S)
        )
        settings = prepare.Settings(
            request.survey,
            tools.camera,
            offset,
            request.every_m,
            tools.scheme.viewing,
            tools.pictures.key,
            request.vehicle,
        )
        with drive_linked(self._files, request) as (video, track):
            prepared = prepare.prepare_drive(
                video,
                prepare.drive_track(track, tools.network, request.vehicle),
                tools.network,
                settings,
                prepare.Detecting(tools.detector.name, tools.detector.sha256),
            )
        drive = replace(
            prepared.drive,
            video=replace(prepared.drive.video, name=request.video_name),
            track_name=request.track_name,
        )
        return replace(prepared, drive=drive, video_path=self._files.path_of(request.video_sha256))


def _tool_names(request: DriveRequest) -> tuple[str, str, str, str | None]:
    return request.network_sha256, request.scheme, request.model, request.camera_sha256


@contextmanager
def drive_linked(files: SentFiles, request: DriveRequest) -> Iterator[tuple[Path, Path]]:
    """Link a drive's video and track for readers."""
    video = SentFile(request.video_sha256, request.video_name, tuple(VIDEO_SUFFIXES))
    track = SentFile(request.track_sha256, request.track_name, TRACK_SUFFIXES)
    with files.linked(video, track) as (video_path, track_path):
        yield video_path, track_path


def camera_named(files: SentFiles, request: DriveRequest) -> AbstractContextManager[None]:
    """Make errors show the name that the sender gave a drive's camera file."""
    if request.camera_sha256 is None:
        return nullcontext()
    name = request.camera_name or "the camera file"  # jobs of older versions lack it
    return errors_reported_as(files.path_of(request.camera_sha256), name)


def workflow(place: Workplace) -> Workflow[DriveRequest]:
    """Return the workflow of a worker."""
    steps = DriveSteps(place.town, place.folder)

    def drive(request: DriveRequest) -> str:
        publish_progress("preparing", 0, 0)
        plan = place.steps.run_as("plan_drive", _PLAN, lambda: steps.plan(request))

        def work_chunk(number: int) -> str:
            steps.work_chunk(request, number)
            return ""

        already = plan.chunks - len(plan.pending)
        for finished, number in enumerate(plan.pending, start=already):
            publish_progress("looking", finished, plan.chunks)
            place.steps.run("work_chunk", partial(work_chunk, number))
        key = DriveKey(plan.drive_id, plan.settings_sha256)
        result = place.steps.finish("join_survey", lambda: steps.join_survey(request, key))
        publish_progress("done", plan.chunks, plan.chunks)
        return result

    return drive


def routes(town: Town) -> APIRouter:
    """Return the route that submits a waiting drive."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])
    Uploader = Annotated[Caller, Depends(town.guard.need(Right.UPLOAD))]  # noqa: N806 -- a type

    @router.post(
        "",
        status_code=202,
        responses=problems("track_missing", "drive_not_waiting", "network_missing"),
    )
    def submit(given: DriveToWork, caller: Uploader) -> Job:
        drive = _meant(town, given)
        request = drive_request(town, drive, given.survey, given.offset_s)
        job_id = start_drive(town, request, drive.video.survey)
        town.accounts.record(caller.name, "drive_submitted", job_id)
        return town.queue.job(job_id)

    return router


KIND: Final = JobKind(DriveRequest, workflow, routes)
