"""A worker: takes jobs off the queue until it is told to stop."""

import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from dbos import DBOS

from roadscan.errors import RoadscanError
from roadscan.serve.jobs.drive_steps import DriveSteps
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.maintenance import Maintenance
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.rematching import Rematching
from roadscan.serve.jobs.requests import (
    APPLICATION,
    APPLICATION_VERSION,
    CHECKS,
    DRIVES,
    SURVEYS,
    TOWN,
)
from roadscan.serve.jobs.scheduler import Scheduler
from roadscan.serve.jobs.steps import Steps
from roadscan.serve.jobs.town_workflows import register_for_town
from roadscan.serve.jobs.workflows import register
from roadscan.serve.log import log_to_stderr
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import jobs_url, open_town
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.rescoring import Scorings
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions
from roadscan.store.town.workers import WorkerHeartbeats

DEAD_AFTER_S: Final = 30.0
"""A worker unheard of for so long is taken for gone, and its jobs go on elsewhere."""
POLL_S: Final = 0.5
MAX_WORKERS: Final = 64
"""On one machine."""


def work(settings: ServeSettings, say: Callable[[str], None], *, until_idle: bool) -> None:
    """Work until SIGTERM or SIGINT, or until nothing is left to do; ends the process.

    A stop comes between two steps: the chunk that was begun is finished first.
    """
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    step_lock = threading.Lock()
    with _slot(settings.data) as worker_id, open_town(settings) as store, ExitStack() as closer:
        networks = NetworkVersions(store.engine, time.time)
        workers = WorkerHeartbeats(store.engine, time.time)
        workers.beat(worker_id)
        storage = UploadStorage(settings.data, settings.upload_limits)
        scorings = Scorings(store.engine, time.time)
        workshop = DriveSteps(
            store,
            scorings,
            LayerStore(store.engine),
            storage.path_of,
            settings.data / "bench" / worker_id,
            settings.picture_every_m,
        )
        workshop.take_over_results(networks)
        queue = closer.enter_context(closing(JobQueue(jobs_url(settings))))
        queue.put_back(worker_id)
        drives = Drives(Files(store.engine), networks, store, queue)
        household = Maintenance(settings, store, Accounts(store.engine, time.time), drives)
        orders = Scheduler(drives, scorings, deletes_raw=settings.deletes_raw)
        steps = Steps(step_lock)

        def tell_dbos() -> None:
            register(workshop, household, steps)
            register_for_town(household, Rematching(store), steps)

        _launch(jobs_url(settings), worker_id, tell_dbos)
        say(f"worker {worker_id} is at work")
        while not stop.wait(POLL_S):
            workers.beat(worker_id)
            _adopt(workers.alive(DEAD_AFTER_S))
            idle = not queue.under_way()
            orders.look(time.time())
            if until_idle and idle and not queue.under_way():
                break
        step_lock.acquire()  # never let go: no further step begins
        workers.leave(worker_id)
        DBOS.destroy()
        say(f"worker {worker_id} has stopped")
    # threads of workflows that wait for the lock would keep the process alive
    os._exit(0)


def _launch(url: str, worker_id: str, register_workflows: Callable[[], None]) -> None:
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": url,
            "application_version": APPLICATION_VERSION,
            "executor_id": worker_id,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
    )
    register_workflows()
    DBOS.launch()
    DBOS.register_queue(DRIVES, worker_concurrency=1, polling_interval_sec=POLL_S)
    DBOS.register_queue(SURVEYS, global_concurrency=1, polling_interval_sec=POLL_S)
    DBOS.register_queue(CHECKS, worker_concurrency=1, polling_interval_sec=POLL_S)
    DBOS.register_queue(TOWN, global_concurrency=1, polling_interval_sec=POLL_S)


def _adopt(alive: frozenset[str]) -> None:
    """Put the jobs of workers that are gone back into their queues."""
    for job in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
        if job.executor_id not in alive:
            DBOS.resume_workflow(job.workflow_id, queue_name=job.queue_name)


@contextmanager
def _slot(data: Path) -> Iterator[str]:
    """Take the first free number of this machine: a worker that comes again gets its own back."""
    folder = data / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(MAX_WORKERS):
        name = f"{socket.gethostname()}-{number}"
        with (folder / f"{name}.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield name
            return
    raise RoadscanError(
        "output_in_use", f"{MAX_WORKERS} workers are at work on {data}", "Use another machine"
    )
