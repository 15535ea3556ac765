"""Status for administrators: the disk, the models, and the retention of recordings.

Settings are options of the commands (`roadscan serve`, `roadscan work`): nothing is changed here,
except that an administrator may say that the clock is right.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

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
from roadscan.model.access import Caller, Right
from roadscan.serve.disk import DiskUse, disk_use
from roadscan.serve.queue.job import Failure
from roadscan.serve.retention import DAY_S, LONGEST_S, Due, Retention, count_unseen_time
from roadscan.serve.settings import ServeSettings
from roadscan.serve.survey_exports import KEPT_S
from roadscan.serve.town import Town
from roadscan.store.surveys.list_drives import model_uses
from roadscan.store.town.workers import WORKER_SILENT_S

FIRST: Final = 100
"""At most this many of the files that are due are listed."""


class _Response(BaseModel):
    model_config = ConfigDict(frozen=True)


class SetbackResponse(_Response):
    """Something that could not be scheduled, and when that is tried again."""

    item: str
    error: str
    next_try_s: float


class DiskResponse(_Response):
    """The disk, and the workers that are alive."""

    disk: DiskUse
    workers: tuple[str, ...]
    setbacks: tuple[SetbackResponse, ...]
    """What their schedulers could not schedule, and try again."""


class ModelDescribed(_Response):
    """The description of a model in its model.toml."""

    version: int
    task: Task
    default: bool
    """Used for its task where no model is named."""
    classes: tuple[str, ...]
    precision: str
    """Of the computation, by default."""
    precisions: tuple[str, ...]
    """Those available; int8 where a quantised network is included."""
    size_bytes: int
    sha256: str
    """Of all that decides its boxes; results name the same one."""


class ModelResponse(_Response):
    """A model on the machine of this web process."""

    name: str
    described: ModelDescribed | None
    """None where model.toml cannot be read."""
    failure: Failure | None
    """Why it cannot be used; None where its files match model.toml."""


class ModelUsed(_Response):
    """A model that drives of a survey were analysed with."""

    survey: str
    model: str
    sha256: str
    drives: int
    installed: str
    """The installed model that is the same one; "" if there is none."""


class ModelsResponse(_Response):
    """The installed models, and those that results were made with."""

    installed: tuple[ModelResponse, ...]
    used: tuple[ModelUsed, ...]


class RetentionSettings(_Response):
    """The settings of this web process, and what is fixed."""

    keep_days: float
    longest_days: float
    deletes_by_itself: bool
    picture_every_m: float
    upload_expires_days: float
    exports_kept_days: float


class DueResponse(_Response):
    """A recording whose retention time is over."""

    sha256: str
    name: str
    size_bytes: int
    uploaded_by: str
    uploaded_s: float
    why: Due


class RetentionResponse(_Response):
    """The retention times, and what would be deleted now."""

    settings: RetentionSettings
    due_files: int
    due_bytes: int
    first: tuple[DueResponse, ...]
    unconfirmed_days: float
    """Days that passed while no worker saw them, which do not count until confirmed."""


def admin_router(town: Town) -> APIRouter:
    """Return the routes under /api/admin."""
    may_administer = town.guard.need(Right.ADMINISTER)
    router = APIRouter(
        prefix="/api/admin", tags=["administration"], dependencies=[Depends(may_administer)]
    )

    @router.get("/disk")
    def disk() -> DiskResponse:
        """Return how the disk is used, and which workers are alive."""
        told = town.heartbeats.setbacks(WORKER_SILENT_S)
        return DiskResponse(
            disk=disk_use(town),
            workers=town.workers(),
            setbacks=tuple(SetbackResponse(**asdict(one)) for one in told),
        )

    @router.get("/models")
    def models() -> ModelsResponse:
        """Return the models of this machine, with their checksums verified, and those used."""
        installed = tuple(model_response(folder) for folder in model_folders())
        here = {m.described.sha256: m.name for m in installed if m.described is not None}
        used = tuple(
            ModelUsed(
                survey=use.survey,
                model=use.model_name,
                sha256=use.model_sha256,
                drives=use.drives,
                installed=here.get(use.model_sha256, ""),
            )
            for use in model_uses(town.store.engine)
        )
        return ModelsResponse(installed=installed, used=used)

    @router.get("/retention")
    def retention() -> RetentionResponse:
        """Return what would be deleted now, as `roadscan purge` without --delete does."""
        due = Retention(town, "nobody").due()
        return RetentionResponse(
            settings=_settings(town.settings),
            due_files=len(due),
            due_bytes=sum(item.file.size_bytes for item in due),
            first=tuple(
                DueResponse.model_validate(asdict(item.file) | {"why": item.why})
                for item in due[:FIRST]
            ),
            unconfirmed_days=town.shared_clock.read().unconfirmed_s / DAY_S,
        )

    @router.post("/clock", status_code=204)
    def confirm_clock(caller: Annotated[Caller, Depends(may_administer)]) -> None:
        """Let recordings grow old by the time that passed while no worker saw it, too."""
        count_unseen_time(town, caller.name)

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


def model_response(folder: Path) -> ModelResponse:
    """Return the description and state of a model; all of its files are read."""
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
