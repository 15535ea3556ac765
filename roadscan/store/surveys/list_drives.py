"""Lists the drives of a store, with or without a survey, and the models that analysed them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select

from roadscan.errors import RoadscanError
from roadscan.model.drive import Drive
from roadscan.store.statements import same_drive
from roadscan.store.surveys import rows
from roadscan.store.tables import drives, pictures, survey_drives


@dataclass(frozen=True, slots=True)
class KnownDrive:
    """A drive, whichever networks it was matched to."""

    drive: Drive
    """Under one of its settings."""
    surveys: tuple[str, ...]
    """Those that it belongs to."""
    pictures: int
    """Number of moments with a stored picture."""


def known_drives(engine: Engine) -> tuple[KnownDrive, ...]:
    """Return each drive once, by start, then id."""
    by_id, own = survey_drives.c.drive_id, defaultdict[str, set[str]](set)
    moments = select(pictures.c.drive_id, func.count(pictures.c.frame_t_s.distinct()))
    with engine.connect() as db:
        kept = dict(map(tuple, db.execute(moments.group_by(pictures.c.drive_id))))
        for drive_id, survey in db.execute(select(by_id, survey_drives.c.survey)):
            own[drive_id].add(survey)
        query = select(drives).order_by(drives.c.settings_sha256)
        found: dict[str, Any] = {row["drive_id"]: dict(row) for row in db.execute(query).mappings()}
    return tuple(
        KnownDrive(drive, tuple(sorted(own[drive.drive_id])), kept.get(drive.drive_id, 0))
        for drive in sorted(map(rows.drive_of, found.values()), key=_order)
    )


def find_drive(engine: Engine, drive_id: str) -> KnownDrive:
    """Return a drive by its id; raises `drive_unknown`."""
    for known in known_drives(engine):
        if known.drive.drive_id == drive_id:
            return known
    what = f"there is no drive {drive_id[:80]!r}"
    raise RoadscanError("drive_unknown", what, "roadscan drives lists them")


def _order(drive: Drive) -> tuple[float, str]:
    return drive.started_s, drive.drive_id


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that analysed drives of a survey."""

    survey: str
    model_name: str
    """With its version and the runtime."""
    model_sha256: str
    drives: int


def model_uses(engine: Engine) -> tuple[ModelUse, ...]:
    """Return how many drives of each survey each model analysed, by survey, then model."""
    of_drive, member = drives.c, survey_drives.c
    which = (member.survey, of_drive.model_name, of_drive.model_sha256)
    query = (
        select(*which, func.count())
        .select_from(survey_drives)
        .join(drives, same_drive(drives, survey_drives))
        .group_by(*which)
        .order_by(*which)
    )
    with engine.connect() as db:
        return tuple(ModelUse(*row) for row in db.execute(query))
