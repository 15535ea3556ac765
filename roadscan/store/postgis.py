"""Stores on PostgreSQL with PostGIS, for a service on several machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from roadscan.errors import RoadscanError
from roadscan.store.database import upgrade
from roadscan.store.store import Store

CONNECT_TIMEOUT_S: Final = 10
SESSION: Final = {"jit": "off", "max_parallel_workers_per_gather": "0"}
"""Queries here take milliseconds: JIT and parallel workers would take longer to start."""
DISK_FULL: Final = "53100"
"""SQLSTATE of a full disk."""


@contextmanager
def connect_store(database: str) -> Iterator[Store]:
    """Open the store in a database (postgresql://...), creating or upgrading its tables.

    Raises
    ------
    RoadscanError
        `store_unreachable`, also without PostGIS or UTF-8, `store_version`,
        `store_malformed`, `extra_missing` without the driver.
    """
    try:
        dumper = _text_dumper()
    except ModuleNotFoundError as error:
        raise RoadscanError(
            "extra_missing",
            f"PostgreSQL needs the package {error.name}, which is not installed",
            "pip install 'roadscan[postgis]'",
        ) from error
    try:
        url = make_url(database).set(drivername="postgresql+psycopg")
    except ArgumentError as error:
        raise RoadscanError(
            "store_unreachable", "the database's address cannot be read", "postgresql://host/name"
        ) from error
    where = url.set(query={}).render_as_string(hide_password=True)
    # notices a connection that the server has closed before using it
    engine = create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8"},
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        connection.adapters.register_dumper(str, dumper)
        with connection.cursor() as cursor:
            for name, value in SESSION.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()

    try:
        _prepare(engine, where)
        yield Store(engine, lambda error: _explained(error, where))
    finally:
        engine.dispose()


def _prepare(engine: Engine, where: str) -> None:
    try:
        with engine.connect() as db:
            encoding = db.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise RoadscanError(
                "store_unreachable",
                f"the database {where} does not store text as UTF-8",
                "Make one with ENCODING 'UTF8'",
            )
        upgrade(engine, where)
    except DBAPIError as error:
        raise _explained(error, where) from error


@cache
def _text_dumper() -> type:
    """Return a text adapter that replaces NUL, which PostgreSQL rejects, by U+FFFD."""
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415 -- an extra

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    return Text


def _explained(error: DBAPIError, where: str) -> RoadscanError:
    if getattr(error.orig, "sqlstate", None) == DISK_FULL:
        return RoadscanError(
            "output_disk_full", f"no room left for {where}", "Make room, run again"
        )
    words = " ".join(str(error.orig).split())
    if isinstance(error, OperationalError):
        hint = "Is it running, and reachable from here?"
    else:
        hint = "The database's administrator has to fix that: see docs/operations.md"
    return RoadscanError(
        "store_unreachable",
        f"the database {where} does not answer as it should ({words[:160]})",
        hint,
    )
