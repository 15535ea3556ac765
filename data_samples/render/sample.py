"""Writes the sample drive: video, track, network, truth, camera."""

import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from .boxes import box_of
from .damage import KINDS, Floats
from .drive import CONTAINER_START_S, TRACK_START, VIDEO_START_S, Trip, gpx, plan_trip
from .ground import Ground, Image
from .pinhole import Pinhole
from .scene import Light, Scene
from .street import beside_roads, surface_of
from .town import ROADS, SEED, Placed, damages, halt_lines, to_lonlat

CAMERA = Pinhole(width=1280, height=720, hfov_deg=70.0, height_m=1.35, pitch_deg=3.6)
RATE_HZ = 10
CRF = 29
BOX_TO_M = 15.0
SUN = (0.35, -0.94)
CAMERA_TOML = """\
# The camera of the rendered sample drive: a pinhole, principal point in the middle, no distortion.
name = "rendered sample"
hfov_deg = {hfov_deg}
height_m = {height_m}
pitch_deg = {pitch_deg}    # positive down
yaw_deg = {yaw_deg}      # positive left
roll_deg = 0.0
left_m = 0.0       # of the vehicle's middle
"""


def write_sample(folder: Path) -> None:
    """Write everything but the README."""
    placed, trip = damages(), plan_trip()
    (folder / "drive.gpx").write_text(gpx(trip), encoding="utf-8")
    (folder / "network.geojson").write_text(_network(), encoding="utf-8")
    (folder / "truth.geojson").write_text(_truth(placed), encoding="utf-8")
    (folder / "camera.toml").write_text(_camera(CAMERA), encoding="utf-8")
    write_boxes(folder / "truth_boxes.jsonl", placed, trip)
    write_video(folder / "drive.mp4", sample_scene(placed), trip)


def sample_scene(placed: tuple[Placed, ...]) -> Scene:
    """Build the town."""
    rng = np.random.default_rng(SEED)
    roads = tuple(ROADS.values())
    houses, trees = beside_roads(roads, rng)
    surface = surface_of(roads, tuple(p.world for p in placed), houses, trees, SUN, rng)
    surface = replace(surface, markings=(*surface.markings, *halt_lines()), grain=0.5)
    return Scene(Ground(surface), houses, trees, Light(noise=0.0), SEED)


def frame_count(trip: Trip) -> int:
    """Return how many frames the video has."""
    return int(trip.video_s * RATE_HZ)


def sample_frame(scene: Scene, trip: Trip, number: int) -> Image:
    """Take the picture of a frame and write on it what it is."""
    image = scene.picture(CAMERA, trip.pose(VIDEO_START_S + number / RATE_HZ), number)
    cv2.rectangle(image, (8, 6), (152, 32), (60, 60, 60), -1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, "rendered sample", (14, 24), font, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def write_video(path: Path, scene: Scene, trip: Trip) -> None:
    """Encode the drive; the container's time is 1.4 s behind the track's clock."""
    started = TRACK_START + timedelta(seconds=CONTAINER_START_S)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        container.metadata["creation_time"] = f"{started:%Y-%m-%dT%H:%M:%S}.000000Z"
        container.metadata["comment"] = "rendered by roadscan data_samples/make.py, no real road"
        options = {"crf": str(CRF), "preset": "slow", "threads": "1"}
        stream = container.add_stream("libx264", rate=RATE_HZ, options=options)
        stream.width, stream.height, stream.pix_fmt = CAMERA.width, CAMERA.height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = 5 * RATE_HZ
        for number in range(frame_count(trip)):
            frame = av.VideoFrame.from_ndarray(sample_frame(scene, trip, number), format="bgr24")
            frame.pts, frame.time_base = number * 1000 // RATE_HZ, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_boxes(path: Path, placed: tuple[Placed, ...], trip: Trip) -> None:
    """Write what a perfect detector would find in each frame, as a replay file."""
    header = {"width": CAMERA.width, "height": CAMERA.height, "kinds": list(KINDS)}
    lines = [json.dumps(header)]
    for number in range(frame_count(trip)):
        t_s = number / RATE_HZ
        pose = trip.pose(VIDEO_START_S + t_s)
        boxes = [
            [*(round(v, 1) for v in box), 1.0, p.plan.kind]
            for p in placed
            if (box := box_of(p.world, CAMERA, pose, BOX_TO_M)) is not None
        ]
        lines.append(json.dumps({"t_s": t_s, "boxes": boxes}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _camera(camera: Pinhole) -> str:
    return CAMERA_TOML.format(
        hfov_deg=camera.hfov_deg,
        height_m=camera.height_m,
        pitch_deg=camera.pitch_deg,
        yaw_deg=camera.yaw_deg,
    )


def _network() -> str:
    features = [
        _feature(
            {"type": "LineString", "coordinates": to_lonlat(road.xy)},
            link_id=road.link_id,
            street=road.street,
            key=road.key,
            road_class=road.road_class,
            surface=road.surface,
            oneway="yes" if road.oneway else "no",
            lane_width_m=road.lane_width_m,
            outside_town=road.outside_town,
        )
        for road in ROADS.values()
    ]
    return _collection(features)


def _truth(placed: tuple[Placed, ...]) -> str:
    return _collection([_truth_feature(p) for p in placed])


def _truth_feature(placed: Placed) -> dict[str, object]:
    plan, low, high = placed.plan, placed.shape.points.min(axis=0), placed.shape.points.max(axis=0)
    middle = (low + high) / 2
    return _feature(
        _geometry(placed),
        kind=plan.kind,
        link_id=plan.link_id,
        direction=plan.direction,
        in_lane=plan.in_lane,
        offset_m=round(middle[0], 2),
        left_m=round(middle[1], 2),
        from_offset_m=round(low[0], 2),
        to_offset_m=round(high[0], 2),
        left_min_m=round(low[1], 2),
        left_max_m=round(high[1], 2),
        length_m=round(high[0] - low[0], 2),
        width_m=round(high[1] - low[1], 2),
        cells=[list(cell) for cell in placed.cells],
    )


def _geometry(placed: Placed) -> dict[str, object]:
    if len(placed.world.outline):
        ring = _counter_clockwise(placed.world.outline)
        return {"type": "Polygon", "coordinates": [to_lonlat(np.vstack([ring, ring[:1]]))]}
    line = placed.world.cracks[0].xy
    return {"type": "LineString", "coordinates": to_lonlat(line[:: max(1, len(line) // 60)])}


def _counter_clockwise(ring: Floats) -> Floats:
    x, y = ring.T
    doubled = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    return ring if doubled > 0 else ring[::-1]


def _feature(geometry: dict[str, object], **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collection(features: list[dict[str, object]]) -> str:
    body = ",\n".join(json.dumps(f, ensure_ascii=False) for f in features)
    return f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n'
