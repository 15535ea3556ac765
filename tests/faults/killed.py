"""Runs that are killed: in a process of its own, at one of the steps that it takes.

A step is a frame that was looked at, a transaction about to be committed, or a file about to
replace another. Processes are forked from a server that has imported roadscan once.
"""

import json
import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from roadscan.pipeline import chunk, run_record
from roadscan.pipeline import run as pipeline
from tests.small_drive import SmallDrive

CHUNK_S = 5.0
"""So that the drive has chunks to go on at."""
NEVER = -1


def context() -> ForkServerContext:
    """Return the place to start processes from."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__, "roadscan.cli.app"])
    return server


class Steps:
    """Hears of a run's steps, writes them down and kills the run at one of them."""

    def __init__(self, kill_at: int, told: Path) -> None:
        self._kill_at = kill_at
        self._told = told
        self._names: list[str] = []

    def take(self, name: str) -> None:
        """Write down a step, unless it is the last."""
        if len(self._names) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._names.append(name)

    def begin(self, what: str, total: int) -> None:
        """Hear what begins, and how much of it is to be done."""
        self.take(f"begin {what} {total}")

    def advance(self, items: int = 1) -> None:
        """Hear that an item is done."""
        self.take("item")

    def tell(self) -> None:
        """Write the steps to a file."""
        self._told.write_text(json.dumps(self._names))


def run_until(drive: SmallDrive, out: Path, kill_at: int, told: Path) -> None:
    """Run a drive in this process and kill it at a step."""
    steps = Steps(kill_at, told)
    replace = os.replace

    def replacing(source: Any, target: Any) -> None:
        steps.take(f"replace {Path(target).name}")
        replace(source, target)

    os.replace = replacing
    event.listen(Engine, "commit", lambda _: steps.take("commit"))
    chunk.CHUNK_S = CHUNK_S
    pipeline.run(
        [drive.video],
        network=drive.network,
        track=drive.track,
        out=out,
        camera=drive.camera,
        model=f"replay:{drive.detections}",
        survey="small drive",
        offset_s=0.0,
        privacy_model="none",
        progress=steps,
    )
    assert run_record.os.replace is replacing
    steps.tell()


def run(drive: SmallDrive, out: Path, kill_at: int = NEVER) -> list[str]:
    """Run a drive, killed before a step; return the steps of one that was not."""
    told = out.with_suffix(".steps")
    told.unlink(missing_ok=True)
    process = context().Process(target=run_until, args=(drive, out, kill_at, told))
    process.start()
    process.join()
    assert process.exitcode == (0 if kill_at == NEVER else -signal.SIGKILL)
    steps: list[str] = json.loads(told.read_text()) if kill_at == NEVER else []
    return steps
