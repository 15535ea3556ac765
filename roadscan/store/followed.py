"""What follows from a change of some lanes: new results, damages and features, written together.

A decision is written with what follows from it; drives that came are followed lane by lane.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from roadscan.model.damage import Damage
from roadscan.model.score import SegmentResult
from roadscan.store import rows, tables
from roadscan.store.assessments import damage_row
from roadscan.store.feature_patches import LayerPatch, patch_layers, served_edition
from roadscan.store.feature_tables import editions
from roadscan.store.job_tables import scorings


@dataclass(frozen=True, slots=True)
class Followed:
    """What a change makes other in a survey."""

    change: int
    """The last change of the survey that its scores took into account before."""
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
    _write(db, survey, edition, followed)
    db.execute(update(scorings).where(ours).values(done=scorings.c.wanted))
    return True


def follow_some(db: Connection, survey: str, followed: Followed) -> bool:
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


def _write(db: Connection, survey: str, edition: int, followed: Followed) -> None:
    _put_results(db, survey, followed)
    _put_damages(db, survey, followed)
    patch_layers(db, edition, followed.layers)


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
    new = [damage_row(survey, first + k, damage) for k, damage in enumerate(followed.damages)]
    if new:
        db.execute(insert(table), new)
