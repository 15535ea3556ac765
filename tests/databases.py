"""Stores on each database that roadscan knows; PostGIS where a server is named."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, make_url, select, text

from roadscan.store.postgis import connect_store
from roadscan.store.sqlite import share_store
from roadscan.store.store import Store
from roadscan.store.tables import metadata
from tests.throwaway_postgres import ADDRESS

DATABASES = ["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)]
"""For `pytest.fixture(params=DATABASES)`, where every test of a file is about SQL."""


@contextmanager
def open_on(database: str, folder: Path) -> Iterator[Store]:
    """Open a new store, in a folder or in a database of its own."""
    with address_on(database) as address:
        opening = connect_store(address) if address else share_store(folder)
        with opening as store:
            yield store


@contextmanager
def copied_on(database: str, folder: Path, filled: Path) -> Iterator[Store]:
    """Open a new store with all that the store of another folder has."""
    with open_on(database, folder) as store:
        copy_into(store, filled)
        yield store


def copy_into(store: Store, filled: Path) -> None:
    """Put all that the store of another folder has into an empty one."""
    with (
        share_store(filled) as source,
        source.engine.connect() as here,
        store.engine.begin() as there,
    ):
        for table in metadata.sorted_tables:
            found = [dict(row) for row in here.execute(select(table)).mappings()]
            if found:
                there.execute(insert(table), found)


@contextmanager
def address_on(database: str) -> Iterator[str]:
    """Yield the `database` of a town's settings: "" for SQLite, or a new one with its tables."""
    if database == "sqlite":
        yield ""
        return
    # copied as files, for it is small: every other test makes one
    name = new_database(_template(), "STRATEGY FILE_COPY")
    try:
        yield beside(name)
    finally:
        remove_database(name)


def new_database(template: str, how: str = "") -> str:
    """Make a database and return its name; `how` is SQL."""
    name = f"test_{secrets.token_hex(6)}"
    _at_server(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
    return name


def remove_database(name: str) -> None:
    """Remove a database, also from under those who use it."""
    _at_server(f"DROP DATABASE {name} WITH (FORCE)")


def beside(name: str) -> str:
    """Return the address of another database of the same server."""
    return make_url(server()).set(database=name).render_as_string(hide_password=False)


def server() -> str:
    """Return the address of the server for tests, or skip."""
    address = os.environ.get(ADDRESS)
    if not address:
        pytest.skip(f"no PostgreSQL named by {ADDRESS}: make test-postgis starts one")
    return address


@cache
def _template() -> str:
    name = new_database("template0")
    with connect_store(beside(name)):
        return name


def _at_server(statement: str) -> None:
    url = make_url(server()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(statement))
    engine.dispose()
