"""Stored pictures, and the areas of which no picture may be stored.

A chunk's pictures are written in the transaction of the chunk.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Engine, Row, Select, and_, delete, exists, func, select

from roadscan.model.arrays import Floats
from roadscan.model.damage import Observation
from roadscan.model.drive import ChunkResult
from roadscan.model.road import Direction
from roadscan.model.stored_picture import (
    LanePicture,
    ObjectionMask,
    Picture,
    PictureRefusal,
    PictureView,
    StoredPicture,
)
from roadscan.store import tables
from roadscan.store.statements import insert_rows, of_survey, replace_rows, same_drive
from roadscan.store.surveys import rows

_KEY = ("drive_id", "settings_sha256", "number", "frame_t_s")
_PICTURE = select(
    *(tables.pictures.c[name] for name in ("jpeg", "view", "width", "height", "scale"))
)


class Pictures:
    """The pictures of one town."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def has(self, survey: str, observation: Observation) -> bool:
        """Return whether the frame of an observation has a picture."""
        query = _showing(select(tables.pictures.c.drive_id), survey, observation)
        with self._engine.connect() as db:
            return db.execute(query).first() is not None

    def of(self, survey: str, observation: Observation) -> Picture | None:
        """Return the picture of an observation's frame; None without one."""
        with self._engine.connect() as db:
            return _picture(db.execute(_showing(_PICTURE, survey, observation)).first())

    def of_frame(self, survey: str, drive_id: str, frame_t_s: float) -> Picture | None:
        """Return the picture of a frame of a drive; None without one."""
        stored = tables.pictures
        query = of_survey(_PICTURE, stored, survey)
        this = (stored.c.drive_id == drive_id) & (stored.c.frame_t_s == frame_t_s)
        with self._engine.connect() as db:
            return _picture(db.execute(query.where(this)).first())

    def of_chunk(
        self, drive_id: str, settings_sha256: str, number: int
    ) -> tuple[tuple[StoredPicture, ...], dict[PictureRefusal, int]]:
        """Return the pictures of a chunk by time, and the number of refused ones by reason."""
        key = {"drive_id": drive_id, "settings_sha256": settings_sha256, "number": number}
        stored, refused = tables.pictures, tables.refused_pictures
        with self._engine.connect() as db:
            found = db.execute(select(stored).filter_by(**key).order_by(stored.c.frame_t_s))
            pictures = tuple(map(_stored_picture, found))
            reasons = db.execute(select(refused).filter_by(**key).order_by(refused.c.reason))
            return pictures, {PictureRefusal(row.reason): int(row[-1]) for row in reasons}

    def on_lane(self, survey: str, link_id: str, direction: Direction) -> tuple[LanePicture, ...]:
        """Return the pictures taken on one lane, in order of time, without their pixels.

        Each covers the rows of the lane that no later frame of its pass and chunk shows.
        """
        stored, grids, drives = tables.pictures, tables.grids, tables.drives
        this = (grids.c.link_id == link_id) & (grids.c.direction == direction.value)
        lanes = of_survey(select(grids), grids, survey).where(this & grids.c.usable)
        shown = of_survey(
            select(
                *(stored.c[name] for name in (*_KEY, "width", "height")),
                drives.c.camera,
                drives.c.video,
            ),
            stored,
            survey,
        )
        shown = shown.join(drives, same_drive(stored, drives))
        of_its_chunk = (stored.c[name] == grids.c[name] for name in _KEY[:3])
        shown = shown.where(exists().where(this & grids.c.usable, *of_its_chunk))
        shown = shown.order_by(stored.c.frame_t_s, stored.c.drive_id)
        with self._engine.connect() as db:
            last_seen_s: dict[tuple[str, int], list[Floats]] = defaultdict(list)
            for lane in db.execute(lanes).mappings():
                seen_s = rows.grid_of(dict(lane)).last_seen_s
                last_seen_s[lane["drive_id"], lane["number"]].append(seen_s)
            found = db.execute(shown).all()
        pictures = []
        for row in found:
            passes = last_seen_s[row.drive_id, row.number]
            own = np.flatnonzero(np.any([seen_s == row.frame_t_s for seen_s in passes], axis=0))
            if len(own):
                pictures.append(_lane_picture(row, int(own[0]), int(own[-1]) + 1))
        return tuple(pictures)

    def count(self, survey: str) -> int:
        """Return the number of pictures of a survey's drives."""
        with self._engine.connect() as db:
            query = of_survey(select(func.count()), tables.pictures, survey)
            return int(db.scalar(query) or 0)

    def refused(self, survey: str) -> dict[PictureRefusal, int]:
        """Return the number of pictures that were refused in a survey, by reason."""
        table = tables.refused_pictures
        query = of_survey(select(table.c.reason, func.sum(table.c["count"])), table, survey)
        with self._engine.connect() as db:
            found = db.execute(query.group_by(table.c.reason).order_by(table.c.reason))
            return {PictureRefusal(reason): int(count) for reason, count in found}

    def put_objections(self, masks: Iterable[ObjectionMask]) -> int:
        """Add areas of which no picture may be stored; return how many are new."""
        table = tables.objections
        with self._engine.begin() as db:
            known = set(db.scalars(select(table.c.mask_id)))
            new = {mask.mask_id: mask for mask in masks if mask.mask_id not in known}
            rows = [
                {"mask_id": mask.mask_id, "name": mask.name, "outline_wkb": mask.outline_wkb}
                for mask in new.values()
            ]
            insert_rows(db, table, rows)
        return len(rows)

    def objections(self) -> tuple[ObjectionMask, ...]:
        """Return the areas of which no picture may be stored, by id."""
        table = tables.objections
        with self._engine.connect() as db:
            found = db.execute(select(table).order_by(table.c.mask_id))
            return tuple(ObjectionMask(row.mask_id, row.name, row.outline_wkb) for row in found)

    def remove_within(self, areas: shapely.Geometry) -> int:
        """Remove every picture that shows ground within the areas (WGS84); return how many."""
        table = tables.pictures
        shapely.prepare(areas)
        removed = 0
        with self._engine.begin() as db:
            found = db.execute(select(*(table.c[name] for name in (*_KEY, "footprint_wkb")))).all()
            for *key, wkb in found:
                if shapely.intersects(areas, shapely.from_wkb(wkb)):
                    named = dict(zip(_KEY, key, strict=True))
                    removed += db.execute(delete(table).filter_by(**named)).rowcount
        return removed


def put_pictures(db: Connection, result: ChunkResult, key: dict[str, Any]) -> None:
    """Write the pictures of a chunk in place of those of an earlier attempt."""
    stored = [
        key
        | {
            "frame_t_s": one.frame_t_s,
            "view": one.picture.view.value,
            "width": one.picture.width,
            "height": one.picture.height,
            "scale": one.picture.scale,
            "footprint_wkb": shapely.to_wkb(shapely.Polygon(one.footprint_lonlat)),
            "jpeg": one.picture.jpeg,
        }
        for one in result.pictures
    ]
    refused = [
        key | {"reason": reason.value, "count": count}
        for reason, count in sorted(result.refused_pictures.items())
    ]
    replace_rows(db, tables.pictures, key, stored)
    replace_rows(db, tables.refused_pictures, key, refused)


def _showing(query: Select[Any], survey: str, observation: Observation) -> Select[Any]:
    """Select by the box alone, whatever kind of damage a reviewer called it."""
    stored, seen, drives = tables.pictures, tables.observations, tables.survey_drives
    x1, y1, x2, y2 = observation.box_xyxy
    return (
        query.join(seen, and_(*(stored.c[name] == seen.c[name] for name in _KEY)))
        .join(drives, same_drive(stored, drives))
        .where(
            drives.c.survey == survey,
            stored.c.frame_t_s == observation.frame_t_s,
            seen.c.x1 == x1,
            seen.c.y1 == y1,
            seen.c.x2 == x2,
            seen.c.y2 == y2,
        )
        .order_by(stored.c.drive_id)
    )


def _picture(row: Row[Any] | None) -> Picture | None:
    if row is None:
        return None
    return Picture(row.jpeg, PictureView(row.view), row.width, row.height, row.scale)


def _stored_picture(row: Row[Any]) -> StoredPicture:
    picture = Picture(row.jpeg, PictureView(row.view), row.width, row.height, row.scale)
    footprint = shapely.get_coordinates(shapely.from_wkb(row.footprint_wkb))
    return StoredPicture(row.frame_t_s, picture, footprint)


def _lane_picture(row: Row[Any], from_row: int, to_row: int) -> LanePicture:
    video = rows.VIDEO.validate_python(row.video)
    return LanePicture(
        row.drive_id,
        row.frame_t_s,
        from_row,
        to_row,
        rows.camera_of(row.camera),
        video.width,
        video.height,
        row.width,
        row.height,
    )
