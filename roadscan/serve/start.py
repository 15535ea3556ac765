"""Starts the service on this machine."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import uvicorn

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.log import log_to_stderr
from roadscan.serve.retention import DAY_S
from roadscan.serve.settings import PARENT, ServeSettings
from roadscan.serve.town import open_town

FIRST_LINK_S: Final = 86400.0
"""Validity of the first administrator's link; the next start prints a new one."""
DATABASE: Final = "ROADSCAN_DATABASE"
"""Environment variable that passes the database to `roadscan work`."""
GRACE_S: Final = 10
"""Time that a shutdown waits for requests: uploads may take hours, but can be resumed."""
POLL_S: Final = 1.0
"""Interval between checks whether a worker has ended."""


def serve(
    settings: ServeSettings, host: str, port: int, workers: int, say: Callable[[str], None]
) -> None:
    """Serve until stopped, with this many workers; `say` prints messages for the operator."""
    log_to_stderr()
    # uvicorn raises the signal again after its shutdown; exiting lets the workers end too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = f"http://{host}:{port}"
    with open_town(settings) as town:
        if not town.accounts.all():
            token = town.accounts.invite(Role.ADMIN, FIRST_LINK_S)
            say(f"Make the first administrator's account: {address}/welcome#{token}")
        app = create_app(town)
        exempt_from_collection()
        with _workers(settings, workers):
            say(f"roadscan serves {settings.data} at {address}")
            uvicorn.run(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )


def exempt_from_collection() -> None:
    """Let the garbage collector skip all current objects: they live as long as the process.

    Scanning them whenever many rows were read took longer than making a tile of the rows.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def _workers(settings: ServeSettings, count: int) -> Iterator[None]:
    """Run workers in separate processes; the web process has no model or decoder."""
    command = [sys.executable, "-c", "from roadscan.cli.app import main; main()"]
    command += ["work", "--data", str(settings.data)]
    command += ["--keep-days", f"{settings.keep_raw_s / DAY_S:g}"]
    command += ["--picture-every-m", f"{settings.picture_every_m:g}"]
    command += [] if settings.deletes_raw else ["--no-purge"]
    own = os.environ | {DATABASE: settings.database, PARENT: str(os.getpid())}
    # the database password goes into the environment: any user can list command lines
    run = partial(subprocess.Popen, command, env=own)
    stop = threading.Event()
    supervisors = [threading.Thread(target=_keep_running, args=(run, stop)) for _ in range(count)]
    for supervisor in supervisors:
        supervisor.start()
    try:
        yield
    finally:
        stop.set()
        for supervisor in supervisors:
            supervisor.join()


def _keep_running(run: Callable[[], "subprocess.Popen[bytes]"], stop: threading.Event) -> None:
    """Run a worker, and start a new one whenever it ends, until `stop` is set."""
    while not stop.is_set():
        worker = run()
        while worker.poll() is None and not stop.wait(POLL_S):
            pass
        if stop.is_set():
            worker.terminate()
            worker.wait()
        stop.wait(POLL_S)
