"""Brings the tables of a database up to date, in one transaction."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from roadscan.errors import RoadscanError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCKS: Final = {
    # sqlite3 begins none for DDL: a kill midway would leave a part of the tables
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7263)",
}
"""Statement by dialect that lets one process at a time go on."""
_OF_POSTGIS: Final = frozenset({"spatial_ref_sys"})


def upgrade(engine: Engine, name: str) -> None:
    """Make the tables of a database, or bring them up to date; `name` stands in errors.

    Raises
    ------
    RoadscanError
        `store_version` if a newer roadscan made them, `store_malformed` if they are others.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as db:
        db.exec_driver_sql(_LOCKS[engine.dialect.name])
        _check_version(db, config, name)
        config.attributes["connection"] = db
        command.upgrade(config, "head")


def no_store(name: str, why: object) -> RoadscanError:
    """Return what is said of a database that is none of ours."""
    return RoadscanError(
        "store_malformed",
        f"{name} is no store of roadscan ({' '.join(str(why).split())[:120]})",
        "Name another one",
    )


def _check_version(db: Connection, config: Config, name: str) -> None:
    names = sorted(set(inspect(db).get_table_names()) - _OF_POSTGIS)
    if "alembic_version" not in names:
        if names:
            raise no_store(name, f"it has the tables {', '.join(names[:5])}")
        return
    version = db.scalar(text("SELECT version_num FROM alembic_version"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise RoadscanError(
            "store_version",
            f"{name} has version {version}, newer than this roadscan",
            "Upgrade roadscan, or name another one",
        )


def empty_log(engine: Engine) -> None:
    """Bring SQLite's write-ahead log into its file and empty it: it holds what rows were before.

    Where somebody reads meanwhile it stays for now, and is emptied by whoever closes last.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as db:
            db.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


CONNECT_TIMEOUT_S: Final = 5


@contextmanager
def look_into(address: str) -> Iterator[Engine]:
    """Open a database to read; `address` is sqlite:///FILE or postgresql://...

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
    """Return the version that a store's tables have; None if there are none yet."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as db:
        found = db.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def newest_version() -> str:
    """Return the version that this roadscan makes of a store."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def is_whole(engine: Engine) -> bool:
    """Say whether SQLite finds its file whole; PostgreSQL sees to that itself."""
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as db:
        return bool(db.scalar(text("PRAGMA quick_check(1)")) == "ok")
