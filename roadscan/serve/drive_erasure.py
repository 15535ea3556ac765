"""Erases a drive from a town: its results, pictures, uploaded files and jobs."""

from roadscan.errors import RoadscanError
from roadscan.model.drive import Drive
from roadscan.pipeline.results_folder import outputs_mention, remove_outputs
from roadscan.serve.jobs.kinds.check import CheckRequest
from roadscan.serve.jobs.kinds.drive import DriveRequest, is_needed
from roadscan.serve.jobs.kinds.export import ExportRequest
from roadscan.serve.jobs.kinds.rematch import RematchRequest, rematches_of
from roadscan.serve.queue.job import Job, State
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.survey_exports import remove_exports
from roadscan.serve.town import Town
from roadscan.store.erasure import Erased


def erase_drive(town: Town, drive: Drive, who: str) -> Erased:
    """Erase a drive and record who did so; raises `drive_in_work` while a job is using it.

    Whatever shows people goes first. If killed midway, it can be repeated and erases the rest.
    """
    data, queue, video = town.settings.data, town.queue, drive.video
    jobs = jobs_of_video(queue, video.sha256)
    running = any(job.state in {State.WAITING, State.RUNNING} for job in jobs)
    # a copy that is being moved or exported would survive the erasure
    if running or queue.under_way(RematchRequest.kind) or queue.under_way(ExportRequest.kind):
        what = f"{video.name} is being analysed, moved to another network or exported"
        raise RoadscanError("drive_in_work", what, "Wait for its job to end, or cancel it")
    _remove_file(town, video.sha256)
    if outputs_mention(data, drive.drive_id):
        remove_outputs(data)
    remove_exports(data)
    for job in (*jobs, *rematches_of(queue, _surveys_of(town, drive.drive_id))):
        queue.forget(job.job_id)
    if not is_needed(town, drive.track_sha256):
        _remove_file(town, drive.track_sha256)
    erased = town.store.erase_drive(drive.drive_id)
    town.layers.clear_ended()
    town.accounts.record(who, "drive_erased", f"{video.name} {drive.drive_id}")
    return erased


def jobs_of_video(queue: JobQueue, video_sha256: str) -> tuple[Job, ...]:
    """Return the jobs that analyse or check the drive of a video, including ended ones."""
    drives = (
        job
        for job in queue.of_kind(DriveRequest.kind)
        if job.request.get("video_sha256") == video_sha256
    )
    checks = (
        job
        for job in queue.of_kind(CheckRequest.kind)
        if CheckRequest.model_validate(job.request).drive.video_sha256 == video_sha256
    )
    return (*drives, *checks)


def _surveys_of(town: Town, drive_id: str) -> set[str]:
    drives = {name: town.store.survey(name).drives for name in town.store.surveys()}
    return {name for name, keys in drives.items() if drive_id in {key.drive_id for key in keys}}


def _remove_file(town: Town, sha256: str) -> None:
    if town.files.get(sha256) is not None:
        town.uploads.remove(sha256)
