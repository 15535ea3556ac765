"""Deletes raw recordings whose retention time is over, but none that a job uses.

A worker does so once a day, `roadscan purge` whenever it is called.

A video is deleted when its results have been in the store for so many days; one that was never
analysed a month after it was sent in, at the latest (section 13 SächsDSDG names one month).
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
"""Files deleted by one step of a job."""
RAW: Final = frozenset({FileKind.VIDEO, FileKind.TRACK})
"""What shows or tells where somebody was; cameras and networks do not."""


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
        When the results of a file were committed, UTC epoch seconds by SHA-256.
    busy
        SHA-256 of files that a job waits for or uses: they stay, however old.
    keep_s
        How long a file stays after its results.
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
    """What was deleted at once, and how much of what was due is left."""

    files: int
    size_bytes: int
    left: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Finds what is due in a town, and deletes it."""

    town: Town
    who: str
    """Deletes, as the audit log names it."""

    def due(self) -> tuple[DueFile, ...]:
        """Return what is due now; nothing is changed."""
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
        """Delete some of what is due now."""
        due = self.due()
        gone = [item.file for item in due[:AT_ONCE] if self.delete(item)]
        return Deleted(len(gone), sum(file.size_bytes for file in gone), len(due) - len(gone))

    def delete(self, due: DueFile) -> bool:
        """Delete the bytes of a file but not its row, and write it into the audit log and the log.

        False if somebody else deleted it, or a job took it meanwhile. Killed between any two
        steps, it is due again, and its line in the audit log is written once.
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
