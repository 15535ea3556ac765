"""Converts records of the model to rows and back."""

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from pydantic import TypeAdapter

from roadscan.model.arrays import Floats
from roadscan.model.damage import Damage, LaneGrid, Observation
from roadscan.model.drive import ClockFit, Drive, RejectedBox, VideoInfo
from roadscan.model.frame import ASSUMED, Camera
from roadscan.model.hit_rate import HitRate
from roadscan.model.review import BoxKey, ReviewedObservation
from roadscan.model.road import (
    Direction,
    Link,
    LinkKind,
    RegisterEntry,
    RoadClass,
    Segment,
    Surface,
    Vehicle,
)
from roadscan.model.score import SegmentResult

VIDEO = TypeAdapter(VideoInfo)
CLOCK = TypeAdapter(ClockFit)
CAMERA = TypeAdapter(Camera)
REGISTER = TypeAdapter(RegisterEntry)
SEGMENT = TypeAdapter(Segment)
RESULT = TypeAdapter(SegmentResult)
DAMAGE = TypeAdapter(Damage)
HIT_RATES = TypeAdapter(dict[str, HitRate])

Row = dict[str, Any]
"""A row being written or read; used nowhere else."""

_OBSERVATION = (
    "frame_t_s", "kind", "confidence", "from_offset_m", "to_offset_m",
    "left_min_m", "left_max_m", "accuracy_m", "box_number", "link_id", "pass_number",
)  # fmt: skip


def link_row(link: Link, number: int) -> Row:
    """Return the row of a link; its geometry as WKB in the network's CRS."""
    return {
        "number": number,
        "link_id": link.link_id,
        "street": link.street,
        "street_key": link.street_key,
        "road_class": link.road_class.value,
        "surface": link.surface.value,
        "lane_width_m": link.lane_width_m,
        "lane_width_source": link.lane_width_source,
        "forward": link.forward,
        "backward": link.backward,
        "outside_town": link.outside_town,
        "level": link.level,
        "kind": link.kind.value,
        "contraflow": link.contraflow,
        "register": REGISTER.dump_python(link.register, mode="json"),
        "junctions": link.junctions,
        "geometry_wkb": line_wkb(link.xy_m),
    }


def link_of(row: Row) -> Link:
    """Return the link of a row."""
    plain = (
        "link_id", "street", "street_key", "lane_width_m", "lane_width_source",
        "forward", "backward", "outside_town", "level", "contraflow",
    )  # fmt: skip
    return Link(
        **{name: row[name] for name in plain},
        road_class=RoadClass(row["road_class"]),
        surface=Surface(row["surface"]),
        kind=LinkKind(row["kind"]),
        register=REGISTER.validate_python(row["register"] or {}),
        junctions=tuple((at_m, names) for at_m, names in row["junctions"] or ()),
        xy_m=line_of(row["geometry_wkb"]),
    )


def drive_row(drive: Drive) -> Row:
    """Return the row of a drive."""
    plain = (
        "drive_id", "settings_sha256", "survey", "started_s", "ended_s", "length_m",
        "track_name", "track_sha256", "model_name", "model_sha256",
    )  # fmt: skip
    return {name: getattr(drive, name) for name in plain} | {
        "video": VIDEO.dump_python(drive.video, mode="json"),
        "clock": CLOCK.dump_python(drive.clock, mode="json"),
        "camera": CAMERA.dump_python(drive.camera, mode="json"),
        "path_wkb": lines_wkb(drive.path_m),
        "vehicle": drive.vehicle.value,
    }


def camera_of(stored: Row) -> Camera:
    """Return a camera; one stored before it was kept how it is known had a file, or this name."""
    camera = CAMERA.validate_python(stored)
    if "known" not in stored and camera.name == "default":
        return replace(camera, known=ASSUMED)
    return camera


def drive_of(row: Row) -> Drive:
    """Return the drive of a row."""
    nested: Row = {
        "video": VIDEO.validate_python(row["video"]),
        "clock": CLOCK.validate_python(row["clock"]),
        "camera": camera_of(row["camera"]),
        "vehicle": Vehicle(row["vehicle"]),
    }
    plain: Row = {k: value for k, value in row.items() if k not in {*nested, "path_wkb"}}
    return Drive(**plain, **nested, path_m=lines_of(row["path_wkb"]))


def observation_row(observation: Observation) -> Row:
    """Return the row of an observation."""
    return {
        **{name: getattr(observation, name) for name in _OBSERVATION},
        "direction": observation.direction.value,
        **_box_row(observation.box_xyxy),
    }


def observation_of(row: Row) -> Observation:
    """Return the observation of a row."""
    return Observation(
        **{name: row[name] for name in _OBSERVATION},
        direction=Direction(row["direction"]),
        box_xyxy=(row["x1"], row["y1"], row["x2"], row["y2"]),
    )


def sighting_of(row: Row) -> ReviewedObservation:
    """Return the observation of a row with the box that it was made from."""
    seen = observation_of(row)
    return ReviewedObservation(
        BoxKey(row["drive_id"], seen.frame_t_s, seen.kind, seen.box_xyxy), seen
    )


def rejected_row(box: RejectedBox) -> Row:
    """Return the row of a detection that is no observation."""
    return {
        "frame_t_s": box.frame_t_s,
        "kind": box.kind,
        "confidence": box.confidence,
        "reason": box.reason.value,
        **_box_row(box.box_xyxy),
    }


def grid_bytes(grid: LaneGrid) -> bytes:
    """Return views and hits of a lane, compressed to a tenth, as they are mostly zeros."""
    packed = io.BytesIO()
    arrays = {f"hits {kind}": hits for kind, hits in grid.hits.items()}
    np.savez_compressed(
        packed,
        allow_pickle=False,
        views=grid.views,
        last_seen_s=grid.last_seen_s,
        accuracy_m=grid.accuracy_m,
        **arrays,
    )
    return packed.getvalue()


def grid_of(row: Row) -> LaneGrid:
    """Return the lane of a row."""
    with np.load(io.BytesIO(row["cells"]), allow_pickle=False) as arrays:
        return LaneGrid(
            row["link_id"],
            Direction(row["direction"]),
            arrays["views"],
            {
                name.removeprefix("hits "): arrays[name]
                for name in arrays.files
                if name.startswith("hits ")
            },
            arrays["last_seen_s"],
            arrays["accuracy_m"],
            row["pass_number"],
        )


def line_wkb(xy_m: Floats) -> bytes:
    """Return a line as WKB."""
    return bytes(shapely.to_wkb(shapely.LineString(xy_m)))


def line_of(wkb: bytes) -> Floats:
    """Return the vertices of a line."""
    return shapely.get_coordinates(shapely.from_wkb(wkb))


def lines_wkb(lines: tuple[Floats, ...]) -> bytes:
    """Return lines of at least two points as WKB, which is empty if there are none."""
    return bytes(shapely.to_wkb(shapely.MultiLineString(list(lines))))


def lines_of(wkb: bytes) -> tuple[Floats, ...]:
    """Return the vertices of lines, line by line."""
    return tuple(map(shapely.get_coordinates, shapely.get_parts(shapely.from_wkb(wkb))))


def plain(value: Any, adapter: TypeAdapter[Any]) -> Any:
    """Return a record as plain values for a JSON column."""
    return json.loads(adapter.dump_json(value))


def _box_row(box: tuple[float, float, float, float]) -> Row:
    return dict(zip(("x1", "y1", "x2", "y2"), box, strict=True))
