"""All drives that a store knows, also those that no survey is made of any more."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select

from roadscan.errors import RoadscanError
from roadscan.model.drive import Drive
from roadscan.store.surveys import rows
from roadscan.store.tables import drives, pictures, survey_drives


@dataclass(frozen=True, slots=True)
class KnownDrive:
    """A drive, on however many networks, with what there is of it."""

    drive: Drive
    """Under one of its settings."""
    surveys: tuple[str, ...]
    """That it is a part of."""
    pictures: int
    """Moments of which a picture is kept."""


def known_drives(engine: Engine) -> tuple[KnownDrive, ...]:
    """Return every drive once, by its start, then id."""
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
