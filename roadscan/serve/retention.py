"""Deletes raw recordings when their time is over: only what the store knows, nothing in work.

Each worker sees to it once a day, `roadscan purge` whenever it is called.

A video goes when its results have been in the store for so many days; one that nobody ever worked
goes a month after it was sent at the latest (section 13 SächsDSDG names one month).
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from roadscan.model.access import AuditEntry
from roadscan.model.uploaded_file import FileKind, StoredFile
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import State
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import jobs_url, open_town
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.store import Store
from roadscan.store.town.files import Files

_LOG: Final = logging.getLogger("roadscan.serve.retention")
DAY_S: Final = 86400.0
LONGEST_S: Final = 30 * DAY_S
PAGE: Final = 500
AT_ONCE: Final = 100
"""Files deleted by one step of a job."""
RAW: Final = frozenset({FileKind.VIDEO, FileKind.TRACK})
"""What shows or tells where somebody was; cameras and networks do not."""


class Due(StrEnum):
    """Why a file is to be deleted."""

    WORKED = "results_are_kept"
    TOO_OLD = "longest_time_is_over"


@dataclass(frozen=True, slots=True)
class DueFile:
    """A file whose time is over."""

    file: StoredFile
    why: Due


def due_files(
    files: Iterator[StoredFile],
    finished_s: Mapping[str, float],
    busy: frozenset[str],
    now_s: float,
    keep_s: float,
) -> Iterator[DueFile]:
    """Yield the files whose time is over.

    Parameters
    ----------
    finished_s
        When the results of a file were committed, UTC epoch seconds by SHA-256.
    busy
        SHA-256 of files that a job waits for or works on: they stay, however old.
    keep_s
        How long a file is kept after its results.
    """
    for file in files:
        if file.kind not in RAW or file.purged_s is not None or file.sha256 in busy:
            continue
        done_s = finished_s.get(file.sha256)
        if done_s is not None and now_s - done_s >= keep_s:
            yield DueFile(file, Due.WORKED)
        elif now_s - file.uploaded_s >= LONGEST_S:
            yield DueFile(file, Due.TOO_OLD)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went at once, and how much of what was due is left."""

    files: int
    size_bytes: int
    left: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Knows what is due, and deletes it."""

    files: Files
    storage: UploadStorage
    queue: JobQueue
    clock: Callable[[], float]
    keep_s: float
    who: str
    """Deletes, as the audit log names it."""

    def due(self) -> tuple[DueFile, ...]:
        """Return what is due now; nothing is changed."""
        finished_s: dict[str, float] = {}
        busy: set[str] = set()
        for job in self.queue.drives():
            hashes = {str(job.request[name]) for name in ("video_sha256", "track_sha256")}
            if job.state is State.DONE:
                finished_s |= {sha: max(job.updated_s, finished_s.get(sha, 0)) for sha in hashes}
            elif job.state in {State.WAITING, State.RUNNING}:
                busy |= hashes
        return tuple(due_files(self._all(), finished_s, frozenset(busy), self.clock(), self.keep_s))

    def delete_some(self) -> Deleted:
        """Delete some of what is due now."""
        due = self.due()
        gone = [item.file for item in due[:AT_ONCE] if self.delete(item)]
        return Deleted(len(gone), sum(file.size_bytes for file in gone), len(due) - len(gone))

    def delete(self, due: DueFile) -> bool:
        """Delete the bytes of a file, keep its row, and write it into the audit log and the log.

        False if somebody else deleted it, or a job took it meanwhile. Killed between any two
        steps, it is due again, and its line in the audit log is written once.
        """
        sha256 = due.file.sha256
        if not self.files.claim_for_purge(due.file):
            return False
        what = f"{due.file.name} {sha256} {due.why.value}"
        with self.storage.files_locked():
            self.storage.remove(sha256)
            deleted = self.files.mark_purged(
                sha256, AuditEntry(self.clock(), self.who, "file_purged", what)
            )
        if deleted:
            _LOG.info("file_purged", extra={"subject": what})
        return deleted

    def _all(self) -> Iterator[StoredFile]:
        last = None
        while page := self.files.newest(PAGE, last):
            yield from page
            last = page[-1]


@contextmanager
def open_retention(settings: ServeSettings) -> Iterator[Retention]:
    """Open what retention needs of a town, for `roadscan purge`."""
    with closing(JobQueue(jobs_url(settings))) as queue, open_town(settings) as store:
        yield retention_of(settings, store, queue, "roadscan purge")


def retention_of(settings: ServeSettings, store: Store, queue: JobQueue, who: str) -> Retention:
    """Return the retention of an open town; `who` deletes, as the audit log names it."""
    storage = UploadStorage(settings.data, settings.upload_limits)
    return Retention(Files(store.engine), storage, queue, time.time, settings.keep_raw_s, who)
