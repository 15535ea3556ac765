"""What follows from a decision, written in its own transaction: new results, damages, features."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from roadscan.model.damage import Damage
from roadscan.model.score import SegmentResult
from roadscan.store import rows, tables
from roadscan.store.feature_patches import LayerPatch, patch_layers, served_edition
from roadscan.store.job_tables import scorings


@dataclass(frozen=True, slots=True)
class Followed:
    """What a decision changes in a survey whose scores leave nothing else out."""

    change: int
    """The last change of the survey that was taken into account."""
    results: tuple[SegmentResult, ...]
    gone: tuple[Damage, ...]
    damages: tuple[Damage, ...]
    """Those that are new, or are not what they were."""
    layers: Mapping[str, LayerPatch]


def settled_at(db: Connection, survey: str) -> int | None:
    """Return the last change of a survey if its scores leave nothing out, else None."""
    this = (scorings.c.survey == survey) & (scorings.c.wanted == scorings.c.done)
    return db.scalar(select(scorings.c.done).where(this))


def follow(db: Connection, survey: str, followed: Followed) -> bool:
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
    _put_results(db, survey, followed)
    _put_damages(db, survey, followed)
    patch_layers(db, edition, followed.layers)
    db.execute(update(scorings).where(ours).values(done=scorings.c.wanted))
    return True


def _put_results(db: Connection, survey: str, followed: Followed) -> None:
    table = tables.results
    this = (table.c.survey == survey) & (table.c.segment_id == bindparam("at"))
    new = [
        {"at": result.segment_id, "new": rows.plain(result, rows.RESULT)}
        for result in followed.results
    ]
    if new:
        db.execute(update(table).where(this).values(result=bindparam("new")), new)


def _put_damages(db: Connection, survey: str, followed: Followed) -> None:
    table = tables.damages
    own = table.c.survey == survey
    for old in (*followed.gone, *followed.damages):
        this = (table.c.segment_id == old.segment_id) & (table.c.damage_id == old.damage_id)
        db.execute(delete(table).where(own & this))
    last = db.scalar(select(func.max(table.c.number)).where(own))
    first = 0 if last is None else last + 1
    new = [
        {
            "survey": survey,
            "number": first + k,
            "damage_id": damage.damage_id,
            "segment_id": damage.segment_id,
            "damage": rows.plain(damage, rows.DAMAGE),
        }
        for k, damage in enumerate(followed.damages)
    ]
    if new:
        db.execute(insert(table), new)
