"""Writes the result of a chunk."""

from sqlalchemy import Connection

from roadscan.model.drive import ChunkResult
from roadscan.store import tables
from roadscan.store.statements import replace_rows
from roadscan.store.surveys import rows
from roadscan.store.surveys.pictures import put_pictures
from roadscan.store.surveys.rematch_inputs import put_frames


def put_chunk(db: Connection, result: ChunkResult, settings_sha256: str) -> None:
    """Write a chunk in place of an earlier attempt at it."""
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
    for table, new in (
        (tables.chunks, [head]),
        (tables.observations, [row | {"position": k} for k, row in enumerate(found)]),
        (tables.rejected_boxes, [row | {"position": k} for k, row in enumerate(refused)]),
        (tables.grids, lanes),
    ):
        replace_rows(db, table, key, [row | key for row in new])
    put_pictures(db, result, key)
    put_frames(db, result, key)
