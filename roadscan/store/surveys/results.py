"""Writes and reads the results of a survey: its segments' scores and its damages."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    select,
    true,
    update,
)

from roadscan.model.damage import Damage, position_on_network
from roadscan.model.score import SegmentResult
from roadscan.model.survey import Assessment, SurveyTotals
from roadscan.store import tables
from roadscan.store.statements import insert_rows, replace_rows
from roadscan.store.surveys import rows


def put_assessment(db: Connection, survey: str, assessment: Assessment) -> None:
    """Write the results of a survey in place of earlier ones."""
    key: dict[str, Any] = {"survey": survey}
    pairs = zip(assessment.segments, assessment.results, strict=True)
    scored = [
        key
        | {
            "number": k,
            "segment_id": segment.segment_id,
            "segment": rows.plain(segment, rows.SEGMENT),
            "result": rows.plain(result, rows.RESULT),
        }
        for k, (segment, result) in enumerate(pairs)
    ]
    damaged = [_damage_row(survey, k, damage) for k, damage in enumerate(assessment.damages)]
    for table, new in ((tables.results, scored), (tables.damages, damaged)):
        replace_rows(db, table, key, new)


def update_results(
    db: Connection,
    survey: str,
    results: Iterable[SegmentResult],
    removed: Iterable[Damage],
    damages: Sequence[Damage],
) -> None:
    """Replace the results of some segments and some damages; new damages are appended."""
    _update_scores(db, survey, results)
    table = tables.damages
    own = table.c.survey == survey
    for old in (*removed, *damages):
        this = (table.c.segment_id == old.segment_id) & (table.c.damage_id == old.damage_id)
        db.execute(delete(table).where(own & this))
    last = db.scalar(select(func.max(table.c.number)).where(own))
    first = 0 if last is None else last + 1
    new = [_damage_row(survey, first + k, damage) for k, damage in enumerate(damages)]
    insert_rows(db, table, new)


def _update_scores(db: Connection, survey: str, results: Iterable[SegmentResult]) -> None:
    table = tables.results
    this = (table.c.survey == survey) & (table.c.segment_id == bindparam("at"))
    new = [{"at": result.segment_id, "new": rows.plain(result, rows.RESULT)} for result in results]
    if new:
        db.execute(update(table).where(this).values(result=bindparam("new")), new)


def _damage_row(survey: str, number: int, damage: Damage) -> dict[str, Any]:
    """Return the row of a damage."""
    return {
        "survey": survey,
        "number": number,
        "damage_id": damage.damage_id,
        "segment_id": damage.segment_id,
        "damage": rows.plain(damage, rows.DAMAGE),
    }


def assessment_where(db: Connection, survey: str, which: ColumnElement[bool]) -> Assessment:
    """Return all damages of a survey, and the results of some of its segments."""
    table = tables.results.c
    query = select(table.segment, table.result).where(table.survey == survey, which)
    pairs = db.execute(query.order_by(table.number)).all()
    return Assessment(
        tuple(rows.SEGMENT.validate_python(segment) for segment, _ in pairs),
        tuple(rows.RESULT.validate_python(result) for _, result in pairs),
        damages_where(db, survey, true()),
    )


def damages_where(db: Connection, survey: str, which: ColumnElement[bool]) -> tuple[Damage, ...]:
    """Return some damages of a survey along the roads."""
    table = tables.damages.c
    made = db.scalars(select(table.damage).where(table.survey == survey, which))
    return tuple(sorted(map(rows.DAMAGE.validate_python, made), key=position_on_network))


def totals(db: Connection, survey: str) -> SurveyTotals:
    """Count the results of a survey."""
    results, damages = tables.results.c, tables.damages.c
    score = results.result["score"]["score"].as_float()
    segments = db.execute(
        select(func.count(), func.count(score)).where(results.survey == survey)
    ).one()
    found = db.scalar(select(func.count()).where(damages.survey == survey))
    return SurveyTotals(*segments, damages=found or 0)
