"""Inputs for matching drives to another network: their fixes, and the content of each frame."""

import io
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, select

from roadscan.model.drive import ChunkResult, Drive, FrameDetections, RematchInputs, UnusableFrame
from roadscan.model.frame import Boxes, FrameRejection
from roadscan.model.survey import DriveKey
from roadscan.model.track import FIX_FIELDS, Track
from roadscan.store.statements import drive_key, replace_rows
from roadscan.store.tables import found_frames, traces


class StoredRematchInputs:
    """The rematch inputs of all drives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def has(self, key: DriveKey) -> bool:
        """Return whether a drive has inputs: early versions of roadscan did not store them."""
        query = select(traces.c.drive_id).filter_by(**drive_key(key))
        with self._engine.connect() as db:
            return db.execute(query).first() is not None

    def of(self, key: DriveKey) -> RematchInputs | None:
        """Return the inputs of a drive; None without any."""
        query = select(traces).filter_by(**drive_key(key))
        with self._engine.connect() as db:
            row = db.execute(query).first()
        if row is None:
            return None
        arrays = _unpacked(row.fixes)
        warnings = tuple(map(str, arrays.get("warnings", ())))
        fixes = {name: arrays[name] for name in FIX_FIELDS}
        track = Track(**fixes, format=row.format, warnings=warnings)
        return RematchInputs(track, row.every_m, row.pictures)

    def chunks(self, key: DriveKey) -> tuple[int, ...]:
        """Return the numbers of the chunks of a drive whose frames are known, in order."""
        number = found_frames.c.number
        query = select(number).filter_by(**drive_key(key)).order_by(number)
        with self._engine.connect() as db:
            return tuple(db.scalars(query))

    def frames(self, key: DriveKey, number: int) -> tuple[FrameDetections | UnusableFrame, ...]:
        """Return what each planned frame of a chunk showed, in order of time."""
        query = select(found_frames.c.frames).filter_by(**drive_key(key), number=number)
        with self._engine.connect() as db:
            return _frames(_unpacked(db.execute(query).scalar_one()))


def put_rematch_inputs(db: Connection, drive: Drive, inputs: RematchInputs) -> None:
    """Write the inputs of a drive in place of earlier ones."""
    key = drive_key(DriveKey(drive.drive_id, drive.settings_sha256))
    track = inputs.track
    fixes = {name: getattr(track, name) for name in FIX_FIELDS}
    row = {
        "every_m": inputs.every_m,
        "pictures": inputs.pictures,
        "format": track.format,
        "fixes": _packed(fixes | {"warnings": np.array(track.warnings, np.str_)}),
    }
    replace_rows(db, traces, key, [key | row])


def put_frames(db: Connection, result: ChunkResult, key: dict[str, Any]) -> None:
    """Write the frames of a chunk in place of those of an earlier attempt."""
    new = [key | {"frames": _packed(_arrays(result.frames_found))}] if result.frames_found else []
    replace_rows(db, found_frames, key, new)


def _arrays(frames: tuple[FrameDetections | UnusableFrame, ...]) -> dict[str, Any]:
    """Return frames as arrays: of all frames, of all boxes, of all traffic; exact to the bit."""
    lost = [one.reason.value if isinstance(one, UnusableFrame) else "" for one in frames]
    seen = [(k, one) for k, one in enumerate(frames) if isinstance(one, FrameDetections)]
    none = np.empty((0, 4))
    return {
        "t_s": np.array([one.video_t_s for one in frames]),
        "lost": np.array(lost, np.str_),
        "box_of": np.array([k for k, one in seen for _ in one.boxes.kind], np.int64),
        "xyxy": np.concatenate([none, *(one.boxes.xyxy for _, one in seen)]),
        "confidence": np.concatenate([none[:, 0], *(one.boxes.confidence for _, one in seen)]),
        "kind": np.array([kind for _, one in seen for kind in one.boxes.kind], np.str_),
        "traffic_of": np.array([k for k, one in seen for _ in one.traffic_xyxy], np.int64),
        "traffic": np.concatenate([none, *(one.traffic_xyxy for _, one in seen)]),
    }


def _frames(arrays: dict[str, Any]) -> tuple[FrameDetections | UnusableFrame, ...]:
    frames: list[FrameDetections | UnusableFrame] = []
    for k, (t_s, lost) in enumerate(zip(arrays["t_s"].tolist(), arrays["lost"], strict=True)):
        if lost:
            frames.append(UnusableFrame(t_s, FrameRejection(str(lost))))
            continue
        own = arrays["box_of"] == k
        kinds = tuple(map(str, arrays["kind"][own]))
        boxes = Boxes(arrays["xyxy"][own], arrays["confidence"][own], kinds)
        frames.append(FrameDetections(t_s, boxes, arrays["traffic"][arrays["traffic_of"] == k]))
    return tuple(frames)


def _packed(arrays: dict[str, Any]) -> bytes:
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def _unpacked(packed: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return dict(arrays)
