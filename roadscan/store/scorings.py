"""Which surveys have to be scored, as the store itself knows it.

Whatever changes what a survey is made of raises what is wanted, in its own transaction; a scoring
that has ended says up to which change it counted. So nothing that was asked for can be lost, and
drives that come in while a survey is scored are scored together afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.model.survey import DriveKey
from roadscan.store.followed import Followed, follow_some
from roadscan.store.job_tables import scorings
from roadscan.store.tables import survey_drives


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

    def follow(self, survey: str, followed: Followed) -> bool:
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
