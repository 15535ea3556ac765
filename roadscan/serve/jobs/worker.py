"""A worker: takes jobs from the queues and runs the scheduler, until it is stopped."""

import fcntl
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from dbos import DBOS
from sqlalchemy.exc import OperationalError

from roadscan.errors import RoadscanError
from roadscan.publish.layer_frames import load_results
from roadscan.publish.served_features import publish_features
from roadscan.serve.jobs.kind import JobKind, Workplace
from roadscan.serve.jobs.registry import KINDS
from roadscan.serve.jobs.scheduler import Scheduler
from roadscan.serve.jobs.steps import RefusedError, Steps, refused
from roadscan.serve.log import log_to_stderr
from roadscan.serve.queue.job import APPLICATION_VERSION, QueueName
from roadscan.serve.settings import PARENT, ServeSettings
from roadscan.serve.town import Town, jobs_url, open_town

APPLICATION: Final = "roadscan"
DEAD_AFTER_S: Final = 30.0
"""A worker silent for this long counts as gone, and its jobs continue elsewhere."""
POLL_S: Final = 0.5
MAX_WORKERS: Final = 64
"""Limit for one machine."""
LONGEST_PAUSE_S: Final = 30.0
"""Between two tries while the store does not answer."""
_LOG: Final = logging.getLogger("roadscan.serve.worker")
MAX_RECOVERIES: Final = 20
"""Limit for a job whose worker ended: each restart of a machine counts, and a drive may take hours,
but a job that crashes its worker every time has to end."""


def work(settings: ServeSettings, say: Callable[[str], None], *, until_idle: bool) -> None:
    """Work until SIGTERM or SIGINT, or until nothing is left to do; then end the process.

    It stops only between two steps: a chunk that was begun is finished first.
    """
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    step_lock, parent = threading.Lock(), os.environ.get(PARENT, "")
    with _slot(settings.data) as worker_id, open_town(settings) as town:
        town.heartbeats.beat(worker_id)
        _publish_results_of_runs(town)
        town.queue.put_back(worker_id)
        place = Workplace(town, Steps(step_lock), settings.data / "bench" / worker_id)
        _launch(jobs_url(settings), worker_id, place)
        scheduler = Scheduler(town)
        say(f"worker {worker_id} is at work")
        pause_s = POLL_S
        while not stop.wait(pause_s) and not _is_orphaned(parent):
            try:
                idle = _round(town, worker_id, scheduler)
            except (OperationalError, RoadscanError) as error:
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                _LOG.warning("the store does not answer; next try in %.0f s: %s", pause_s, error)
                continue
            pause_s = POLL_S
            if until_idle and idle:
                break
        step_lock.acquire()  # never released, so no further step begins
        town.heartbeats.leave(worker_id)
        DBOS.destroy()
        say(f"worker {worker_id} has stopped")
    # workflow threads that wait for the lock would keep the process alive
    os._exit(0)


def _round(town: Town, worker_id: str, scheduler: Scheduler) -> bool:
    """Do what a worker does twice a second; return whether nothing is left to do."""
    town.heartbeats.beat(worker_id)
    town.shared_clock.tick()
    _adopt(town.heartbeats.alive(DEAD_AFTER_S))
    idle, now_s = not town.queue.under_way(), time.time()
    scheduler.run(now_s)
    town.heartbeats.scheduled(worker_id, scheduler.setbacks(now_s))
    return idle and not town.queue.under_way()


def _is_orphaned(parent: str) -> bool:
    """Return whether the service that started this worker is gone: another may run by now."""
    return bool(parent) and parent != str(os.getppid())


def _launch(url: str, worker_id: str, place: Workplace) -> None:
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
    register(KINDS.values(), place)
    DBOS.launch()
    for queue in (QueueName.DRIVES, QueueName.CHECKS):
        DBOS.register_queue(queue.value, worker_concurrency=1, polling_interval_sec=POLL_S)
    for queue in (QueueName.SURVEYS, QueueName.TOWN):
        DBOS.register_queue(queue.value, global_concurrency=1, polling_interval_sec=POLL_S)


def register(kinds: Iterable[JobKind[Any]], place: Workplace) -> None:
    """Register the workflows of some kinds of jobs with DBOS."""
    for kind in kinds:
        workflow = _refusing(kind, place)
        DBOS.workflow(name=kind.name, max_recovery_attempts=MAX_RECOVERIES)(workflow)


def _refusing(kind: JobKind[Any], place: Workplace) -> Callable[[str], str]:
    """Return a workflow from text to text; a refused job ends with the code of its error."""
    body = kind.workflow(place)

    def workflow(given: str) -> str:
        try:
            return body(kind.request.model_validate_json(given))
        except RefusedError as error:
            return refused(error)

    return workflow


def _publish_results_of_runs(town: Town) -> None:
    """Serve the surveys that `roadscan run` left in the town's folder, and their network."""
    for survey in town.layers.unserved():
        publish_features(town.store, town.layers, load_results(town.store, survey))
        if not town.networks.all():
            network = town.store.network(town.store.survey(survey).network_sha256)
            town.networks.put_in_force(network.sha256, network.source, survey)


def _adopt(alive: frozenset[str]) -> None:
    """Put the jobs of workers that are gone back into their queues."""
    for job in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
        if job.executor_id not in alive:
            DBOS.resume_workflow(job.workflow_id, queue_name=job.queue_name)


@contextmanager
def _slot(data: Path) -> Iterator[str]:
    """Take the first free number on this machine; a restarted worker gets its own again."""
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
