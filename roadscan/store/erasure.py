"""Erasure of a drive from the store, on every network and in every survey."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, delete, exists, select, update

from roadscan.store import tables
from roadscan.store.database import truncate_log
from roadscan.store.layers.feature_tables import editions
from roadscan.store.rescoring import ensure_scoring, request_scoring
from roadscan.store.tables import review_boxes, review_decisions, scorings

OF_DRIVE: Final[tuple[Table, ...]] = (
    tables.drives,
    tables.chunks,
    tables.observations,
    tables.rejected_boxes,
    tables.grids,
    tables.survey_drives,
    tables.pictures,
    tables.refused_pictures,
    tables.traces,
    tables.found_frames,
    review_boxes,
)
"""Tables with rows of a drive; the served layers are rebuilt when the survey is scored."""
OF_SURVEY: Final[tuple[Table, ...]] = (tables.surveys, tables.results, tables.damages)


@dataclass(frozen=True, slots=True)
class Erased:
    """The surveys that an erased drive belonged to."""

    rescored: tuple[str, ...]
    """To be scored again without it."""
    ended: tuple[str, ...]
    """Removed, as it was their last drive."""


def erase_drive(engine: Engine, drive_id: str) -> Erased:
    """Erase a drive in one transaction; repeating it changes nothing.

    Decisions about its boxes alone are erased too; the audit log still shows that they were made.
    """
    own = tables.survey_drives.c.drive_id == drive_id
    query = select(tables.survey_drives.c.survey).where(own).distinct()
    with engine.connect() as db:
        surveys = sorted(db.scalars(query))
    for survey in surveys:
        ensure_scoring(engine, survey)
    with engine.begin() as db:
        for survey in surveys:
            request_scoring(db, survey)
        for table in OF_DRIVE:
            db.execute(delete(table).where(table.c.drive_id == drive_id))
        _erase_empty_decisions(db)
        ended = tuple(survey for survey in surveys if not _has_drives(db, survey))
        for survey in ended:
            _end(db, survey)
    truncate_log(engine)
    return Erased(tuple(survey for survey in surveys if survey not in ended), ended)


def _erase_empty_decisions(db: Connection) -> None:
    decisions, undoing = review_decisions, review_decisions.alias()
    on_box = exists().where(review_boxes.c.decision == decisions.c.number)
    db.execute(delete(decisions).where(decisions.c.undoes.is_(None), ~on_box))
    undone = select(undoing.c.number).where(undoing.c.undoes.is_(None))
    db.execute(delete(decisions).where(decisions.c.undoes.not_in(undone)))


def _has_drives(db: Connection, survey: str) -> bool:
    query = select(tables.survey_drives.c.drive_id).filter_by(survey=survey)
    return db.execute(query.limit(1)).first() is not None


def _end(db: Connection, survey: str) -> None:
    """Remove a survey; its change numbers continue, so no job of a later one looks done."""
    this: dict[str, Any] = {"survey": survey}
    for table in OF_SURVEY:
        db.execute(delete(table).filter_by(**this))
    db.execute(update(editions).filter_by(**this).values(served=False))
    db.execute(update(scorings).filter_by(**this).values(done=scorings.c.wanted))
