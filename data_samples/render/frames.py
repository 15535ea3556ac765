"""Single pictures of random roads with YOLO labels, for training; no two share a road."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import damage
from .boxes import Box, box_of
from .damage import KINDS, Shape
from .ground import Ground, Image
from .pinhole import Pinhole
from .scene import Light, Pose, Scene
from .street import Road, beside_roads, surface_of

LABEL_M = 20.0
WIDTH, HEIGHT = 1280, 720
OUT_WIDTH = 720
"""Pictures are made no wider than this: what a detector is trained at."""
MIN_SHORT_PX = 4.0
ROAD_M = 140.0


@dataclass(frozen=True)
class Labelled:
    """A picture with its boxes by kind."""

    image: Image
    boxes: tuple[tuple[str, Box], ...]


def write_frames(seed: int, count: int, out: Path) -> None:
    """Write images/*.jpg and labels/*.txt (class cx cy w h, 0..1; order of KINDS)."""
    for name in ("images", "labels"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        made = random_frame(seed, number)
        name = f"{seed}_{number:05d}"
        quality = int(np.random.default_rng((seed, number, 9)).integers(72, 95))
        jpeg = [cv2.IMWRITE_JPEG_QUALITY, quality]
        cv2.imwrite(str(out / "images" / f"{name}.jpg"), made.image, jpeg)
        (out / "labels" / f"{name}.txt").write_text(_yolo(made))


def random_frame(seed: int, number: int) -> Labelled:
    """Render one picture of a road of its own."""
    rng = np.random.default_rng((seed, number))
    road = _road(rng)
    shapes = tuple(road.moved(direction, shape) for direction, shape in _damages(rng, road))
    houses, trees = beside_roads((road,), rng)
    angle = rng.uniform(0, 2 * np.pi)
    sun = (float(np.cos(angle)), float(np.sin(angle)))
    tone, wear = rng.uniform(0.85, 1.2), rng.uniform(0.1, 0.6)
    ground = surface_of((road,), shapes, houses, trees, sun, rng, tone, wear)
    camera = Pinhole(
        WIDTH,
        HEIGHT,
        hfov_deg=rng.uniform(55, 85),
        height_m=rng.uniform(1.15, 1.75),
        pitch_deg=rng.uniform(1.5, 12),
        yaw_deg=rng.normal(0, 1.5),
    )
    here = road.on_lane("forward", np.array([[10.0, rng.normal(0, 0.2)]]))[0]
    pose = Pose(here[0], here[1], rng.normal(0, 0.02))
    light = Light(
        gain=rng.uniform(0.75, 1.2),
        gamma=rng.uniform(0.85, 1.2),
        warm=rng.normal(0, 0.03),
        noise=rng.uniform(1, 6),
        blur=rng.choice([0.0, 0.5, 0.8]),
        cloud=rng.uniform(0.2, 0.9),
    )
    scene = Scene(Ground(ground), houses, trees, light, seed=int(rng.integers(1 << 30)))
    image = scene.picture(camera, pose)
    window = _window(camera, rng)
    found = [(shape.kind, box_of(shape, camera, pose, LABEL_M, window)) for shape in shapes]
    clear = [(kind, box) for kind, box in found if box is not None and _is_clear(box)]
    return _cut(image, clear, window)


def _is_clear(box: Box) -> bool:
    """Tell whether more is to be seen than the margins of a box."""
    return min(box[2] - box[0], box[3] - box[1]) >= MIN_SHORT_PX


def _road(rng: np.random.Generator) -> Road:
    lane = rng.uniform(2.75, 3.75)
    town = rng.random() < 0.75
    surface = "sett" if rng.random() < 0.06 else "asphalt"
    xy = np.array([[0.0, 0.0], [ROAD_M, 0.0]])
    road_class = "A" if rng.random() < 0.65 else "B"
    return Road("r", "", "", road_class, lane, xy, surface, outside_town=not town)


def _damages(rng: np.random.Generator, road: Road) -> list[tuple[str, Shape]]:
    """Damage ahead of the camera (offset 10), none on another; sometimes none at all."""
    placed: list[tuple[str, Shape]] = []
    if road.surface == "sett" or rng.random() < 0.07:
        return placed
    wanted = int(rng.integers(2, 11))
    for _ in range(wanted * 4):
        direction = "forward" if rng.random() < 0.8 else "backward"
        x, y = 12 + 17 * rng.random() ** 1.4, rng.uniform(-1.2, 1.2)
        kind = rng.choice(KINDS, p=[0.30, 0.22, 0.18, 0.16, 0.14])
        shape = random_shape(rng, kind, x, y)
        half = road.lane_width_m / 2 - 0.1
        if np.abs(shape.points[:, 1]).max() > half and kind != "D10":
            continue
        low, high = shape.points.min(axis=0) - 0.25, shape.points.max(axis=0) + 0.25
        clear = all(
            side != direction
            or (other.points.min(axis=0) > high).any()
            or (other.points.max(axis=0) < low).any()
            for side, other in placed
        )
        if clear:
            placed.append((direction, shape))
        if len(placed) == wanted:
            break
    return placed


def random_shape(rng: np.random.Generator, kind: str, x: float, y: float) -> Shape:
    """Draw a damage of a kind around (x, y)."""
    if kind == "D00":
        return damage.longitudinal(rng, x, y, rng.uniform(2, 12))
    if kind == "D10":
        ends = np.sort(rng.uniform(-1.5, 1.5, 2))
        return damage.transverse(rng, x, min(ends[0], -0.4), max(ends[1], 0.4))
    if kind == "D20":
        return damage.alligator(rng, x, y, rng.uniform(1.0, 5.0), rng.uniform(0.6, 1.6))
    if kind == "D40":
        return damage.pothole(rng, x, y, rng.uniform(0.25, 0.85))
    return damage.patch(rng, x, y, rng.uniform(0.7, 4.0), rng.uniform(0.6, 1.9))


def _window(camera: Pinhole, rng: np.random.Generator) -> Box:
    """Choose a part of the picture that holds the road, or all of it."""
    if rng.random() < 0.35:
        return 0.0, 0.0, float(camera.width), float(camera.height)
    top = max(0, int(camera.horizon_px * rng.uniform(0.3, 1.0)))
    width = int(rng.uniform(0.45, 1.0) * camera.width)
    left = int(np.clip((camera.width - width) / 2 + rng.normal(0, 90), 0, camera.width - width))
    return float(left), float(top), float(left + width), float(camera.height)


def _cut(image: Image, boxes: list[tuple[str, Box]], window: Box) -> Labelled:
    """Cut the window out, make it no wider than trained at, and move the boxes along."""
    left, top, right, low = (int(v) for v in window)
    part = image[top:low, left:right]
    scale = min(1.0, OUT_WIDTH / part.shape[1])
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    moved = tuple(
        (kind, ((x1 - left) * scale, (y1 - top) * scale, (x2 - left) * scale, (y2 - top) * scale))
        for kind, (x1, y1, x2, y2) in boxes
    )
    return Labelled(part, moved)


def _yolo(made: Labelled) -> str:
    height, width = made.image.shape[:2]
    lines = [
        f"{KINDS.index(kind)} {(x1 + x2) / 2 / width:.6f} {(y1 + y2) / 2 / height:.6f} "
        f"{(x2 - x1) / width:.6f} {(y2 - y1) / height:.6f}\n"
        for kind, (x1, y1, x2, y2) in made.boxes
    ]
    return "".join(lines)
