"""Backs up a town while its service runs, and restores it.

A backup is a folder: a consistent copy of each database, the files by checksum, and a manifest
that is written last, so that an interrupted backup is not mistaken for a complete one. Unfinished
uploads are left out: their senders resume them or start again. Jobs under way are included and
continue in the restored town, except backup jobs, which were meant to copy the original town.
"""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import jobs_url
from roadscan.store.sqlite import FILE, JOBS_FILE

MANIFEST: Final = "backup.json"
DUMP: Final = "roadscan.pgdump"
FILES: Final = "files"
FORMAT: Final = 1
BACKUPS: Final = "backups"
"""Folder within the town for backups made by jobs; they should be copied elsewhere."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a backup."""

    format: int
    at_s: float
    database: str
    """"sqlite" or "postgresql"."""
    files: dict[str, str]
    """SHA-256 by path within the backup."""


def backup(settings: ServeSettings, target: Path, *, raw: bool) -> Manifest:
    """Copy a town into a new folder; with `raw`, including the videos and tracks still stored.

    Raises
    ------
    RoadscanError
        `output_not_writable` if the folder already exists, `backup_failed` with the output of
        the database's own program.
    """
    _make_new(target)
    if settings.database:
        _run(["pg_dump", "--format=custom", "--file", str(target / DUMP), settings.database])
    else:
        for name in (FILE, JOBS_FILE):
            if (settings.data / name).exists():
                _copy_database(settings.data / name, target / name)
    if raw and (settings.data / FILES).is_dir():
        shutil.copytree(settings.data / FILES, target / FILES)
    checksums = {str(path.relative_to(target)): _sha256(path) for path in _files(target)}
    kind = "postgresql" if settings.database else "sqlite"
    manifest = Manifest(FORMAT, time.time(), kind, checksums)
    (target / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", "utf-8")
    return manifest


def restore(source: Path, settings: ServeSettings) -> Manifest:
    """Restore a backup into an empty folder, and into an empty database if it came from one.

    Raises
    ------
    RoadscanError
        `backup_malformed` if it is not complete, `output_not_writable` if a town already exists,
        `backup_failed` with the output of the database's own program.
    """
    manifest = check(source)
    if (manifest.database == "postgresql") != bool(settings.database):
        raise RoadscanError(
            "backup_malformed",
            f"the backup is of a town on {manifest.database}",
            "Name the same kind of database",
        )
    _make_new(settings.data)
    for name in manifest.files:
        if name != DUMP:
            (settings.data / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, settings.data / name)
    if settings.database:
        _run(["pg_restore", "--exit-on-error", "--dbname", settings.database, str(source / DUMP)])
    with closing(JobQueue(jobs_url(settings))) as queue:
        queue.cancel_all("backup")  # in this copy the job that made it is unfinished
    return manifest


def check(source: Path) -> Manifest:
    """Return the manifest of a complete backup; raises `backup_malformed`."""
    try:
        read = json.loads((source / MANIFEST).read_text("utf-8"))
        manifest = Manifest(**read)
    except (OSError, ValueError, TypeError) as error:
        raise _malformed(source, f"its {MANIFEST} cannot be read ({error})") from error
    if manifest.format != FORMAT:
        raise _malformed(source, f"it has format {manifest.format}, not {FORMAT}")
    for name, sha256 in manifest.files.items():
        path = source / name
        if not path.resolve().is_relative_to(source.resolve()) or not path.is_file():
            raise _malformed(source, f"{name} is not in it")
        if _sha256(path) != sha256:
            raise _malformed(source, f"{name} was changed or cut off")
    return manifest


def _copy_database(source: Path, target: Path) -> None:
    """Make a consistent copy of a SQLite database while other processes write to it."""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- ours
    except FileNotFoundError as error:
        raise RoadscanError(
            "backup_failed", f"{command[0]} is not installed", "Install PostgreSQL's client"
        ) from error
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.split())[:200]
        raise RoadscanError("backup_failed", f"{command[0]}: {words}", "See above") from error


def _make_new(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise RoadscanError(
            "output_not_writable", f"{folder} cannot be made ({error.strerror})", "Name another"
        ) from error
    if taken:
        raise RoadscanError("output_not_writable", f"{folder} is not empty", "Name another folder")


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _malformed(source: Path, why: str) -> RoadscanError:
    return RoadscanError(
        "backup_malformed", f"{source} is no whole backup: {why}", "Take an earlier one"
    )
