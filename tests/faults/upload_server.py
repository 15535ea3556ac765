"""A service for uploads that is killed again and again: python upload_server.py DATA KILLS SEED.

The web process is forked from this one, which holds the listening socket and has all imported: so a
new one is there in milliseconds, as under a supervisor that keeps the socket. It prints its port,
then a line after the last kill, and ends when its standard input does.
"""

import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from roadscan.serve.access.guard import Guard
from roadscan.serve.errors import tell_errors
from roadscan.serve.uploads import writer
from roadscan.serve.uploads.tus_routes import tus_router
from roadscan.serve.uploads.upload_routes import uploads_router
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.upload_storage import Limits, UploadStorage
from roadscan.store.sqlite import share_store
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files

LIMITS = Limits(max_bytes=10**8, quota_bytes=10**10, reserve_bytes=0, expires_after_s=86400.0)
COMMIT_BYTES = 256 * 1024
LIFE_S = 0.25
"""At most, once the process answers; one in ten does not live to do so."""


class Telling(uvicorn.Server):
    """Says through a pipe that it answers."""

    def __init__(self, config: uvicorn.Config, pipe: int) -> None:
        super().__init__(config)
        self.pipe = pipe

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        os.write(self.pipe, b"x")


def serve(data: Path, listening: socket.socket, pipe: int) -> None:
    """Serve until killed."""
    writer.COMMIT_BYTES = COMMIT_BYTES
    with share_store(data) as store:
        arrivals = UploadService(UploadStorage(data, LIMITS), Files(store.engine))
        arrivals.clean_up()
        guard = Guard(Accounts(store.engine, time.time))
        app = FastAPI()
        tell_errors(app)
        app.include_router(tus_router(guard, arrivals))
        app.include_router(uploads_router(guard, arrivals, frozenset))
        Telling(uvicorn.Config(app, log_level="critical"), pipe).run(sockets=[listening])


def main(data: Path, kills: int, seed: int) -> None:
    """Fork web processes and kill them; the last one stays."""
    chance = random.Random(seed)  # noqa: S311 -- moments of a test
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    up, pipe = os.pipe()
    for number in range(kills + 1):
        child = os.fork()
        if not child:
            sys.stdin.close()
            serve(data, listening, pipe)
            os._exit(0)
        if chance.random() < 0.9:
            os.read(up, 1)
        if number < kills:
            time.sleep(chance.uniform(0.0, LIFE_S))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    print("killed enough", flush=True)
    sys.stdin.read()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
