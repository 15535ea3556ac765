"""A town as opened by one process: its settings, its store, and the services built on them.

Routes, workers, the scheduler and the commands receive a `Town`; each part is created on first
use. Store and jobs are in the town's folder, or together in one PostgreSQL database.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import make_url

from roadscan.errors import RoadscanError
from roadscan.serve.access.guard import Guard
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.upload_storage import Limits, UploadStorage
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.postgis import connect_store
from roadscan.store.rescoring import Scorings
from roadscan.store.sqlite import FILE, JOBS_FILE, share_store
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts, OutsideLogins
from roadscan.store.town.clock import TownClock
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersion, NetworkVersions
from roadscan.store.town.workers import WORKER_SILENT_S, WorkerHeartbeats


@dataclass(frozen=True)
class Town:
    """Everything that a process needs from a town."""

    settings: ServeSettings
    store: Store
    clock: Callable[[], float] = time.time

    @cached_property
    def accounts(self) -> Accounts:
        """Accounts, API keys, sessions and the audit log."""
        return Accounts(self.store.engine, self.clock)

    @cached_property
    def guard(self) -> Guard:
        """Identifies callers and checks their rights."""
        return Guard(self.accounts)

    @cached_property
    def logins(self) -> OutsideLogins:
        """Accounts that log in through another service (OpenID Connect)."""
        return OutsideLogins(self.store.engine, self.accounts)

    @cached_property
    def networks(self) -> NetworkVersions:
        """The networks put in force."""
        return NetworkVersions(self.store.engine, self.clock)

    @cached_property
    def heartbeats(self) -> WorkerHeartbeats:
        """The last heartbeat of each worker."""
        return WorkerHeartbeats(self.store.engine, self.clock)

    @cached_property
    def shared_clock(self) -> TownClock:
        """The clock by which recordings grow old."""
        return TownClock(self.store.engine, self.clock)

    @cached_property
    def layers(self) -> LayerStore:
        """The served layers."""
        return LayerStore(self.store.engine)

    @cached_property
    def scorings(self) -> Scorings:
        """The surveys that have to be scored."""
        return Scorings(self.store.engine, self.clock)

    @cached_property
    def files(self) -> Files:
        """The store's records of the uploaded files."""
        return Files(self.store.engine)

    @cached_property
    def upload_storage(self) -> UploadStorage:
        """The bytes of files and of unfinished uploads."""
        return UploadStorage(self.settings.data, upload_limits(self.settings))

    @cached_property
    def uploads(self) -> UploadService:
        """The service that turns uploads into files."""
        return UploadService(self.upload_storage, self.files)

    @cached_property
    def queue(self) -> JobQueue:
        """The jobs."""
        return JobQueue(jobs_url(self.settings))

    def workers(self) -> tuple[str, ...]:
        """Return the workers that are alive, by name."""
        return tuple(sorted(self.heartbeats.alive(WORKER_SILENT_S)))

    def network_in_force(self) -> NetworkVersion:
        """Return the network that new surveys are matched to; raises `network_missing`."""
        versions = self.networks.all()
        if not versions:
            raise RoadscanError(
                "network_missing",
                "the town has no road network yet",
                "An administrator puts one in force",
            )
        return versions[0]

    def close(self) -> None:
        """Close the queue if it was used."""
        queue = self.__dict__.pop("queue", None)
        if queue is not None:
            queue.close()


@contextmanager
def open_town(settings: ServeSettings) -> Iterator[Town]:
    """Open a town, creating it if it does not exist.

    Raises the same errors as `share_store` or `connect_store`.
    """
    opening = connect_store(settings.database) if settings.database else share_store(settings.data)
    with opening as store:
        town = Town(settings, store)
        try:
            yield town
        finally:
            town.close()


@contextmanager
def open_existing_town(settings: ServeSettings) -> Iterator[Town]:
    """Open an existing town; raises `file_missing` instead of creating a new one."""
    if not settings.data.is_dir() or not (settings.database or (settings.data / FILE).is_file()):
        raise RoadscanError(
            "file_missing", f"there is no town in {settings.data}", "Check --data and --database"
        )
    with open_town(settings) as town:
        yield town


def jobs_url(settings: ServeSettings) -> str:
    """Return the address of the database in which DBOS keeps the workflows."""
    if settings.database:
        url = make_url(settings.database).set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)
    return f"sqlite:///{settings.data / JOBS_FILE}"


def upload_limits(settings: ServeSettings) -> Limits:
    """Return the limits for uploads."""
    return Limits(
        settings.max_upload_bytes,
        settings.upload_quota_bytes,
        settings.free_disk_reserve_bytes,
        settings.upload_expires_s,
    )
