"""Which surveys have to be scored, as the store itself knows it.

Whatever changes what a survey is made of raises what is wanted, in its own transaction; a scoring
that has ended says up to which change it counted. So nothing that was asked for can be lost, and
drives that come in while a survey is scored are scored together afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.model.damage import Damage
from roadscan.model.score import SegmentResult
from roadscan.model.survey import DriveKey
from roadscan.store import tables
from roadscan.store.layers.feature_tables import editions
from roadscan.store.layers.patch import LayerPatch, patch_layers, served_edition
from roadscan.store.surveys import rows
from roadscan.store.surveys.results import damage_row
from roadscan.store.tables import scorings, survey_drives


@dataclass(frozen=True, slots=True)
class RescoreDelta:
    """What a change makes other in a survey."""

    change: int
    """The last change of the survey that its scores took into account before."""
    results: tuple[SegmentResult, ...]
    gone: tuple[Damage, ...]
    damages: tuple[Damage, ...]
    """Those that are new, or are not what they were."""
    layers: Mapping[str, LayerPatch]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Where the scores of a survey stand."""

    survey: str
    wanted: int
    """Counts the changes of the survey."""
    done: int
    """The last change that its scores take into account."""
    ended_s: float
    """When they were made; 0 for never."""
    took_s: float


class Scorings:
    """The scorings of one town."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def of(self, survey: str) -> Scoring:
        """Return where a survey stands; one that was never changed stands at 0."""
        query = select(scorings).where(scorings.c.survey == survey)
        with self._engine.connect() as db:
            row = db.execute(query).first()
        return Scoring(*row) if row else Scoring(survey, 0, 0, 0.0, 0.0)

    def outstanding(self) -> tuple[Scoring, ...]:
        """Return the surveys whose scores leave something out."""
        query = select(scorings).where(scorings.c.wanted > scorings.c.done)
        with self._engine.connect() as db:
            return tuple(Scoring(*row) for row in db.execute(query.order_by(scorings.c.survey)))

    def joined(self, scoring: Scoring) -> tuple[DriveKey, ...] | None:
        """Return the drives whose coming is all that the scores leave out; None if it is more."""
        drives = survey_drives.c
        query = (
            select(drives.change, drives.drive_id, drives.settings_sha256)
            .where(
                drives.survey == scoring.survey,
                drives.change.between(scoring.done + 1, scoring.wanted),
            )
            .order_by(drives.drive_id)
        )
        with self._engine.connect() as db:
            found = db.execute(query).all()
        if {change for change, *_ in found} != {*range(scoring.done + 1, scoring.wanted + 1)}:
            return None
        return tuple(DriveKey(*key) for _, *key in found)

    def follow(self, survey: str, followed: RescoreDelta) -> bool:
        """Let some lanes follow what changed since a survey's scoring; tell whether they do."""
        with self._engine.begin() as db:
            return follow_some(db, survey, followed)

    def mark_done(self, survey: str, change: int, took_s: float) -> None:
        """Remember that the scores on show take a change into account, and all before it."""
        this = (scorings.c.survey == survey) & (scorings.c.done <= change)
        values = {"done": change, "ended_s": self._clock(), "took_s": took_s}
        with self._engine.begin() as db:
            db.execute(update(scorings).where(this).values(values))


def make_scoring(engine: Engine, survey: str) -> None:
    """Have a row for a survey, so that whoever changes it has something to hold on to."""
    row = {"survey": survey, "wanted": 0, "done": 0, "ended_s": 0.0, "took_s": 0.0}
    try:
        with engine.begin() as db:
            db.execute(insert(scorings), row)
    except IntegrityError:
        return


def want_scoring(db: Connection, survey: str) -> int:
    """Ask for a scoring in the transaction that changes a survey, and return the change's number.

    Written before anything is read, the row lets one change of a survey at a time go on.
    """
    this = scorings.c.survey == survey
    one_more = update(scorings).where(this).values(wanted=scorings.c.wanted + 1)
    return int(db.execute(one_more.returning(scorings.c.wanted)).scalar_one())


def settled_at(db: Connection, survey: str) -> int | None:
    """Return the last change of a survey if its scores leave nothing out, else None."""
    this = (scorings.c.survey == survey) & (scorings.c.wanted == scorings.c.done)
    return db.scalar(select(scorings.c.done).where(this))


def follow(db: Connection, survey: str, followed: RescoreDelta) -> bool:
    """Let scores and layers follow the change that the transaction makes; tell whether they do.

    They do not where something else changed the survey meanwhile: then it is scored as a whole.
    """
    ours = (
        (scorings.c.survey == survey)
        & (scorings.c.done == followed.change)
        & (scorings.c.wanted == followed.change + 1)
    )
    edition = served_edition(db, survey)
    if edition is None or db.execute(select(scorings.c.survey).where(ours)).first() is None:
        return False
    _write(db, survey, edition, followed)
    db.execute(update(scorings).where(ours).values(done=scorings.c.wanted))
    return True


def follow_some(db: Connection, survey: str, followed: RescoreDelta) -> bool:
    """Let some lanes follow drives that came, the rest to come; tell whether they do.

    They do not where the survey was scored meanwhile or has no layers on show.
    """
    ours = (scorings.c.survey == survey) & (scorings.c.done == followed.change)
    # written before anything is read, the row lets one change of a survey at a time go on
    held = db.execute(update(scorings).where(ours).values(done=scorings.c.done)).rowcount
    edition = served_edition(db, survey)
    if not held or edition is None:
        return False
    _write(db, survey, edition, followed)
    drives, own = tables.drives.c, tables.survey_drives.c
    latest = (
        select(func.max(drives.ended_s))
        .join(
            tables.survey_drives,
            (drives.drive_id == own.drive_id) & (drives.settings_sha256 == own.settings_sha256),
        )
        .where(own.survey == survey)
    )
    this = editions.c.edition == edition
    db.execute(update(editions).where(this).values(latest_s=latest.scalar_subquery()))
    return True


def _write(db: Connection, survey: str, edition: int, followed: RescoreDelta) -> None:
    _put_results(db, survey, followed)
    _put_damages(db, survey, followed)
    patch_layers(db, edition, followed.layers)


def _put_results(db: Connection, survey: str, followed: RescoreDelta) -> None:
    table = tables.results
    this = (table.c.survey == survey) & (table.c.segment_id == bindparam("at"))
    new = [
        {"at": result.segment_id, "new": rows.plain(result, rows.RESULT)}
        for result in followed.results
    ]
    if new:
        db.execute(update(table).where(this).values(result=bindparam("new")), new)


def _put_damages(db: Connection, survey: str, followed: RescoreDelta) -> None:
    table = tables.damages
    own = table.c.survey == survey
    for old in (*followed.gone, *followed.damages):
        this = (table.c.segment_id == old.segment_id) & (table.c.damage_id == old.damage_id)
        db.execute(delete(table).where(own & this))
    last = db.scalar(select(func.max(table.c.number)).where(own))
    first = 0 if last is None else last + 1
    new = [damage_row(survey, first + k, damage) for k, damage in enumerate(followed.damages)]
    if new:
        db.execute(insert(table), new)
