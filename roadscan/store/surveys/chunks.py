"""Writes what a chunk gave, all of it in one transaction."""

from typing import Any

from sqlalchemy import Connection, Table, delete, insert

from roadscan.model.drive import ChunkResult
from roadscan.store import tables
from roadscan.store.surveys import rows
from roadscan.store.surveys.pictures import put_pictures
from roadscan.store.surveys.rematch_inputs import put_frames


def put_chunk(db: Connection, result: ChunkResult, settings_sha256: str) -> None:
    """Write a chunk in place of what an earlier try left."""
    key = {
        "drive_id": result.drive_id,
        "settings_sha256": settings_sha256,
        "number": result.number,
    }
    head = {
        "from_video_s": result.from_video_s,
        "to_video_s": result.to_video_s,
        "planned": result.frames.planned,
        "decoded": result.frames.decoded,
        "usable": result.frames.usable,
        "rejected": {reason.value: n for reason, n in sorted(result.frames.rejected.items())},
        "detections": result.detections,
        "observed": result.observed,
    }
    found = [rows.observation_row(o) for o in result.observations]
    refused = [rows.rejected_row(box) for box in result.rejections]
    lanes = [
        {
            "usable": usable,
            "link_id": grid.link_id,
            "direction": grid.direction.value,
            "pass_number": grid.pass_number,
            "cells": rows.grid_bytes(grid),
        }
        for usable, grids in ((True, result.grids), (False, result.unusable))
        for grid in grids
    ]
    for table in (tables.chunks, tables.observations, tables.rejected_boxes, tables.grids):
        db.execute(delete(table).filter_by(**key))
    db.execute(insert(tables.chunks), key | head)
    _insert(db, tables.observations, [r | key | {"position": k} for k, r in enumerate(found)])
    _insert(
        db,
        tables.rejected_boxes,
        [r | key | {"position": k} for k, r in enumerate(refused)],
    )
    _insert(db, tables.grids, [r | key for r in lanes])
    put_pictures(db, result, key)
    put_frames(db, result, key)


def _insert(db: Connection, table: Table, new: list[dict[str, Any]]) -> None:
    if new:
        db.execute(insert(table), new)
