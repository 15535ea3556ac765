"""Deletes raw recordings whose retention time is over, unless a job uses them.

A worker does so once a day, and `roadscan purge` whenever it is called.

A video is deleted once its results have been in the store for a set number of days; a video that
was never analysed, a month after its upload at the latest (section 13 SächsDSDG sets one month).
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from roadscan.model.access import AuditEntry
from roadscan.model.uploaded_file import FileKind, StoredFile
from roadscan.serve.queue.job import State
from roadscan.serve.town import Town

_LOG: Final = logging.getLogger("roadscan.serve.retention")
DAY_S: Final = 86400.0
LONGEST_S: Final = 30 * DAY_S
PAGE: Final = 500
AT_ONCE: Final = 100
"""Number of files deleted by one step of a job."""
RAW: Final = frozenset({FileKind.VIDEO, FileKind.TRACK})
"""Files that reveal where somebody was; camera files and networks do not."""


class Due(StrEnum):
    """Why a file is to be deleted."""

    WORKED = "results_are_kept"
    TOO_OLD = "longest_time_is_over"


@dataclass(frozen=True, slots=True)
class DueFile:
    """A file whose retention time is over."""

    file: StoredFile
    why: Due


def due_files(
    files: Iterator[StoredFile],
    finished_s: Mapping[str, float],
    busy: frozenset[str],
    now_s: float,
    keep_s: float,
) -> Iterator[DueFile]:
    """Yield the files whose retention time is over.

    Parameters
    ----------
    finished_s
        Time at which the results of a file were committed, UTC epoch seconds by SHA-256.
    busy
        SHA-256 of the files that a job waits for or uses: they stay, however old they are.
    keep_s
        Seconds that a file stays after its results.
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
        finished_s: dict[str, float] = {}
        busy: set[str] = set()
        for job in self.town.queue.of_kind("drive"):
            hashes = {str(job.request[name]) for name in ("video_sha256", "track_sha256")}
            if job.state is State.DONE:
                finished_s |= {sha: max(job.updated_s, finished_s.get(sha, 0)) for sha in hashes}
            elif job.state in {State.WAITING, State.RUNNING}:
                busy |= hashes
        now_s, keep_s = self.town.clock(), self.town.settings.keep_raw_s
        return tuple(due_files(self._all(), finished_s, frozenset(busy), now_s, keep_s))

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
