"""Lists the drives of a store, with or without a survey, and the models that analysed them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, func, select

from roadscan.errors import RoadscanError
from roadscan.model.drive import Drive
from roadscan.store.statements import same_drive
from roadscan.store.surveys import rows
from roadscan.store.tables import drives, pictures, survey_drives

SHORTEST_ID: Final = 8
"""Fewer characters name no drive, so that a slip of the hand erases none."""


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
        counts = dict(map(tuple, db.execute(moments.group_by(pictures.c.drive_id))))
        for drive_id, survey in db.execute(select(by_id, survey_drives.c.survey)):
            own[drive_id].add(survey)
        query = select(drives).order_by(drives.c.settings_sha256)
        found: dict[str, Any] = {row["drive_id"]: dict(row) for row in db.execute(query).mappings()}
    return tuple(
        KnownDrive(drive, tuple(sorted(own[drive.drive_id])), counts.get(drive.drive_id, 0))
        for drive in sorted(map(rows.drive_of, found.values()), key=_order)
    )


def find_drive(engine: Engine, drive_id: str) -> KnownDrive:
    """Return a drive by its id, or by a beginning that no other id has; raises `drive_unknown`."""
    by_id = {known.drive.drive_id: known for known in known_drives(engine)}
    return by_id[full_id(tuple(by_id), drive_id)]


def full_id(ids: Sequence[str], given: str) -> str:
    """Return the id that is given, or the only one that begins so; raises `drive_unknown`."""
    if given in ids:
        return given
    begin_so = [one for one in ids if len(given) >= SHORTEST_ID and one.startswith(given)]
    if len(begin_so) == 1:
        return begin_so[0]
    what = f"{len(begin_so)} drives begin with" if begin_so else "there is no drive"
    raise RoadscanError("drive_unknown", f"{what} {given[:80]!r}", "roadscan drives lists them")


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """Return the shortest beginning of each id that no other one has, all of one length."""
    length = SHORTEST_ID
    while len({one[:length] for one in ids}) < len(set(ids)):
        length += 1
    return {one: one[:length] for one in ids}


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
