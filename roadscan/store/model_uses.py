"""Which models the results of the surveys were made with."""

from dataclasses import dataclass

from sqlalchemy import Engine, and_, func, select

from roadscan.store import tables


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that drives of a survey were looked at with."""

    survey: str
    model_name: str
    """With its version, and what ran it."""
    model_sha256: str
    drives: int


def model_uses(engine: Engine) -> tuple[ModelUse, ...]:
    """Return them by survey, then model; the drives are counted, no result is read."""
    drives, chosen = tables.drives.c, tables.survey_drives.c
    this = and_(
        drives.drive_id == chosen.drive_id, drives.settings_sha256 == chosen.settings_sha256
    )
    which = (chosen.survey, drives.model_name, drives.model_sha256)
    query = (
        select(*which, func.count())
        .select_from(tables.survey_drives)
        .join(tables.drives, this)
        .group_by(*which)
        .order_by(*which)
    )
    with engine.connect() as db:
        return tuple(ModelUse(*row) for row in db.execute(query))
