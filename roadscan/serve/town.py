"""Where a town's store and its jobs are: in its folder, or together in one PostgreSQL database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, make_url, text

from roadscan.errors import RoadscanError
from roadscan.serve.settings import ServeSettings
from roadscan.store.postgis import connect_store
from roadscan.store.sqlite import FILE, JOBS_FILE, share_store
from roadscan.store.store import Store


@contextmanager
def open_town(settings: ServeSettings) -> Iterator[Store]:
    """Open the store for one of several processes.

    Raises what `share_store` or `connect_store` raises.
    """
    opening = connect_store(settings.database) if settings.database else share_store(settings.data)
    with opening as store:
        yield store


def need_town(settings: ServeSettings) -> None:
    """Raise `file_missing` where opening would make a new town instead of finding one."""
    if not settings.data.is_dir() or not (settings.database or (settings.data / FILE).is_file()):
        raise RoadscanError(
            "file_missing", f"there is no town in {settings.data}", "Check --data and --database"
        )


def jobs_url(settings: ServeSettings) -> str:
    """Return the address of the database that DBOS keeps the workflows in."""
    if settings.database:
        url = make_url(settings.database).set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)
    return f"sqlite:///{settings.data / JOBS_FILE}"


def size_bytes(settings: ServeSettings, engine: Engine) -> int:
    """Return what the store and its jobs take: files and their logs, or what PostgreSQL says."""
    if settings.database:
        with engine.connect() as db:
            return int(db.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    names = (f"{name}{log}" for name in (FILE, JOBS_FILE) for log in ("", "-wal", "-shm"))
    return sum(path.stat().st_size for path in map(settings.data.joinpath, names) if path.exists())
