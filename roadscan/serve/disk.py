"""How full the disk is, and what of it this town takes.

The store is asked where it knows: all files that were sent in are one query, and the size of a
backup is what its job said. Looked at on the disk itself are uploads under way, exports (those of
a week) and the names of the backups; no folder of recordings is walked.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from roadscan.model.uploaded_file import FileKind, FileTotals
from roadscan.serve.backup import BACKUPS
from roadscan.serve.jobs.exports import exports
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.retention import RAW
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import size_bytes
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.store import Store
from roadscan.store.town.files import Files

BACKUP_JOBS: Final = 200
"""Jobs that are asked for the sizes of their backups: the newest."""


@dataclass(frozen=True, slots=True)
class UploadsHeld:
    """Uploads under way."""

    files: int
    size_bytes: int
    """What has arrived."""
    missing_bytes: int
    """What is still to come, and has its room kept."""


@dataclass(frozen=True, slots=True)
class BackupsHeld:
    """Backups in the town's own folder."""

    folders: int
    size_bytes: int
    """When they were made."""
    unknown: int
    """Folders whose size no job told: left by a backup that broke off, or put there by hand."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """The disk that the town's folder lies on."""

    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    """Uploads that would leave less are refused."""
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


def disk_use(settings: ServeSettings, store: Store, queue: JobQueue) -> DiskUse:
    """Return how the disk is used now."""
    disk = shutil.disk_usage(settings.data)
    kept = Files(store.engine).held()
    others = frozenset(FileKind) - RAW
    return DiskUse(
        disk.total,
        disk.free,
        settings.free_disk_reserve_bytes,
        recordings=_together(kept[kind] for kind in RAW if kind in kept),
        other_files=_together(kept[kind] for kind in others if kind in kept),
        uploads=_uploads(UploadStorage(settings.data, settings.upload_limits)),
        exports=_together(FileTotals(1, size) for size in _sizes(exports(settings.data))),
        backups=_backups(settings.data / BACKUPS, queue),
        database_bytes=size_bytes(settings, store.engine),
        database_here=not settings.database,
    )


def _uploads(storage: UploadStorage) -> UploadsHeld:
    found = list(storage.under_way())
    arrived = sum(upload.offset_bytes for upload in found)
    return UploadsHeld(len(found), arrived, sum(upload.missing_bytes for upload in found))


def _backups(folder: Path, queue: JobQueue) -> BackupsHeld:
    here = {path.name for path in folder.glob("*") if path.is_dir()}
    told = {
        Path(str(job.done.facts["folder"])).name: int(job.done.facts["bytes"])
        for job in queue.jobs(BACKUP_JOBS, ["backup"])
        if job.done is not None and job.done.failure is None
    }
    known = here & told.keys()
    return BackupsHeld(len(here), sum(told[name] for name in known), len(here - known))


def _together(parts: Iterable[FileTotals]) -> FileTotals:
    found = list(parts)
    return FileTotals(sum(part.files for part in found), sum(part.size_bytes for part in found))


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        with suppress(FileNotFoundError):  # its time was over meanwhile
            yield path.stat().st_size
