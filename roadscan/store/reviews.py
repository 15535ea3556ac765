"""The decisions of reviewers, append-only: an undo is a row of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, and_, exists, insert, or_, select

from roadscan.errors import RoadscanError
from roadscan.model.damage import Verdict
from roadscan.model.review import BoxKey, BoxVerdict, Decision, ReviewedDamage, Ruling
from roadscan.model.road import Direction, Lane, Segment
from roadscan.store import tables
from roadscan.store.rescoring import (
    RescoreDelta,
    apply_review_delta,
    ensure_scoring,
    request_scoring,
    up_to_date_change,
)
from roadscan.store.statements import of_survey
from roadscan.store.tables import review_boxes, review_decisions

UNDONE: Final = "undone"
"""Takes the place of a verdict in the row that undoes an earlier decision."""
_CORNERS: Final = ("x1", "y1", "x2", "y2")
_AT_ONCE: Final = 500


class Reviews:
    """The reviews of one town."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def decide(
        self, subject: ReviewedDamage, ruling: Ruling, delta: RescoreDelta | None = None
    ) -> Decision:
        """Store a ruling and request the scoring of every survey that it affects.

        With `delta`, the scores and layers of its own survey are updated in the same transaction.
        """
        surveys = self._ready_to_score({box.drive_id for box in subject.boxes})
        row = _row(subject, ruling.who, ruling.at_s) | {
            "verdict": ruling.verdict.value,
            "kind": ruling.kind,
            "reason": ruling.reason,
        }
        with self._engine.begin() as db:
            for survey in surveys:
                request_scoring(db, survey)
            new = insert(review_decisions).values(row).returning(review_decisions.c.number)
            number = int(db.execute(new).scalar_one())
            boxes = [_box_row(number, k, box) for k, box in enumerate(subject.boxes)]
            db.execute(insert(review_boxes), boxes)
            if delta:
                apply_review_delta(db, subject.survey, delta)
        return Decision(number, subject, ruling, undone=False)

    def undo(
        self, number: int, who: str, at_s: float, delta: RescoreDelta | None = None
    ) -> Decision:
        """Undo a decision; the earlier ones about its boxes apply again.

        Raises `review_unknown` if it does not exist or has already been undone.
        """
        found = self.decision(number)
        surveys = self._ready_to_score({box.drive_id for box in found.subject.boxes})
        row = _row(found.subject, who, at_s) | {
            "verdict": UNDONE,
            "kind": found.subject.kind,
            "reason": "",
            "undoes": number,
        }
        with self._engine.begin() as db:
            for survey in surveys:
                request_scoring(db, survey)
            if db.scalar(select(_is_undone(number))):
                raise _unknown(number)
            db.execute(insert(review_decisions), row)
            if delta:
                apply_review_delta(db, found.subject.survey, delta)
        return self.decision(number)

    def decision(self, number: int) -> Decision:
        """Return a decision; raises `review_unknown`."""
        with self._engine.connect() as db:
            found = _decisions(db, _verdicts().where(review_decisions.c.number == number))
        if not found:
            raise _unknown(number)
        return found[0]

    def of(self, survey: str) -> tuple[Decision, ...]:
        """Return all decisions of a survey, including undone ones, oldest first."""
        query = _verdicts().where(review_decisions.c.survey == survey)
        with self._engine.connect() as db:
            return _decisions(db, query.order_by(review_decisions.c.number))

    def up_to_date_change(self, survey: str) -> int | None:
        """Return the last change of a survey if its scores are up to date, else None."""
        ensure_scoring(self._engine, survey)
        with self._engine.connect() as db:
            return up_to_date_change(db, survey)

    def in_force(self, survey: str, without: int | None = None) -> dict[BoxKey, BoxVerdict]:
        """Return the verdicts in force on boxes of a survey's drives: the last one for each box.

        `without` leaves a decision out, as if it were undone.
        """
        boxes, drives = review_boxes, tables.survey_drives
        undoing = review_decisions.alias()
        query = (
            select(review_decisions.c.verdict, review_decisions.c.kind.label("called"), boxes)
            .join(boxes, boxes.c.decision == review_decisions.c.number)
            .join(drives, drives.c.drive_id == boxes.c.drive_id)
            .where(
                drives.c.survey == survey,
                review_decisions.c.verdict != UNDONE,
                ~exists().where(undoing.c.undoes == review_decisions.c.number),
            )
            .order_by(review_decisions.c.number)
        )
        if without is not None:
            query = query.where(review_decisions.c.number != without)
        with self._engine.connect() as db:
            return {
                _box_of(row): BoxVerdict(Verdict(row.verdict), row.called, row.decision)
                for row in db.execute(query)
            }

    def on_segment(self, survey: str, segment: Segment) -> tuple[Decision, ...]:
        """Return the decisions in force about what was found on a segment, oldest first."""
        seen, boxes = tables.observations.c, review_boxes.c
        same = [seen[name] == boxes[name] for name in ("drive_id", "frame_t_s", *_CORNERS)]
        found = of_survey(select(boxes.decision), tables.observations, survey)
        found = found.join(review_boxes, and_(*same)).where(
            seen.link_id == segment.link_id,
            seen.direction == segment.direction.value,
            seen.from_offset_m < segment.to_m,
            seen.to_offset_m > segment.from_m,
        )
        with self._engine.connect() as db:
            here = set(db.scalars(found.distinct()))
        here &= {verdict.decision for verdict in self.in_force(survey).values()} if here else set()
        query = _verdicts().where(review_decisions.c.number.in_(sorted(here)))
        with self._engine.connect() as db:
            return _decisions(db, query.order_by(review_decisions.c.number))

    def lanes(self, survey: str) -> frozenset[Lane]:
        """Return the lanes of a survey with reviewed boxes."""
        frames = select(review_boxes.c.drive_id, review_boxes.c.frame_t_s).distinct().subquery()
        seen = tables.observations
        this = (seen.c.drive_id == frames.c.drive_id) & (seen.c.frame_t_s == frames.c.frame_t_s)
        return self._lanes(survey, lambda query: query.join(frames, this))

    def lanes_of(self, survey: str, subject: ReviewedDamage) -> frozenset[Lane]:
        """Return the lanes of a survey that the boxes of a subject lie on."""
        seen = tables.observations
        this = or_(
            *(
                and_(
                    seen.c.drive_id == box.drive_id,
                    seen.c.frame_t_s == box.frame_t_s,
                    *(
                        seen.c[name] == value
                        for name, value in zip(_CORNERS, box.xyxy, strict=True)
                    ),
                )
                for box in subject.boxes
            )
        )
        return self._lanes(survey, lambda query: query.where(this))

    def beside(self, survey: str) -> dict[tuple[str, float], tuple[BoxKey, ...]]:
        """Return all boxes of the frames shown to reviewers, by drive and time."""
        seen = tables.observations
        shown = review_boxes.c.position == 0
        query = select(review_boxes.c.drive_id, review_boxes.c.frame_t_s).where(shown)
        frames = query.distinct().subquery()
        this = (seen.c.drive_id == frames.c.drive_id) & (seen.c.frame_t_s == frames.c.frame_t_s)
        boxes = (
            of_survey(select(seen), seen, survey)
            .join(frames, this)
            .order_by(seen.c.drive_id, seen.c.frame_t_s, seen.c.position)
        )
        found: dict[tuple[str, float], dict[BoxKey, None]] = defaultdict(dict)
        with self._engine.connect() as db:
            for row in db.execute(boxes):
                found[row.drive_id, row.frame_t_s][_box_of(row)] = None
        return {frame: tuple(boxes_) for frame, boxes_ in found.items()}

    def _lanes(
        self, survey: str, narrowed: Callable[[Select[Any]], Select[Any]]
    ) -> frozenset[Lane]:
        seen = tables.observations
        query = of_survey(select(seen.c.link_id, seen.c.direction), seen, survey)
        with self._engine.connect() as db:
            found = db.execute(narrowed(query).distinct())
            return frozenset((link, Direction(way)) for link, way in found)

    def _ready_to_score(self, drives: Iterable[str]) -> list[str]:
        """Return the surveys of some drives, sorted, so that transactions cannot deadlock."""
        table = tables.survey_drives
        query = select(table.c.survey).where(table.c.drive_id.in_(sorted(drives))).distinct()
        with self._engine.connect() as db:
            surveys = sorted(db.scalars(query))
        for survey in surveys:
            ensure_scoring(self._engine, survey)
        return surveys


def _verdicts() -> Select[Any]:
    undone = _is_undone(review_decisions.c.number).label("undone")
    return select(review_decisions, undone).where(review_decisions.c.verdict != UNDONE)


def _is_undone(number: Any) -> Any:
    undoing = review_decisions.alias()
    return exists().where(undoing.c.undoes == number)


def _decisions(db: Connection, query: Select[Any]) -> tuple[Decision, ...]:
    heads = db.execute(query).all()
    boxes: dict[int, list[BoxKey]] = defaultdict(list)
    numbers = [head.number for head in heads]
    for first in range(0, len(numbers), _AT_ONCE):
        some = review_boxes.c.decision.in_(numbers[first : first + _AT_ONCE])
        order = review_boxes.c.decision, review_boxes.c.position
        for row in db.execute(select(review_boxes).where(some).order_by(*order)):
            boxes[row.decision].append(_box_of(row))
    return tuple(
        Decision(
            head.number,
            ReviewedDamage(
                head.survey,
                head.damage_id,
                head.segment_id,
                head.kind_before,
                tuple(boxes[head.number]),
            ),
            Ruling(Verdict(head.verdict), head.kind, head.reason, head.who, head.at_s),
            bool(head.undone),
        )
        for head in heads
    )


def _row(subject: ReviewedDamage, who: str, at_s: float) -> dict[str, Any]:
    return {
        "at_s": at_s,
        "who": who,
        "survey": subject.survey,
        "damage_id": subject.damage_id,
        "segment_id": subject.segment_id,
        "kind_before": subject.kind,
    }


def _box_row(decision: int, position: int, box: BoxKey) -> dict[str, Any]:
    return {
        "decision": decision,
        "position": position,
        "drive_id": box.drive_id,
        "frame_t_s": box.frame_t_s,
        "kind": box.kind,
        **dict(zip(_CORNERS, box.xyxy, strict=True)),
    }


def _box_of(row: Any) -> BoxKey:
    return BoxKey(row.drive_id, row.frame_t_s, row.kind, (row.x1, row.y1, row.x2, row.y2))


def _unknown(number: int) -> RoadscanError:
    return RoadscanError(
        "review_unknown",
        f"there is no decision {number} to show or to undo",
        "Load the page again: somebody else may have undone it",
    )
