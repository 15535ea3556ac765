"""Deletes raw recordings whose retention time is over, unless a job uses them.

A worker does so once a day, and `roadscan purge` whenever it is called.

A video is deleted once its results have been in the store for a set number of days; a video that
was never analysed, a month after its upload at the latest (section 13 SächsDSDG sets one month).
Days are those of the town's clock: roadscan.store.town.clock.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final

from roadscan.model.access import AuditEntry
from roadscan.model.uploaded_file import RECORDINGS, StoredFile
from roadscan.serve.queue.job import State
from roadscan.serve.town import Town

_LOG: Final = logging.getLogger("roadscan.serve.retention")
DAY_S: Final = 86400.0
LONGEST_S: Final = 30 * DAY_S
PAGE: Final = 500
AT_ONCE: Final = 100
"""Number of files deleted by one step of a job."""


class Due(StrEnum):
    """Why a file is to be deleted."""

    WORKED = "results_are_kept"
    TOO_OLD = "longest_time_is_over"


@dataclass(frozen=True, slots=True)
class DueFile:
    """A file whose retention time is over."""

    file: StoredFile
    why: Due


@dataclass(frozen=True, slots=True)
class FileUses:
    """What jobs and waiting drives use, by SHA-256."""

    finished_s: Mapping[str, float]
    """When the last results of a file were committed, UTC epoch seconds."""
    busy: frozenset[str] = frozenset()
    """Files that a job waits for or uses, or a network was read from: they stay, however old."""
    awaited: frozenset[str] = frozenset()
    """Files of drives that wait for a job: they stay for the longest time."""


def due_files(
    files: Iterator[StoredFile], uses: FileUses, now_s: float, keep_s: float
) -> Iterator[DueFile]:
    """Yield the files whose retention time is over.

    Parameters
    ----------
    keep_s
        Seconds that a file stays after its results.
    """
    for file in files:
        if file.kind not in RECORDINGS or file.purged_s is not None or file.sha256 in uses.busy:
            continue
        done_s = uses.finished_s.get(file.sha256, inf)
        # results from before it was sent once more are not those that it waits for
        is_worked = done_s >= file.uploaded_s and file.sha256 not in uses.awaited
        if is_worked and now_s - done_s >= keep_s:
            yield DueFile(file, Due.WORKED)
        elif now_s - file.uploaded_s >= LONGEST_S:
            yield DueFile(file, Due.TOO_OLD)


@dataclass(frozen=True, slots=True)
class Deleted:
    """The files deleted in one step, and how much of what was due is left."""

    files: int
    size_bytes: int
    left: int


@dataclass(frozen=True, slots=True)
class Retention:
    """The retention of one town: finds the files that are due and deletes them."""

    town: Town
    who: str
    """Who deletes, by the name used in the audit log."""

    def due(self) -> tuple[DueFile, ...]:
        """Return the files that are due now, without changing anything."""
        now_s, keep_s = self.town.shared_clock.read().age_s, self.town.settings.keep_raw_s
        return tuple(due_files(self._all(), uses_of(self.town), now_s, keep_s))

    def delete_some(self) -> Deleted:
        """Delete some of the files that are due now."""
        due = self.due()
        gone = [item.file for item in due[:AT_ONCE] if self.delete(item)]
        return Deleted(len(gone), sum(file.size_bytes for file in gone), len(due) - len(gone))

    def delete(self, due: DueFile) -> bool:
        """Delete the bytes of a file but not its row, and record it in the audit log and the log.

        Returns False if another process deleted it, or a job took it in the meantime. After a
        kill between any two steps the file is due again; its audit entry is written only once.
        """
        sha256, storage = due.file.sha256, self.town.upload_storage
        if not self.town.files.claim_for_purge(due.file):
            return False
        what = f"{due.file.name} {sha256} {due.why.value}"
        with storage.files_locked():
            storage.remove(sha256)
            entry = AuditEntry(self.town.clock(), self.who, "file_purged", what)
            deleted = self.town.files.mark_purged(sha256, entry)
        if deleted:
            _LOG.info("file_purged", extra={"subject": what})
        return deleted

    def _all(self) -> Iterator[StoredFile]:
        last = None
        while page := self.town.files.newest(PAGE, last):
            yield from page
            last = page[-1]


def uses_of(town: Town) -> FileUses:
    """Return what the files of a town are used for."""
    finished_s: dict[str, float] = {}
    for job in town.queue.of_kind("drive"):
        if job.state is State.DONE:
            hashes = {str(job.request[name]) for name in ("video_sha256", "track_sha256")}
            finished_s |= {sha: max(job.updated_s, finished_s.get(sha, 0)) for sha in hashes}
    networks = {
        str(job.request["file_sha256"])
        for job in town.queue.of_kind("network")
        if job.state is State.DONE
    }
    awaited = {
        file.sha256
        for drive in town.files.waiting()
        for file in (drive.video, drive.track)
        if file is not None
    }
    return FileUses(finished_s, town.queue.files_in_use() | networks, frozenset(awaited))


def count_unseen_time(town: Town, who: str) -> None:
    """Count the time that passed unseen, as an administrator says that the clock is right."""
    days = town.shared_clock.confirm() / DAY_S
    town.accounts.record(who, "clock_confirmed", f"{days:.1f} d")
