"""Stores on each database that roadscan knows; PostGIS where a server is named."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from roadscan.store.postgis import connect_store
from roadscan.store.sql import SqlStore
from roadscan.store.sqlite import share_store
from tests.throwaway_postgres import ADDRESS

DATABASES = ["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)]
"""For `pytest.fixture(params=DATABASES)`: what is promised is promised on both."""


@contextmanager
def open_on(database: str, folder: Path) -> Iterator[SqlStore]:
    """Open a new store, in a folder or in a database of its own."""
    if database == "sqlite":
        with share_store(folder) as store:
            yield store
        return
    with new_database() as address, connect_store(address) as store:
        yield store


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database with the tables in it, yield its address, and remove it."""
    name = _copy_of(_template())
    try:
        yield _beside(name)
    finally:
        _at_server(f"DROP DATABASE {name} WITH (FORCE)")


def server() -> str:
    """Return the address of the server for tests, or skip."""
    address = os.environ.get(ADDRESS)
    if not address:
        pytest.skip(f"no PostgreSQL named by {ADDRESS}: make test-postgis starts one")
    return address


def _beside(name: str) -> str:
    return make_url(server()).set(database=name).render_as_string(hide_password=False)


@cache
def _template() -> str:
    name = _copy_of("template0")
    with connect_store(_beside(name)):
        return name


def _copy_of(template: str) -> str:
    name = f"test_{secrets.token_hex(6)}"
    _at_server(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def _at_server(statement: str) -> None:
    url = make_url(server()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(statement))
    engine.dispose()
