"""Rescoring: which surveys need new scores, and partial updates of scores and layers.

Every change to what a survey consists of increments its `requested` counter in the transaction
that makes the change; a finished scoring records the last change it included. No request is lost,
and drives that arrive while a survey is being scored are scored together afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.model.damage import Damage
from roadscan.model.score import SegmentResult
from roadscan.model.survey import DriveKey
from roadscan.store.layers.feature_tables import editions
from roadscan.store.layers.patch import LayerPatch, patch_layers, served_edition
from roadscan.store.statements import of_survey
from roadscan.store.surveys.results import update_results
from roadscan.store.tables import drives, scorings, survey_drives


@dataclass(frozen=True, slots=True)
class RescoreDelta:
    """The scores, damages and features of a survey that a change replaces."""

    change: int
    """The last change that the survey's scores included before."""
    results: tuple[SegmentResult, ...]
    removed: tuple[Damage, ...]
    damages: tuple[Damage, ...]
    """New and changed ones."""
    layers: Mapping[str, LayerPatch]


@dataclass(frozen=True, slots=True)
class ScoringStatus:
    """The state of a survey's scores relative to its changes."""

    survey: str
    requested: int
    """Number of the survey's last change."""
    done: int
    """The last change that the scores include."""
    ended_s: float
    """End of the last scoring; 0 before the first."""
    took_s: float


class Scorings:
    """The scoring status of all surveys."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def status(self, survey: str) -> ScoringStatus:
        """Return the status of a survey; all zeros if it was never changed."""
        query = select(scorings).where(scorings.c.survey == survey)
        with self._engine.connect() as db:
            row = db.execute(query).first()
        return ScoringStatus(*row) if row else ScoringStatus(survey, 0, 0, 0.0, 0.0)

    def outstanding(self) -> tuple[ScoringStatus, ...]:
        """Return the surveys whose scores are out of date, by name."""
        query = select(scorings).where(scorings.c.wanted > scorings.c.done)
        with self._engine.connect() as db:
            return tuple(
                ScoringStatus(*row) for row in db.execute(query.order_by(scorings.c.survey))
            )

    def drives_joined(self, status: ScoringStatus) -> tuple[DriveKey, ...] | None:
        """Return the drives whose joining is the only outstanding change; None if others are."""
        own = survey_drives.c
        query = (
            select(own.change, own.drive_id, own.settings_sha256)
            .where(
                own.survey == status.survey,
                own.change.between(status.done + 1, status.requested),
            )
            .order_by(own.drive_id)
        )
        with self._engine.connect() as db:
            found = db.execute(query).all()
        if {change for change, *_ in found} != {*range(status.done + 1, status.requested + 1)}:
            return None
        return tuple(DriveKey(*key) for _, *key in found)

    def apply_delta(self, survey: str, delta: RescoreDelta) -> bool:
        """Update some lanes of a survey; the scoring counts as done only after `mark_done`.

        Returns False, and writes nothing, if the survey was scored meanwhile or has no layers.
        """
        unchanged = (scorings.c.survey == survey) & (scorings.c.done == delta.change)
        with self._engine.begin() as db:
            # write the row first: that locks it, so changes of a survey run one after another
            lock = update(scorings).where(unchanged).values(done=scorings.c.done)
            locked = db.execute(lock).rowcount
            edition = served_edition(db, survey)
            if not locked or edition is None:
                return False
            _apply(db, survey, edition, delta)
            _update_latest(db, survey, edition)
        return True

    def mark_done(self, survey: str, change: int, took_s: float) -> None:
        """Record that the scores include a change and all before it."""
        this = (scorings.c.survey == survey) & (scorings.c.done <= change)
        values = {"done": change, "ended_s": self._clock(), "took_s": took_s}
        with self._engine.begin() as db:
            db.execute(update(scorings).where(this).values(values))


def ensure_scoring(engine: Engine, survey: str) -> None:
    """Create a survey's row, so that a transaction that changes the survey can lock it."""
    row = {"survey": survey, "wanted": 0, "done": 0, "ended_s": 0.0, "took_s": 0.0}
    try:
        with engine.begin() as db:
            db.execute(insert(scorings), row)
    except IntegrityError:
        return


def request_scoring(db: Connection, survey: str) -> int:
    """Request a scoring in the transaction that changes a survey; return the change's number.

    Call it before reading anything: it locks the row, so changes of a survey run one at a time.
    """
    this = scorings.c.survey == survey
    one_more = update(scorings).where(this).values(wanted=scorings.c.wanted + 1)
    return int(db.execute(one_more.returning(scorings.c.wanted)).scalar_one())


def up_to_date_change(db: Connection, survey: str) -> int | None:
    """Return the last change of a survey if its scores are up to date, else None."""
    this = (scorings.c.survey == survey) & (scorings.c.wanted == scorings.c.done)
    return db.scalar(select(scorings.c.done).where(this))


def apply_review_delta(db: Connection, survey: str, delta: RescoreDelta) -> bool:
    """Update scores and layers in the transaction of the review that changes them.

    Returns False, and writes nothing, if something else changed the survey in the meantime; the
    whole survey then has to be scored.
    """
    only_ours = (
        (scorings.c.survey == survey)
        & (scorings.c.done == delta.change)
        & (scorings.c.wanted == delta.change + 1)
    )
    edition = served_edition(db, survey)
    if edition is None or db.execute(select(scorings.c.survey).where(only_ours)).first() is None:
        return False
    _apply(db, survey, edition, delta)
    db.execute(update(scorings).where(only_ours).values(done=scorings.c.wanted))
    return True


def _apply(db: Connection, survey: str, edition: int, delta: RescoreDelta) -> None:
    update_results(db, survey, delta.results, delta.removed, delta.damages)
    patch_layers(db, edition, delta.layers)


def _update_latest(db: Connection, survey: str, edition: int) -> None:
    """Set the end of the survey's last drive, by which the newest survey is found."""
    latest = of_survey(select(func.max(drives.c.ended_s)), drives, survey)
    this = editions.c.edition == edition
    db.execute(update(editions).where(this).values(latest_s=latest.scalar_subquery()))
