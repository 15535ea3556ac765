"""Looks into a town's databases without making, upgrading or changing anything."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from roadscan.store.upgrade import MIGRATIONS

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
