"""The uploads of a service, alone."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from roadscan.serve.access.guard import Guard
from roadscan.serve.errors import tell_errors
from roadscan.serve.uploads.tus_routes import tus_router
from roadscan.serve.uploads.upload_routes import uploads_router
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.upload_storage import Limits, UploadStorage
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files

LIMITS = Limits(max_bytes=10_000_000, quota_bytes=10**9, reserve_bytes=0, expires_after_s=86400.0)


@pytest.fixture
def arrivals(store: Store, tmp_path: Path) -> UploadService:
    return UploadService(UploadStorage(tmp_path / "town", LIMITS), Files(store.engine))


@pytest.fixture
def in_use() -> set[str]:
    """The files that jobs use."""
    return set()


@pytest.fixture
def app(accounts: Accounts, arrivals: UploadService, in_use: set[str]) -> FastAPI:
    app = FastAPI()
    tell_errors(app)
    guard = Guard(accounts)
    app.include_router(tus_router(guard, arrivals, idle_s=0.5))
    app.include_router(uploads_router(guard, arrivals, lambda: frozenset(in_use)))
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as opened:
        yield opened


def wait_until(condition, seconds: float = 10.0) -> None:
    """Wait for what another thread or process brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Address of a real server with the uploads."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20.0)
