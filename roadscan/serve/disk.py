"""Disk usage of a town.

Most figures come from the store: one query covers all uploaded files, and the size of a backup is
the one that its job recorded. Only unfinished uploads, exports (of one week) and the names of the
backups are read from the disk itself; no folder of recordings is walked.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from roadscan.model.uploaded_file import RECORDINGS, FileKind, FileTotals
from roadscan.serve.backup import BACKUPS
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.survey_exports import exports
from roadscan.serve.town import Town
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.sqlite import FILE, JOBS_FILE

BACKUP_JOBS: Final = 200
"""Number of the newest backup jobs whose recorded sizes are used."""


@dataclass(frozen=True, slots=True)
class UploadsHeld:
    """Unfinished uploads."""

    files: int
    size_bytes: int
    """What has arrived."""
    missing_bytes: int
    """What is still to come; its space is reserved."""


@dataclass(frozen=True, slots=True)
class BackupsHeld:
    """Backups in the town's own folder."""

    folders: int
    size_bytes: int
    """When they were made."""
    unknown: int
    """Folders whose size no job recorded: of an interrupted backup, or put there by hand."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """The disk that the town's folder lies on."""

    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    """Uploads that would leave less free are refused."""
    recordings: FileTotals
    """Videos and tracks: what retention deletes."""
    other_files: FileTotals
    """Camera files, road networks, and what else was sent in."""
    uploads: UploadsHeld
    exports: FileTotals
    backups: BackupsHeld
    database_bytes: int
    database_here: bool
    """In the folder; False: PostgreSQL, wherever its data lies."""


def disk_use(town: Town) -> DiskUse:
    """Return the current disk usage."""
    settings, held = town.settings, town.files.held()
    disk = shutil.disk_usage(settings.data)
    others = frozenset(FileKind) - RECORDINGS
    return DiskUse(
        disk.total,
        disk.free,
        settings.free_disk_reserve_bytes,
        recordings=_together(held[kind] for kind in RECORDINGS if kind in held),
        other_files=_together(held[kind] for kind in others if kind in held),
        uploads=_uploads(town.upload_storage),
        exports=_together(FileTotals(1, size) for size in _sizes(exports(settings.data))),
        backups=_backups(settings.data / BACKUPS, town.queue),
        database_bytes=_database_bytes(town),
        database_here=not settings.database,
    )


def _database_bytes(town: Town) -> int:
    """Return the size of store and jobs: files and their logs, or as PostgreSQL reports it."""
    if town.settings.database:
        with town.store.engine.connect() as db:
            return int(db.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    names = (f"{name}{log}" for name in (FILE, JOBS_FILE) for log in ("", "-wal", "-shm"))
    paths = map(town.settings.data.joinpath, names)
    return sum(path.stat().st_size for path in paths if path.exists())


def _uploads(storage: UploadStorage) -> UploadsHeld:
    found = list(storage.under_way())
    arrived = sum(upload.offset_bytes for upload in found)
    return UploadsHeld(len(found), arrived, sum(upload.missing_bytes for upload in found))


def _backups(folder: Path, queue: JobQueue) -> BackupsHeld:
    here = {path.name for path in folder.glob("*") if path.is_dir()}
    recorded = {
        Path(str(job.done.facts["folder"])).name: int(job.done.facts["bytes"])
        for job in queue.jobs(BACKUP_JOBS, ["backup"])
        if job.done is not None and job.done.failure is None
    }
    known = here & recorded.keys()
    return BackupsHeld(len(here), sum(recorded[name] for name in known), len(here - known))


def _together(parts: Iterable[FileTotals]) -> FileTotals:
    found = list(parts)
    return FileTotals(sum(part.files for part in found), sum(part.size_bytes for part in found))


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        with suppress(FileNotFoundError):  # removed in the meantime
            yield path.stat().st_size
