"""The store on PostgreSQL with PostGIS, for a service on several machines."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from roadscan.errors import RoadscanError
from roadscan.store.sql import SqlStore
from roadscan.store.upgrade import upgrade


@contextmanager
def connect_store(database: str) -> Iterator[SqlStore]:
    """Open the store in a database (postgresql://...), making or upgrading its tables.

    Raises
    ------
    RoadscanError
        `store_unreachable`, `store_version`, `store_malformed`.
    """
    try:
        url = make_url(database).set(drivername="postgresql+psycopg")
    except ArgumentError as error:
        raise RoadscanError(
            "store_unreachable", "the database's address cannot be read", "postgresql://host/name"
        ) from error
    # a connection that the server closed meanwhile is noticed before it is used
    engine = create_engine(url, pool_pre_ping=True)
    where = url.render_as_string(hide_password=True)
    try:
        with engine.begin() as db:
            db.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        upgrade(engine, where)
        yield SqlStore(engine, lambda error: _told(error, where))
    except OperationalError as error:
        raise _told(error, where) from error
    finally:
        engine.dispose()


def _told(error: OperationalError, where: str) -> RoadscanError:
    words = " ".join(str(error.orig).split())
    return RoadscanError(
        "store_unreachable",
        f"the database {where} does not answer as it should ({words[:160]})",
        "Is it running, and reachable from here?",
    )
