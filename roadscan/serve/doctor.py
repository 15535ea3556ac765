"""Checks an installation and a town, and names a remedy for each problem.

Nothing is created or changed: a store of an older roadscan is upgraded at the next start, not here.
"""

import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from roadscan.detect.model_folder import ModelSettings, list_models, open_model
from roadscan.errors import RoadscanError
from roadscan.serve.settings import GIB, ServeSettings
from roadscan.store.database import (
    is_intact,
    newest_version,
    open_readonly,
    version_error,
    version_of,
)
from roadscan.store.sqlite import FILE, JOBS_FILE
from roadscan.store.town.networks import NetworkVersions
from roadscan.store.town.workers import WORKER_SILENT_S, WorkerHeartbeats

OLDEST_PYTHON: Final = (3, 11)
PACKAGES: Final = ("numpy", "av", "openvino", "opencv-python-headless", "pyogrio", "sqlalchemy")
"""Packages whose versions support staff need to know."""
EXTRAS: Final = {"serve": "uvicorn", "postgis": "psycopg", "yolo": "ultralytics"}
"""For each extra, a package whose presence shows that it is installed."""
LEAST_DISK_BYTES: Final = 20 * GIB
"""In addition to the reserve: about what a day of driving takes."""
OLDEST_CLOCK_S: Final = 1_760_000_000.0
"""This module was written later, so a clock showing an earlier time is wrong."""


class Verdict(StrEnum):
    """Verdict of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, with a remedy if there is a problem."""

    what: str
    verdict: Verdict
    found: str
    to_do: str = ""


def examine_installation(port: int, now_s: float) -> Iterator[Finding]:
    """Check everything that does not depend on a town."""
    yield _python()
    yield _packages()
    yield from (_extra(name) for name in EXTRAS)
    yield from _models()
    yield Finding("ffmpeg", Verdict.OK, "not needed: the decoder comes with the package av")
    yield _clock(now_s)
    yield _port(port)


def examine_town(settings: ServeSettings) -> Iterator[Finding]:
    """Check a town's folder, disk, databases, workers and network."""
    yield _folder(settings.data)
    if settings.data.is_dir():
        yield _disk(settings)
    yield from _store(settings)
    if not settings.database:
        yield _jobs(settings.data / JOBS_FILE)


def _python() -> Finding:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", Verdict.OK, found)
    return Finding("python", Verdict.FAIL, found, "Install Python 3.11 or newer")


def _packages() -> Finding:
    try:
        told = [f"{name} {version(name)}" for name in ("roadscan", *PACKAGES)]
    except PackageNotFoundError as error:
        return Finding("packages", Verdict.FAIL, f"{error.name} is missing", "pip install roadscan")
    return Finding("packages", Verdict.OK, ", ".join(told))


def _extra(name: str) -> Finding:
    if find_spec(EXTRAS[name]) is not None:
        return Finding(f"extra {name}", Verdict.OK, "installed")
    to_do = f"Only if it is needed: pip install 'roadscan[{name}]'"
    verdict = Verdict.WARN if name == "serve" else Verdict.OK
    return Finding(f"extra {name}", verdict, "not installed", to_do)


def _models() -> Iterator[Finding]:
    try:
        models = list_models()
    except RoadscanError as error:
        yield Finding("models", Verdict.FAIL, error.message, error.hint)
        return
    for task in ("damage", "privacy"):
        if not any(model.default and model.task == task for model in models):
            yield Finding("models", Verdict.FAIL, f"none for {task}", "Install roadscan again")
    yield from (_model(model) for model in models)


def _model(settings: ModelSettings) -> Finding:
    what = f"model {settings.name}"
    try:
        open_model(settings.name)
    except RoadscanError as error:
        return Finding(what, Verdict.FAIL, error.message, error.hint)
    return Finding(what, Verdict.OK, f"version {settings.version}, checksums as they should be")


def _clock(now_s: float) -> Finding:
    told = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s))
    if now_s >= OLDEST_CLOCK_S:
        return Finding("clock", Verdict.OK, told)
    return Finding("clock", Verdict.FAIL, told, "Set it: sessions and deadlines depend on it")


def _port(port: int) -> Finding:
    with closing(socket.socket()) as asking:
        asking.settimeout(1.0)
        taken = asking.connect_ex(("127.0.0.1", port)) == 0
    if not taken:
        return Finding("port", Verdict.OK, f"{port} is free")
    to_do = "Well if roadscan runs there; else stop the other program or name another --port"
    return Finding("port", Verdict.WARN, f"{port} is taken", to_do)


def _folder(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("folder", Verdict.WARN, f"{folder} is not there", "The first start makes it")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        to_do = f"Give it to the user of the service: chown -R USER {folder}"
        return Finding("folder", Verdict.FAIL, f"{folder} cannot be read and written", to_do)
    if folder.stat().st_mode & 0o007:
        to_do = f"chmod o-rwx {folder}: it holds videos and the hashes of passwords"
        return Finding("folder", Verdict.WARN, f"{folder} is open to every user here", to_do)
    return Finding("folder", Verdict.OK, f"{folder} can be read and written, by no other user")


def _disk(settings: ServeSettings) -> Finding:
    free, reserve = shutil.disk_usage(settings.data).free, settings.free_disk_reserve_bytes
    found = f"{free / GIB:.1f} GiB free, reserve {reserve / GIB:.1f} GiB"
    if free < reserve:
        to_do = "Uploads are refused: roadscan purge --delete, or a larger disk"
        return Finding("disk", Verdict.FAIL, found, to_do)
    if free < reserve + LEAST_DISK_BYTES:
        to_do = "A day of driving may not fit: roadscan purge, or a larger disk"
        return Finding("disk", Verdict.WARN, found, to_do)
    return Finding("disk", Verdict.OK, found)


def _store(settings: ServeSettings) -> Iterator[Finding]:
    path = settings.data / FILE
    if not settings.database and not path.is_file():
        yield Finding("store", Verdict.WARN, f"no {path} yet", "The first start makes it")
        return
    try:
        with open_readonly(settings.database or f"sqlite:///{path}") as engine:
            yield from _opened(engine)
    except (SQLAlchemyError, sqlite3.Error) as error:
        words = " ".join(str(getattr(error, "orig", error)).split())[:160]
        to_do = "Is the database running and the address right? Else bring back a backup"
        yield Finding("store", Verdict.FAIL, words, to_do)
    except ModuleNotFoundError:
        yield Finding("store", Verdict.FAIL, "no driver", "pip install 'roadscan[postgis]'")


def _opened(engine: Engine) -> Iterator[Finding]:
    if not is_intact(engine):
        yield Finding("store", Verdict.FAIL, "it is damaged", "Bring back a backup")
        return
    found, newest = version_of(engine), newest_version()
    if found == newest:
        yield Finding("store", Verdict.OK, f"opens, version {found}")
        yield _workers(WorkerHeartbeats(engine, time.time))
        yield _network(NetworkVersions(engine, time.time))
    elif found is not None and (error := version_error(found, "it")) is not None:
        yield Finding("store", Verdict.FAIL, error.message, error.hint)
    else:
        older = f"version {found or 'none'}, this roadscan has {newest}"
        to_do = "The next start upgrades it: make a backup first"
        yield Finding("store", Verdict.WARN, older, to_do)


def _workers(heartbeats: WorkerHeartbeats) -> Finding:
    alive = len(heartbeats.alive(WORKER_SILENT_S))
    if alive:
        return Finding("workers", Verdict.OK, f"{alive} alive")
    to_do = "Nothing is worked on: start roadscan serve or roadscan work"
    return Finding("workers", Verdict.WARN, "none heard of within a minute", to_do)


def _network(networks: NetworkVersions) -> Finding:
    versions = networks.all()
    if not versions:
        to_do = "An administrator brings one in on the admin page"
        return Finding("network", Verdict.WARN, "none in force", to_do)
    return Finding("network", Verdict.OK, f"{versions[0].name}, version {versions[0].number}")


def _jobs(path: Path) -> Finding:
    if not path.is_file():
        return Finding("jobs", Verdict.WARN, f"no {path} yet", "The first worker makes it")
    try:
        with open_readonly(f"sqlite:///{path}") as engine:
            whole = is_intact(engine)
    except (SQLAlchemyError, sqlite3.Error):
        whole = False
    if whole:
        return Finding("jobs", Verdict.OK, "opens")
    return Finding("jobs", Verdict.FAIL, f"{path} is damaged", "Bring back a backup")
