"""A town with a survey, served by a process of its own."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import numpy as np
import shapely
from PIL import Image
from sqlalchemy import insert, select

from roadscan.store import tables
from roadscan.store.sqlite import open_store
from tests.small_drive import HEIGHT, WIDTH, SmallDrive

ROADSCAN: Final = [sys.executable, "-c", "from roadscan.cli.app import main; main()"]
SURVEY: Final = "small drive"
START_S: Final = 120.0


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    port: int
    welcome: str
    """The first administrator's link."""
    data: Path
    """The town's folder."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def assess(drive: SmallDrive, data: Path) -> None:
    """Fill a folder as `roadscan run` does; every damage's frame gets a picture of grain."""
    subprocess.run([*ROADSCAN, *drive.command(data)], check=True, capture_output=True, timeout=300)
    grain = np.random.default_rng(3).integers(60, 200, (HEIGHT, WIDTH, 3), np.uint8)
    jpeg = io.BytesIO()
    Image.fromarray(grain).save(jpeg, "JPEG")
    about = {
        "view": "road",
        "width": WIDTH,
        "height": HEIGHT,
        "scale": 1.0,
        "footprint_wkb": shapely.to_wkb(shapely.Point(13, 51).buffer(1e-4)),
        "jpeg": jpeg.getvalue(),
    }
    seen = tables.observations.c
    frames = select(seen.drive_id, seen.settings_sha256, seen.number, seen.frame_t_s).distinct()
    with open_store(data) as store, store.engine.begin() as db:
        for row in db.execute(frames).all():
            db.execute(insert(tables.pictures).values(**row._mapping, **about))


@contextmanager
def serving(data: Path, *options: str) -> Iterator[Service]:
    """Run `roadscan serve` until its layers are there."""
    port = _free_port()
    command = [*ROADSCAN, "serve", f"--data={data}", f"--port={port}", *options]
    log = (data.parent / "serve.log").open("wb")
    own = {"PYTHONUNBUFFERED": "1"}
    with (
        log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | own
        ) as process,
    ):
        try:
            assert process.stdout is not None
            welcome = process.stdout.readline().split(": ", 1)[1].strip()
            service = Service(port, welcome, data)
            _wait_until_ready(service.address)
            yield service
        finally:
            process.terminate()
            process.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait_until_ready(address: str) -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        try:
            with urlopen(f"{address}/healthz", timeout=5):  # noqa: S310 -- our own address
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)
