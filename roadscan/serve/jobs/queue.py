"""Jobs as the web process sees them: asked for, listed, cancelled, tried again."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from typing import Final

from dbos import DBOS, DBOSClient, WorkflowStatus
from sqlalchemy import make_url

from roadscan.errors import RoadscanError
from roadscan.model.drive_check import DriveCheck
from roadscan.read.network_preview import NetworkPreview
from roadscan.serve.jobs.requests import (
    APPLICATION_VERSION,
    CHECKS,
    DRIVES,
    FOUND,
    FOUND_OF_DRIVE,
    LOOK,
    LOOKS,
    PROGRESS,
    SURVEYS,
    TOWN,
    BackupRequest,
    CheckRequest,
    Done,
    DriveRequest,
    ExportRequest,
    Failure,
    Job,
    NetworkRequest,
    Progress,
    PurgeRequest,
    RematchRequest,
    Request,
    RescoreRequest,
    ScoreRequest,
    State,
)

PAGE: Final = 200
QUEUES: Final[dict[type[Request], tuple[str, str]]] = {
    DriveRequest: ("drive", DRIVES),
    CheckRequest: ("check", CHECKS),
    NetworkRequest: ("network", DRIVES),
    ScoreRequest: ("score", SURVEYS),
    RescoreRequest: ("rescore", SURVEYS),
    PurgeRequest: ("purge", TOWN),
    BackupRequest: ("backup", TOWN),
    ExportRequest: ("export", TOWN),
    RematchRequest: ("rematch", TOWN),
}
"""Workflow and queue by request."""
KINDS: Final = dict(QUEUES.values())
"""Queue by workflow."""
_UNDER_WAY: Final = ["ENQUEUED", "PENDING"]

_STATES: Final = {
    "ENQUEUED": State.WAITING,
    "DELAYED": State.WAITING,
    "PENDING": State.RUNNING,
    "CANCELLED": State.CANCELLED,
}


def make_jobs(url: str) -> None:
    """Make the tables of the workflows, where they are not there yet.

    A SQLite file gets a write-ahead log: without one a worker that looks for work waits for every
    page that looks at the jobs, and waits longer each time.
    """
    address = make_url(url)
    if address.drivername == "sqlite" and address.database:
        with closing(sqlite3.connect(address.database)) as db:
            db.execute("PRAGMA journal_mode=WAL")
    DBOS.migrate(url)


class JobQueue:
    """The queue, for processes that do not work themselves."""

    def __init__(self, url: str) -> None:
        make_jobs(url)
        self._client = DBOSClient(system_database_url=url)

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()

    def put_back(self, worker_id: str) -> None:
        """Let wait again what a worker of this name was at when it was killed.

        Before it is at work again: DBOS looks for such jobs once, at its start, and a job that it
        misses would be taken for one that is being worked.
        """
        for left in self._client.list_workflows(status="PENDING", executor_id=worker_id):
            self._client.resume_workflow(left.workflow_id, queue_name=left.queue_name)

    def submit(self, request: Request) -> str:
        """Ask for a job and return its id; asking twice for the same one changes nothing."""
        job_id, (kind, queue) = request.job_id(), QUEUES[type(request)]
        self._client.enqueue(
            {
                "queue_name": queue,
                "workflow_name": kind,
                "workflow_id": job_id,
                "app_version": APPLICATION_VERSION,
            },
            request.model_dump_json(),
        )
        return job_id

    def jobs(self, limit: int, kinds: Sequence[str] = ()) -> tuple[Job, ...]:
        """Return the newest jobs, or the newest of some kinds, newest first."""
        names = list(kinds) or list(KINDS)
        found = self._client.list_workflows(name=names, limit=limit, sort_desc=True)
        return tuple(self._job(status) for status in found)

    def under_way(self, kind: str | None = None) -> bool:
        """Tell whether any job, or any of a kind, waits or is being worked."""
        names = None if kind is None else [kind]
        found = self._client.list_workflows(
            name=names, status=_UNDER_WAY, limit=1, load_input=False, load_output=False
        )
        return bool(found)

    def drives(self) -> Iterator[Job]:
        """Yield all jobs that worked or will work on a drive, page by page, without progress.

        Progress is an event of each job: asking for it would be a query for each drive ever worked.
        """
        return self._all("drive")

    def of_video(self, video_sha256: str) -> tuple[Job, ...]:
        """Return the jobs that worked or will work on the drive of a video, or looked at it."""
        worked = (j for j in self.drives() if j.request.get("video_sha256") == video_sha256)
        checks = ((j, CheckRequest.model_validate(j.request)) for j in self._all("check"))
        looked = (j for j, request in checks if request.drive.video_sha256 == video_sha256)
        return (*worked, *looked)

    def moved(self, surveys: Collection[str]) -> tuple[Job, ...]:
        """Return the jobs that moved some surveys, or that made them: they name their drives."""
        told = ((j, RematchRequest.model_validate(j.request)) for j in self._all("rematch"))
        return tuple(j for j, request in told if {request.survey, request.moved_to} & {*surveys})

    def _all(self, kind: str) -> Iterator[Job]:
        offset = 0
        while page := self._client.list_workflows(name=kind, limit=PAGE, offset=offset):
            yield from (_job(status, None) for status in page)
            offset += len(page)

    def forget(self, job_id: str) -> None:
        """Let a job that has ended never have been, so that the same may be asked for again."""
        self._client.delete_workflow(job_id)

    def known(self, job_id: str) -> Job | None:
        """Return one job; None without one of this id."""
        if "\x00" in job_id:  # PostgreSQL refuses to be asked for such a text
            return None
        found = self._client.list_workflows(workflow_ids=[job_id], name=list(KINDS))
        return self._job(found[0]) if found else None

    def job(self, job_id: str) -> Job:
        """Return one job; raises `job_unknown`."""
        job = self.known(job_id)
        if job is None:
            raise RoadscanError("job_unknown", f"there is no job {job_id!r}", "List the jobs")
        return job

    def found(self, job_id: str) -> DriveCheck | None:
        """Return what a check found of a drive; None until it has ended, or if it could not."""
        told = self._client.get_event(job_id, FOUND, timeout_seconds=0)
        return FOUND_OF_DRIVE.validate_json(told) if told else None

    def look(self, job_id: str) -> NetworkPreview | None:
        """Return what a job saw of a network; None as long as it has not looked."""
        self.job(job_id)
        told = self._client.get_event(job_id, LOOK, timeout_seconds=0)
        return LOOKS.validate_json(told) if told else None

    def cancel(self, job_id: str) -> None:
        """Stop a job at its next chunk; what is done stays done."""
        self.job(job_id)
        self._client.cancel_workflow(job_id)

    def cancel_all(self, kind: str) -> None:
        """Stop all jobs of a kind that wait or are being worked."""
        while left := self._client.list_workflows(name=kind, status=_UNDER_WAY, limit=PAGE):
            for job in left:
                self._client.cancel_workflow(job.workflow_id)

    def retry(self, job_id: str) -> str:
        """Let a job that failed or was cancelled go on; returns its id."""
        job = self.job(job_id)
        if job.state is State.CANCELLED:
            self._client.resume_workflow(job_id, queue_name=KINDS[job.kind])
            return job_id
        if job.state is not State.FAILED:
            raise RoadscanError(
                "job_not_stopped", f"the job {job_id} is {job.state.value}", "Cancel it first"
            )
        handle = self._client.fork_workflow(job_id, 1, queue_name=KINDS[job.kind])
        return handle.get_workflow_id()

    def _job(self, status: WorkflowStatus) -> Job:
        told = self._client.get_event(status.workflow_id, PROGRESS, timeout_seconds=0)
        return _job(status, Progress.model_validate_json(told) if told else None)


def _job(status: WorkflowStatus, progress: Progress | None) -> Job:
    given = status.input["args"][0] if status.input else "{}"
    done = _done(status)
    state = _STATES.get(status.status)
    if state is None:
        state = State.DONE if done and done.failure is None else State.FAILED
    return Job(
        job_id=status.workflow_id,
        kind=status.name,
        state=state,
        request=json.loads(given),
        progress=progress,
        done=done,
        worker=status.executor_id or "",
        created_s=(status.created_at or 0) / 1000,
        updated_s=(status.updated_at or 0) / 1000,
    )


def _done(status: WorkflowStatus) -> Done | None:
    if status.status == "SUCCESS":
        return Done.model_validate_json(str(status.output))
    if status.status in {"ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}:
        what = str(status.error or "its worker ended too often while it worked on it")
        hint = "The log of the worker has the details; try again"
        failure = Failure(code="internal", message=" ".join(what.split())[:300], hint=hint)
        return Done(failure=failure)
    return None
