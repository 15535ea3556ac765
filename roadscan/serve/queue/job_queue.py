"""Jobs from the web process's side: submitting, listing, cancelling and retrying them."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from dbos import DBOS, DBOSClient, WorkflowStatus
from sqlalchemy import make_url

from roadscan.errors import RoadscanError
from roadscan.serve.queue.job import (
    APPLICATION_VERSION,
    PROGRESS,
    Done,
    Failure,
    Job,
    JobRequest,
    Progress,
    QueueName,
    State,
)

PAGE: Final = 200
_SHA256: Final = re.compile(r'"([0-9a-f]{64})"')
_UNDER_WAY: Final = ["ENQUEUED", "PENDING"]
_STATES: Final = {
    "ENQUEUED": State.WAITING,
    "DELAYED": State.WAITING,
    "PENDING": State.RUNNING,
    "CANCELLED": State.CANCELLED,
}


def make_job_tables(url: str) -> None:
    """Create the tables of the workflows if they do not exist yet.

    A SQLite file gets a write-ahead log: without one, a worker that polls for work waits for every
    page that lists jobs, and longer each time.
    """
    address = make_url(url)
    if address.drivername == "sqlite" and address.database:
        with closing(sqlite3.connect(address.database)) as db:
            db.execute("PRAGMA journal_mode=WAL")
    DBOS.migrate(url)


class JobQueue:
    """The jobs of a town, for processes that submit and follow them."""

    def __init__(self, url: str) -> None:
        make_job_tables(url)
        self._client = DBOSClient(system_database_url=url)

    def close(self) -> None:
        """Close the connections to the database."""
        self._client.destroy()

    def put_back(self, worker_id: str) -> None:
        """Requeue the jobs that a worker of this name was running when it was killed.

        To be called before that worker starts again: DBOS looks for such jobs only once, at its
        start, and a job that it missed would count as running.
        """
        for left in self._client.list_workflows(status="PENDING", executor_id=worker_id):
            self._client.resume_workflow(left.workflow_id, queue_name=left.queue_name)

    def submit(self, request: JobRequest) -> str:
        """Submit a job and return its id; submitting the same one twice changes nothing."""
        job_id = request.job_id()
        self._client.enqueue(
            {
                "queue_name": request.queue.value,
                "workflow_name": request.kind,
                "workflow_id": job_id,
                "app_version": APPLICATION_VERSION,
            },
            request.model_dump_json(),
        )
        return job_id

    def jobs(self, limit: int, kinds: Sequence[str] = ()) -> tuple[Job, ...]:
        """Return the newest jobs, or the newest of some kinds, newest first."""
        names = list(kinds) or None
        found = self._client.list_workflows(name=names, limit=limit, sort_desc=True)
        return tuple(self._job(status) for status in found)

    def under_way(self, kind: str | None = None) -> bool:
        """Return whether any job, or any of a kind, is waiting or running."""
        names = None if kind is None else [kind]
        found = self._client.list_workflows(
            name=names, status=_UNDER_WAY, limit=1, load_input=False, load_output=False
        )
        return bool(found)

    def of_kind(self, kind: str) -> Iterator[Job]:
        """Yield all jobs of a kind, page by page, without their progress.

        Progress is an event of each job: reading it would take a query for every job ever run.
        """
        offset = 0
        while page := self._client.list_workflows(name=kind, limit=PAGE, offset=offset):
            yield from (_job(status, None) for status in page)
            offset += len(page)

    def files_in_use(self) -> frozenset[str]:
        """Return the SHA-256 of all files named in the requests of jobs that have not ended."""
        found: set[str] = set()
        offset = 0
        while page := self._client.list_workflows(
            status=_UNDER_WAY, limit=PAGE, offset=offset, load_output=False
        ):
            for status in page:
                found |= set(_SHA256.findall(_request_of(status)))
            offset += len(page)
        return frozenset(found)

    def forget(self, job_id: str) -> None:
        """Delete a job that has ended, so that the same job may be submitted again."""
        self._client.delete_workflow(job_id)

    def known(self, job_id: str) -> Job | None:
        """Return one job; None if there is none with this id."""
        if "\x00" in job_id:  # PostgreSQL rejects such text
            return None
        found = self._client.list_workflows(workflow_ids=[job_id])
        return self._job(found[0]) if found else None

    def job(self, job_id: str) -> Job:
        """Return one job; raises `job_unknown`."""
        job = self.known(job_id)
        if job is None:
            raise RoadscanError("job_unknown", f"there is no job {job_id!r}", "List the jobs")
        return job

    def event(self, job_id: str, name: str) -> str | None:
        """Return what a job published under a name; None if it has not done so."""
        published = self._client.get_event(job_id, name, timeout_seconds=0)
        return str(published) if published else None

    def cancel(self, job_id: str) -> None:
        """Stop a job before its next step; finished steps are not undone."""
        self.job(job_id)
        self._client.cancel_workflow(job_id)

    def cancel_all(self, kind: str) -> None:
        """Stop all jobs of a kind that are waiting or running."""
        while left := self._client.list_workflows(name=kind, status=_UNDER_WAY, limit=PAGE):
            for job in left:
                self._client.cancel_workflow(job.workflow_id)

    def retry(self, job_id: str, queue: QueueName) -> str:
        """Requeue a failed or cancelled job; return its id, which may be new."""
        job = self.job(job_id)
        if job.state is State.CANCELLED:
            self._client.resume_workflow(job_id, queue_name=queue.value)
            return job_id
        if job.state is not State.FAILED:
            raise RoadscanError(
                "job_not_stopped", f"the job {job_id} is {job.state.value}", "Cancel it first"
            )
        handle = self._client.fork_workflow(job_id, 1, queue_name=queue.value)
        return handle.get_workflow_id()

    def _job(self, status: WorkflowStatus) -> Job:
        progress = self.event(status.workflow_id, PROGRESS)
        return _job(status, Progress.model_validate_json(progress) if progress else None)


def _job(status: WorkflowStatus, progress: Progress | None) -> Job:
    request = _request_of(status)
    done = _done(status)
    state = _STATES.get(status.status)
    if state is None:
        state = State.DONE if done and done.failure is None else State.FAILED
    return Job(
        job_id=status.workflow_id,
        kind=status.name,
        state=state,
        request=json.loads(request),
        progress=progress,
        done=done,
        worker=status.executor_id or "",
        created_s=(status.created_at or 0) / 1000,
        updated_s=(status.updated_at or 0) / 1000,
    )


def _request_of(status: WorkflowStatus) -> str:
    return str(status.input["args"][0]) if status.input else "{}"


def _done(status: WorkflowStatus) -> Done | None:
    if status.status == "SUCCESS":
        return Done.model_validate_json(str(status.output))
    if status.status in {"ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}:
        what = str(status.error or "its worker ended too often while it worked on it")
        hint = "The log of the worker has the details; try again"
        failure = Failure(code="internal", message=" ".join(what.split())[:300], hint=hint)
        return Done(failure=failure)
    return None
