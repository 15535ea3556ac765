"""A town's service in a folder, and callers of every role."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.access import login
from roadscan.serve.app import create_app
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town, open_town
from roadscan.store.sqlite import FILE, share_store
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts
from tests.databases import address_on
from tests.serve.jobs.town import SampleTown

PRODUCT_HASHER = login._HASHER


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hash passwords in a thousandth of the time; how strong they are, test_login.py checks."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(login, "_HASHER", cheap)
        patch.setattr(login, "_NO_ACCOUNT", cheap.hash("no account has this hash"))
        yield


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the file of an empty store, which is copied faster than made."""
    folder = tmp_path_factory.mktemp("empty")
    with share_store(folder):
        return folder / FILE


@contextmanager
def new_town(database: str, folder: Path, empty_store: Path) -> Iterator[ServeSettings]:
    """Make an empty town on a database and yield its settings."""
    folder.mkdir()
    if database == "sqlite":
        shutil.copyfile(empty_store, folder / FILE)
    with address_on(database) as address:
        yield ServeSettings(data=folder, database=address, free_disk_reserve_bytes=0)


@pytest.fixture(scope="module")
def shared_settings(
    database: str, tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[ServeSettings]:
    """Settings of the town that tests marked `shared_service` have in common."""
    with new_town(database, tmp_path_factory.mktemp("shared") / "town", empty_store) as made:
        yield made


@pytest.fixture(scope="module")
def shared_store(shared_settings: ServeSettings) -> Iterator[Store]:
    with open_town(shared_settings) as opened:
        yield opened.store


@pytest.fixture(scope="module")
def shared_client(shared_store: Store, shared_settings: ServeSettings) -> Iterator[TestClient]:
    app = create_app(Town(shared_settings, shared_store))
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def is_shared(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("shared_service") is not None


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, empty_store: Path
) -> Iterator[ServeSettings]:
    if is_shared(request):
        yield request.getfixturevalue("shared_settings")
        return
    with new_town(database, tmp_path / "town", empty_store) as made:
        yield made


@pytest.fixture
def store(request: pytest.FixtureRequest, settings: ServeSettings) -> Iterator[Store]:
    if is_shared(request):
        yield request.getfixturevalue("shared_store")
        return
    with open_town(settings) as opened:
        yield opened.store


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store.engine, time.time)


@pytest.fixture
def client(
    request: pytest.FixtureRequest, store: Store, settings: ServeSettings
) -> Iterator[TestClient]:
    if is_shared(request):
        shared = request.getfixturevalue("shared_client")
        headers = shared.headers.copy()
        yield shared
        shared.headers = headers
        shared.cookies.clear()
        return
    with TestClient(create_app(Town(settings, store)), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def key_of(accounts: Accounts) -> Callable[[Role], dict[str, str]]:
    """Return the header with which a program of a role calls."""

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
