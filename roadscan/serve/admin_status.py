"""What an administrator looks after: the disk, the models, and how long recordings are kept.

Nothing is changed here. Settings are options of the command (`roadscan serve`, `roadscan work`).
"""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from roadscan.detect.model_folder import (
    PRECISIONS,
    ModelSettings,
    Task,
    model_folders,
    read_settings,
    verify,
)
from roadscan.errors import RoadscanError
from roadscan.model.access import Right
from roadscan.serve.access.guard import Guard
from roadscan.serve.disk import DiskUse, disk_use
from roadscan.serve.health import WORKER_SILENT_S
from roadscan.serve.jobs.exports import KEPT_S
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import Failure
from roadscan.serve.retention import DAY_S, LONGEST_S, Due, retention_of
from roadscan.serve.settings import ServeSettings
from roadscan.store.store import Store
from roadscan.store.surveys.list_drives import model_uses
from roadscan.store.town.workers import WorkerHeartbeats

FIRST: Final = 100
"""Files that are due are named up to so many."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class DiskResponse(_Told):
    """The disk, and the workers that were heard of within a minute."""

    disk: DiskUse
    workers: tuple[str, ...]


class ModelDescribed(_Told):
    """What model.toml says of a model."""

    version: int
    task: Task
    default: bool
    """Taken for its task where no model is named."""
    classes: tuple[str, ...]
    precision: str
    """What it is computed in by default."""
    precisions: tuple[str, ...]
    """What it can be computed in; int8 where a quantised network came along."""
    size_bytes: int
    sha256: str
    """Of what decides its boxes: the same in the results that it made."""


class ModelResponse(_Told):
    """A model on the machine of this web process."""

    name: str
    described: ModelDescribed | None
    """None where model.toml cannot be read."""
    failure: Failure | None
    """Why it cannot be used; None where its files are those that model.toml lists."""


class ModelUsed(_Told):
    """A model that drives of a survey were looked at with."""

    survey: str
    model: str
    sha256: str
    drives: int
    installed: str
    """The model here that is the same; "" where none is."""


class ModelsResponse(_Told):
    """Models here, and those that results were made with."""

    installed: tuple[ModelResponse, ...]
    used: tuple[ModelUsed, ...]


class RetentionSettings(_Told):
    """How this web process was started, and what is fixed."""

    keep_days: float
    longest_days: float
    deletes_by_itself: bool
    picture_every_m: float
    upload_expires_days: float
    exports_kept_days: float


class DueResponse(_Told):
    """A recording whose time is over."""

    sha256: str
    name: str
    size_bytes: int
    uploaded_by: str
    uploaded_s: float
    why: Due


class RetentionResponse(_Told):
    """What is kept how long, and what would be deleted now."""

    settings: RetentionSettings
    due_files: int
    due_bytes: int
    first: tuple[DueResponse, ...]


def premises_router(
    guard: Guard,
    settings: ServeSettings,
    store: Store,
    queue: JobQueue,
    heartbeats: WorkerHeartbeats,
) -> APIRouter:
    """Return the routes under /api/premises."""
    router = APIRouter(
        prefix="/api/premises",
        tags=["administration"],
        dependencies=[Depends(guard.need(Right.ADMINISTER))],
    )
    retention = retention_of(settings, store, queue, "nobody")

    @router.get("/disk")
    def disk() -> DiskResponse:
        """Return how the disk is used, and who works."""
        workers = tuple(sorted(heartbeats.alive(WORKER_SILENT_S)))
        return DiskResponse(disk=disk_use(settings, store, queue), workers=workers)

    @router.get("/models")
    def models() -> ModelsResponse:
        """Return the models of this machine, each held against its checksums, and those used."""
        installed = tuple(model_told(folder) for folder in model_folders())
        here = {m.described.sha256: m.name for m in installed if m.described is not None}
        used = tuple(
            ModelUsed(
                survey=use.survey,
                model=use.model_name,
                sha256=use.model_sha256,
                drives=use.drives,
                installed=here.get(use.model_sha256, ""),
            )
            for use in model_uses(store.engine)
        )
        return ModelsResponse(installed=installed, used=used)

    @router.get("/retention")
    def kept() -> RetentionResponse:
        """Return what a deletion would delete now, as `roadscan purge` without --delete does."""
        due = retention.due()
        return RetentionResponse(
            settings=_settings(settings),
            due_files=len(due),
            due_bytes=sum(item.file.size_bytes for item in due),
            first=tuple(
                DueResponse(
                    sha256=item.file.sha256,
                    name=item.file.name,
                    size_bytes=item.file.size_bytes,
                    uploaded_by=item.file.uploaded_by,
                    uploaded_s=item.file.uploaded_s,
                    why=item.why,
                )
                for item in due[:FIRST]
            ),
        )

    return router


def _settings(settings: ServeSettings) -> RetentionSettings:
    return RetentionSettings(
        keep_days=settings.keep_raw_s / DAY_S,
        longest_days=LONGEST_S / DAY_S,
        deletes_by_itself=settings.deletes_raw,
        picture_every_m=settings.picture_every_m,
        upload_expires_days=settings.upload_expires_s / DAY_S,
        exports_kept_days=KEPT_S / DAY_S,
    )


def model_told(folder: Path) -> ModelResponse:
    """Return what there is to say of a model; all of its files are read."""
    described = None
    try:
        settings = read_settings(folder)
        described = _described(folder, settings)
        verify(folder, settings)
    except RoadscanError as error:
        return ModelResponse(name=folder.name, described=described, failure=Failure.of(error))
    return ModelResponse(name=folder.name, described=described, failure=None)


def _described(folder: Path, settings: ModelSettings) -> ModelDescribed:
    whole = settings.network_int8 is not None
    files = (folder / name for name in settings.sha256)
    return ModelDescribed(
        version=settings.version,
        task=settings.task,
        default=settings.default,
        classes=settings.classes,
        precision=settings.precision,
        precisions=tuple(p for p in PRECISIONS if whole or p != "int8"),
        size_bytes=sum(file.stat().st_size for file in files if file.is_file()),
        sha256=settings.identity(),
    )
