"""Creates and upgrades the tables of a database, and inspects one without changing it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from roadscan.errors import RoadscanError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
CONNECT_TIMEOUT_S: Final = 5
_LOCKS: Final = {
    # sqlite3 begins no transaction for DDL: a kill midway would leave some of the tables
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7263)",
}
"""By dialect, the statement that lets only one process upgrade at a time."""
DISK_FULL: Final = "53100"
"""PostgreSQL's code for a full disk."""
BUSY_RETRY_S: Final = 5.0
AWAY_RETRY_S: Final = 10.0
FULL_RETRY_S: Final = 60.0
_OF_POSTGIS: Final = frozenset({"spatial_ref_sys"})


def upgrade(engine: Engine, name: str) -> None:
    """Create the tables of a database or upgrade them, in one transaction; errors show `name`.

    Raises
    ------
    RoadscanError
        `store_version` if they are from another roadscan and cannot be upgraded by this one,
        `store_malformed` if they are not those of a store.
    """
    config = _config()
    with engine.begin() as db:
        db.exec_driver_sql(_LOCKS[engine.dialect.name])
        _check_version(db, name)
        config.attributes["connection"] = db
        command.upgrade(config, "head")


def not_a_store(name: str, why: object) -> RoadscanError:
    """Return the error for a database that is not a store of roadscan."""
    return RoadscanError(
        "store_malformed",
        f"{name} is not a store of roadscan ({' '.join(str(why).split())[:120]})",
        "Name another one",
    )


def version_error(version: str, name: str) -> RoadscanError | None:
    """Return why a store of this version cannot be opened; None if it can, or can be upgraded."""
    scripts = ScriptDirectory.from_config(_config())
    if version in {script.revision for script in scripts.walk_revisions()}:
        return None
    newest = str(scripts.get_current_head())
    if version < newest:
        return RoadscanError(
            "store_version",
            f"{name} has version {version}, too old for this roadscan, which has {newest}",
            "It was made before the first release: run its drives again into a new store",
        )
    return RoadscanError(
        "store_version",
        f"{name} has version {version}, newer than this roadscan, which has {newest}",
        "Upgrade roadscan, or name another one",
    )


def explained(error: OperationalError, where: str) -> RoadscanError:
    """Return an error of a database that may pass as one for the user, with when to try again."""
    words = " ".join(str(error.orig).split())
    if getattr(error.orig, "sqlstate", None) == DISK_FULL or "disk is full" in words:
        return RoadscanError(
            "output_disk_full", f"no room left for {where}", "Make room, then try again",
            retry_after_s=FULL_RETRY_S,
        )  # fmt: skip
    if "locked" in words or "busy" in words:
        return RoadscanError(
            "store_busy", f"another process is writing to {where}", "Try again in a moment",
            retry_after_s=BUSY_RETRY_S,
        )  # fmt: skip
    return RoadscanError(
        "store_unreachable", f"{where} does not answer as it should ({words[:160]})",
        "Is it running, and reachable from here?", retry_after_s=AWAY_RETRY_S,
    )  # fmt: skip


def _check_version(db: Connection, name: str) -> None:
    names = sorted(set(inspect(db).get_table_names()) - _OF_POSTGIS)
    if "alembic_version" not in names:
        if names:
            raise not_a_store(name, f"it has the tables {', '.join(names[:5])}")
        return
    version = db.scalar(text("SELECT version_num FROM alembic_version"))
    error = None if version is None else version_error(version, name)
    if error is not None:
        raise error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def truncate_log(engine: Engine) -> None:
    """Move SQLite's write-ahead log into its file and truncate it: it holds earlier row contents.

    While another connection reads, the log stays; the last connection to close truncates it.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as db:
            db.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


@contextmanager
def open_readonly(address: str) -> Iterator[Engine]:
    """Open a database for inspection; `address` is sqlite:///FILE or postgresql://...

    Raises `sqlalchemy.exc.SQLAlchemyError` and, without PostgreSQL's driver, ModuleNotFoundError.
    """
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        uri = f"{Path(url.database or '').resolve().as_uri()}?mode=ro"
        engine = create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool
        )
    else:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
    try:
        yield engine
    finally:
        engine.dispose()


def version_of(engine: Engine) -> str | None:
    """Return the version of a store's tables; None if there are none yet."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as db:
        found = db.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def newest_version() -> str:
    """Return the version that this roadscan upgrades a store to."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def is_intact(engine: Engine) -> bool:
    """Return the result of SQLite's check of its file; PostgreSQL checks itself."""
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as db:
        return bool(db.scalar(text("PRAGMA quick_check(1)")) == "ok")
