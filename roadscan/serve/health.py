"""Health checks and metrics for operators: /healthz, /readyz, /metrics."""

import shutil
from collections.abc import Callable
from math import nan
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from roadscan.serve.middleware import Answered
from roadscan.serve.town import Town
from roadscan.store.town.workers import WORKER_SILENT_S

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts and durations of requests, for Prometheus."""

    def __init__(self, town: Town) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "roadscan_requests_total",
            "Requests",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "roadscan_request_seconds",
            "Time to answer",
            ("method", "route"),
            registry=self._registry,
        )
        free = Gauge(
            "roadscan_disk_free_bytes", "Free on the disk of the data", registry=self._registry
        )
        free.set_function(lambda: _free_bytes(town))
        workers = Gauge(
            "roadscan_workers", "Workers heard of within a minute", registry=self._registry
        )
        workers.set_function(lambda: _alive(town))

    def count(self, answered: Answered) -> None:
        """Count a request."""
        self._requests.labels(answered.method, answered.route, str(answered.status)).inc()
        self._seconds.labels(answered.method, answered.route).observe(answered.seconds)

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


def health_router(town: Town, metrics: Metrics) -> APIRouter:
    """Return the routes; they need no login, as they reveal nothing but status and counts."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def healthz() -> PlainTextResponse:
        """Answer at all."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        """Say whether work gets done: store, disk space, a worker alive that schedules."""
        checks = {
            "store": _holds(lambda: _answers(town.store.engine)),
            "disk": _holds(lambda: _free_bytes(town) >= town.settings.free_disk_reserve_bytes),
            "worker": _holds(lambda: bool(town.workers())),
            "scheduler": _holds(lambda: bool(town.heartbeats.scheduling(WORKER_SILENT_S))),
        }
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    @router.get("/metrics")
    def counted() -> Response:
        """Return what was counted since the start of this process."""
        return Response(metrics.text(), media_type=PROMETHEUS)

    return router


def _holds(check: Callable[[], bool]) -> bool:
    """Return the result of a check; what cannot be checked does not hold."""
    try:
        return check()
    except (SQLAlchemyError, OSError):
        return False


def _answers(engine: Engine) -> bool:
    with engine.connect() as db:
        return bool(db.scalar(text("SELECT 1")))


def _alive(town: Town) -> float:
    """Return the number of workers; not a number while the store does not answer."""
    try:
        return len(town.workers())
    except SQLAlchemyError:
        return nan


def _free_bytes(town: Town) -> int:
    return shutil.disk_usage(town.settings.data).free
