"""A town's service in a folder, and callers of every role."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town, open_town
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts
from tests.databases import address_on
from tests.serve.jobs.town import SampleTown


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Iterator[ServeSettings]:
    (tmp_path / "town").mkdir()  # as whoever serves does; SQLite would make it
    with address_on(database) as address:
        yield ServeSettings(data=tmp_path / "town", database=address, free_disk_reserve_bytes=0)


@pytest.fixture
def opened(settings: ServeSettings) -> Iterator[Town]:
    """The town as the service has it open."""
    with open_town(settings) as town:
        yield town


@pytest.fixture
def store(opened: Town) -> Store:
    return opened.store


@pytest.fixture
def accounts(opened: Town) -> Accounts:
    return opened.accounts


@pytest.fixture
def client(opened: Town) -> Iterator[TestClient]:
    with TestClient(create_app(opened), raise_server_exceptions=False) as browser:
        yield browser


@pytest.fixture
def key_of(accounts: Accounts) -> Callable[[Role], dict[str, str]]:
    """The header with which a program of a role calls."""

    def make(role: Role) -> dict[str, str]:
        account = accounts.add(f"{role.value} {len(accounts.all())}", role, None)
        _, secret = accounts.add_key(account.account_id, "test", role, 3600.0)
        return {"X-API-Key": secret}

    return make


@pytest.fixture
def admin(client: TestClient, key_of: Callable[[Role], dict[str, str]]) -> TestClient:
    """The service as an administrator's program calls it."""
    client.headers |= key_of(Role.ADMIN)
    return client


@pytest.fixture
def town(settings: ServeSettings) -> SampleTown:
    """The town as its workers see it."""
    return SampleTown(settings)


@pytest.fixture
def queue(settings: ServeSettings) -> Iterator[JobQueue]:
    opened = SampleTown(settings).queue()
    yield opened
    opened.close()
