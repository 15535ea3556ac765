"""The store on SQLite: one file in a folder, write-ahead log."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from roadscan.errors import RoadscanError
from roadscan.store.database import not_a_store, upgrade
from roadscan.store.store import Store

FILE = "roadscan.db"
LOCK_FILE = "roadscan.lock"
JOBS_FILE = "jobs.db"
"""Beside them where a service has worked: the folder is a town's then."""
BUSY_MS = 5000
MAPPED_BYTES = 1 << 30
"""Of the file, read through memory that all processes share: the cache that SQLite gives each
connection is smaller than a page of features."""


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """Open the store of a folder for the one that writes, making or upgrading it.

    Raises
    ------
    RoadscanError
        `output_not_writable`, `output_disk_full`, `output_in_use` while another run writes,
        `store_version` if it was made by a newer roadscan, `store_malformed` if it is none.
    """
    _make(folder)
    with _alone(folder), share_store(folder) as store:
        yield store


@contextmanager
def share_store(folder: Path) -> Iterator[Store]:
    """Open the store of a folder for one of several processes, making or upgrading it.

    Whoever writes through it sees to it that no two work on the same chunk.

    Raises
    ------
    RoadscanError
        What `open_store` raises, except `output_in_use`.
    """
    _make(folder)
    path = folder / FILE
    engine = _engine(path)
    try:
        _upgrade(engine, path)
        yield Store(engine, partial(_told, where=str(path)))
    finally:
        engine.dispose()


def _upgrade(engine: Engine, path: Path) -> None:
    try:
        upgrade(engine, str(path))
    except OperationalError as error:
        raise _told(error, str(path)) from error
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
    """Hold the folder's lock: one that the system lets go of with the process."""
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
        raise _told(error, str(folder)) from error
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
        # what is deleted is overwritten: many builds of SQLite do so unasked, others do not
        connection.execute("PRAGMA secure_delete=ON")

    return engine


def _told(error: Exception, where: str) -> RoadscanError:
    """Say what the database's own words mean for the user."""
    words = str(getattr(error, "orig", error))
    if "full" in words:
        return RoadscanError(
            "output_disk_full", f"no room left for {where}", "Make room, run again"
        )
    return RoadscanError(
        "output_not_writable", f"{where} cannot be written ({words})", "Name another folder"
    )
