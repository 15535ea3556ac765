"""Stores on SQLite: one file in a folder, with a write-ahead log."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from roadscan.errors import RoadscanError
from roadscan.store.database import explained, not_a_store, upgrade
from roadscan.store.store import Store

FILE = "roadscan.db"
LOCK_FILE = "roadscan.lock"
JOBS_FILE = "jobs.db"
"""File in the folder of a town that a service has used."""
BUSY_MS = 5000
MAPPED_BYTES = 1 << 30
"""Bytes of the file mapped into memory shared by all processes; SQLite's cache for each connection
is smaller than a page of features."""


@contextmanager
def open_store(folder: Path | str) -> Iterator[Store]:
    """Open the store of a folder as its only writer, creating or upgrading it.

    Raises
    ------
    RoadscanError
        `output_not_writable`, `output_disk_full`, `output_in_use` while another run writes,
        `store_version` if this roadscan cannot upgrade it, `store_malformed` if it is not a store.
    """
    folder = Path(folder)
    _make(folder)
    with _alone(folder), share_store(folder) as store:
        yield store


@contextmanager
def share_store(folder: Path) -> Iterator[Store]:
    """Open the store of a folder in one of several processes, creating or upgrading it.

    Callers must ensure that no two of them write the same chunk.

    Raises
    ------
    RoadscanError
        The same errors as `open_store`, except `output_in_use`.
    """
    _make(folder)
    path = folder / FILE
    engine = _engine(path)
    try:
        _upgrade(engine, path)
        yield Store(engine, partial(_explained, where=str(path)))
    finally:
        engine.dispose()


def _upgrade(engine: Engine, path: Path) -> None:
    try:
        upgrade(engine, str(path))
    except OperationalError as error:
        raise _explained(error, str(path)) from error
    except DatabaseError as error:
        raise not_a_store(str(path), error) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RoadscanError(
            "output_not_writable",
            f"{folder} cannot be made ({error.strerror})",
            "Name another folder",
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system releases when the process ends."""
    lock = sqlite3.connect(folder / LOCK_FILE, timeout=0.0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            raise RoadscanError(
                "output_in_use",
                f"another run is writing to {folder}",
                "Wait for it, or name another folder",
            ) from error
        raise _explained(error, str(folder)) from error
    except sqlite3.DatabaseError as error:
        lock.close()
        raise not_a_store(str(folder / LOCK_FILE), error) from error
    try:
        yield
    finally:
        lock.close()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")
        # overwrite deleted rows: the default in many builds of SQLite, but not in all
        connection.execute("PRAGMA secure_delete=ON")

    return engine


def _explained(error: Exception, where: str) -> RoadscanError:
    """Return an error of the database as one for the user."""
    words = str(getattr(error, "orig", error))
    if "locked" in words and isinstance(error, OperationalError):
        return explained(error, where)
    if "full" in words:
        return RoadscanError(
            "output_disk_full", f"no room left for {where}", "Make room, run again"
        )
    return RoadscanError(
        "output_not_writable", f"{where} cannot be written ({words})", "Name another folder"
    )
