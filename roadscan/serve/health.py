"""Whether the service is well, for whoever keeps it running: /healthz, /readyz, /metrics."""

import shutil
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from roadscan.serve.middleware import Answered
from roadscan.serve.settings import ServeSettings
from roadscan.store.town.workers import WorkerHeartbeats

WORKER_SILENT_S: Final = 60.0
PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts and times requests, for Prometheus."""

    def __init__(self, settings: ServeSettings, heartbeats: WorkerHeartbeats) -> None:
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
        free.set_function(lambda: _free_bytes(settings))
        workers = Gauge(
            "roadscan_workers", "Workers heard of within a minute", registry=self._registry
        )
        workers.set_function(lambda: len(heartbeats.alive(WORKER_SILENT_S)))

    def count(self, answered: Answered) -> None:
        """Take a request into account."""
        self._requests.labels(answered.method, answered.route, str(answered.status)).inc()
        self._seconds.labels(answered.method, answered.route).observe(answered.seconds)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)


def health_router(
    settings: ServeSettings, engine: Engine, heartbeats: WorkerHeartbeats, metrics: Metrics
) -> APIRouter:
    """Return the routes that anybody may ask: they tell no more than yes, no and how many."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def healthz() -> PlainTextResponse:
        """Answer at all."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        """Say whether work can be done: store, room on the disk, a worker alive."""
        checks = {
            "store": _answers(engine),
            "disk": _free_bytes(settings) >= settings.free_disk_reserve_bytes,
            "worker": bool(heartbeats.alive(WORKER_SILENT_S)),
        }
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    @router.get("/metrics")
    def told() -> Response:
        """Tell what was counted since the start of this process."""
        return Response(metrics.text(), media_type=PROMETHEUS)

    return router


def _answers(engine: Engine) -> bool:
    try:
        with engine.connect() as db:
            return bool(db.scalar(text("SELECT 1")))
    except SQLAlchemyError:
        return False


def _free_bytes(settings: ServeSettings) -> int:
    return shutil.disk_usage(settings.data).free
