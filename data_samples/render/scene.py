"""What stands up from the ground and above it: houses, trees, sky; and the frame as a whole."""

from dataclasses import dataclass, field
from math import cos, hypot, pi, radians, sin, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from .damage import Floats
from .ground import FINE_M, TOP_LEVEL, Ground, Image
from .pinhole import Pinhole

NEAR_M = 0.6
FAR_M = 160.0
ROWS_PER_PIXEL = 3
"""The road is seen at a low angle: one row of pixels covers much of it and is averaged."""
DETAIL_TO_M = 9.0
GRAIN_M = 0.004
GRAINS_PX = 1024
SKY_PX_PER_DEG = 6
HAZE = np.float32([205, 200, 192])


@dataclass(frozen=True)
class House:
    """A box with a gabled roof: corners counter-clockwise on the ground."""

    corners: Floats
    eaves_m: float
    ridge_m: float
    look: int
    """Seed of its facade."""


@dataclass(frozen=True)
class Tree:
    """A tree or bush."""

    x: float
    y: float
    height_m: float
    crown_m: float
    look: int


@dataclass(frozen=True)
class Pose:
    """Camera on the ground: position and direction (radians, counter-clockwise from east)."""

    x: float
    y: float
    heading: float


@dataclass(frozen=True)
class Light:
    """Brightness, contrast and tint of the whole picture, and its noise."""

    gain: float = 1.0
    gamma: float = 1.0
    warm: float = 0.0
    noise: float = 2.0
    blur: float = 0.0
    cloud: float = 0.5


@dataclass
class Scene:
    """A place to take pictures of; holds what its pictures share."""

    ground: Ground
    houses: tuple[House, ...]
    trees: tuple[Tree, ...]
    light: Light
    seed: int
    _sky: Image | None = None
    _grains: NDArray[np.float32] | None = None
    _facades: dict[int, Image] = field(default_factory=dict)

    def picture(self, camera: Pinhole, pose: Pose, frame_number: int = 0) -> Image:
        """Take one picture (height, width, 3), BGR."""
        image = self._draw_sky(camera, pose)
        self._draw_ground(image, camera, pose)
        self._draw_standing(image, camera, pose)
        return self._expose(image, frame_number)

    def _draw_sky(self, camera: Pinhole, pose: Pose) -> Image:
        if self._sky is None:
            self._sky = _sky(self.seed, self.light.cloud)
        sky = self._sky
        u = np.arange(camera.width) - camera.width / 2
        azimuth = np.degrees(pose.heading - np.arctan(u / camera.focal_px)) + camera.yaw_deg
        column = -azimuth % 360 * SKY_PX_PER_DEG
        v = np.arange(camera.height)
        up = np.degrees(np.arctan((camera.horizon_px - v) / camera.focal_px))
        row = np.clip(sky.shape[0] - 1 - up * SKY_PX_PER_DEG, 0, sky.shape[0] - 1)
        columns, rows = (np.asarray(a, np.float32) for a in np.meshgrid(column, row))
        seen = cv2.remap(sky, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.asarray(seen, np.uint8)

    def _draw_ground(self, image: Image, camera: Pinhole, pose: Pose) -> None:
        top = int(np.ceil(camera.horizon_px + 1.5))
        fine = top + (np.arange((camera.height - top) * ROWS_PER_PIXEL) + 0.5) / ROWS_PER_PIXEL
        middle = np.full(len(fine), camera.width / 2)
        z = camera.ground(middle, fine)[0]
        across = z / camera.focal_px
        along = z**2 / camera.height_m / camera.focal_px / ROWS_PER_PIXEL
        level = np.clip(np.log2(np.sqrt(across * along) / FINE_M) + 0.15, 0, TOP_LEVEL - 1e-6)
        total = np.zeros((len(fine), camera.width, 3), np.float32)
        reachable = z < FAR_M * 1.5
        for k in range(TOP_LEVEL + 1):
            weight = np.clip(1 - np.abs(level - k), 0, 1) * reachable
            rows = np.flatnonzero(weight > 0)
            if len(rows):
                rows = np.arange(rows[0], rows[-1] + 1)
                seen = self._sample(k, camera, pose, fine[rows])
                total[rows] += seen * weight[rows, None, None].astype(np.float32)
        near = int(np.argmax(z < DETAIL_TO_M)) if z.min() < DETAIL_TO_M else len(z)
        total[near:] *= self._detail(camera, pose, fine[near:], z[near:])
        far = np.clip((z - 50) / 250, 0, 0.55).astype(np.float32)
        far[~reachable] = 1
        total += far[:, None, None] * (HAZE * np.float32(0.85) - total)
        mean = total.reshape(-1, ROWS_PER_PIXEL, camera.width, 3).mean(axis=1)
        image[top:] = np.clip(mean, 0, 255).astype(np.uint8)

    def _world(self, camera: Pinhole, pose: Pose, v: Floats) -> tuple[Floats, Floats]:
        u, v = np.meshgrid(np.arange(camera.width) + 0.5, v)
        ahead, left = camera.ground(u, v)
        c, s = cos(pose.heading), sin(pose.heading)
        return pose.x + ahead * c - left * s, pose.y + ahead * s + left * c

    def _sample(self, level: int, camera: Pinhole, pose: Pose, v: Floats) -> NDArray[np.float32]:
        x, y = self._world(camera, pose, v)
        low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
        picture, corner = self.ground.window(level, low - 0.2, high + 0.2)
        res = FINE_M * 2**level
        at = ((xy - edge) / res - 0.5 for xy, edge in zip((x, y), corner, strict=True))
        columns, rows = (np.asarray(a, np.float32) for a in at)
        return cv2.remap(picture, columns, rows, cv2.INTER_LINEAR).astype(np.float32)

    def _detail(self, camera: Pinhole, pose: Pose, v: Floats, z: Floats) -> NDArray[np.float32]:
        """Single grains of asphalt, finer than the tiles, as a factor that fades with distance."""
        if self._grains is None:
            rng = np.random.default_rng(self.seed)
            white = rng.normal(0, 1, (GRAINS_PX, GRAINS_PX)).astype(np.float32)
            soft = cv2.GaussianBlur(np.pad(white, 8, mode="wrap"), (0, 0), 0.8)[8:-8, 8:-8]
            self._grains = np.asarray(soft / soft.std() + 0.4 * (white > 2.2), np.float32)
        x, y = self._world(camera, pose, v)
        columns, rows = (np.asarray(a / GRAIN_M % GRAINS_PX, np.float32) for a in (x, y))
        seen = cv2.remap(self._grains, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        fade = np.clip((DETAIL_TO_M - z) / DETAIL_TO_M, 0, 1)[:, None].astype(np.float32)
        strength = np.float32(0.17 * self.ground.surface.grain)
        return np.asarray(1 + strength * fade * seen, np.float32)[..., None]

    def _draw_standing(self, image: Image, camera: Pinhole, pose: Pose) -> None:
        things: list[tuple[float, House | Tree]] = []
        for house in self.houses:
            middle = house.corners.mean(axis=0)
            things.append((hypot(middle[0] - pose.x, middle[1] - pose.y), house))
        things += [(hypot(tree.x - pose.x, tree.y - pose.y), tree) for tree in self.trees]
        for distance, thing in sorted(things, key=lambda pair: -pair[0]):
            if distance > FAR_M:
                continue
            haze = np.float32(min(0.55, max(0.0, (distance - 40) / 250)))
            if isinstance(thing, House):
                self._draw_house(image, camera, pose, thing, haze)
            else:
                _draw_tree(image, camera, pose, thing, haze)

    def _draw_house(
        self, image: Image, camera: Pinhole, pose: Pose, house: House, haze: np.float32
    ) -> None:
        if house.look not in self._facades:
            self._facades[house.look] = _facade(house.look)
        a = house.corners
        ridge = np.array([(a[1] + a[2]) / 2, (a[3] + a[0]) / 2])
        dark = np.random.default_rng(house.look).uniform(0.8, 1.15)
        roof = np.float32([62, 70, 120]) * np.float32(dark)
        # what is turned away from the camera is behind what is turned to it
        sides = sorted(range(4), key=lambda k: -_distance(pose, (a[k] + a[(k + 1) % 4]) / 2))
        for k in sides:
            b, c = a[k], a[(k + 1) % 4]
            out = np.array([c[1] - b[1], b[0] - c[0]])
            if out @ (np.array([pose.x, pose.y]) - b) <= 0:
                continue
            shade = np.float32(
                0.72 + 0.28 * max(0.0, float(out @ self._sun()) / np.linalg.norm(out))
            )
            texture = self._facades[house.look] * shade
            texture += haze * (HAZE - texture)
            _draw_wall(image, camera, pose, (b, c), house.eaves_m, texture)
            tone = roof * shade + haze * (HAZE - roof * shade)
            top = ([ridge[0], ridge[1]], [ridge[0]], [ridge[1], ridge[0]], [ridge[1]])[k]
            heights = [house.eaves_m] * 2 + [house.ridge_m] * len(top)
            order = [b, c, *top]
            _fill(image, camera, pose, np.array(order), np.array(heights), tone)

    def _sun(self) -> Floats:
        return np.array(self.ground.surface.sun)

    def _expose(self, image: Image, frame_number: int) -> Image:
        light = self.light
        table = np.clip((np.arange(256) / 255) ** light.gamma * 255 * light.gain, 0, 255)
        tint = np.array([1 - light.warm, 1.0, 1 + light.warm])
        tables = np.clip(table[:, None] * tint, 0, 255).astype(np.uint8)[None]
        lit = cv2.LUT(image, tables)
        if light.blur:
            lit = cv2.GaussianBlur(lit, (0, 0), light.blur)
        if light.noise:
            rng = np.random.default_rng((self.seed, frame_number))
            grain = rng.normal(0, light.noise, lit.shape[:2]).astype(np.float32)
            lit = np.clip(lit + grain[..., None], 0, 255).astype(np.uint8)
        return lit


def seen_from(pose: Pose, xy: Floats) -> tuple[Floats, Floats]:
    """Return metres ahead and left of the camera of world points (n, 2)."""
    c, s = cos(pose.heading), sin(pose.heading)
    d = xy - [pose.x, pose.y]
    return d[:, 0] * c + d[:, 1] * s, d[:, 1] * c - d[:, 0] * s


def _distance(pose: Pose, xy: Floats) -> float:
    return hypot(xy[0] - pose.x, xy[1] - pose.y)


def _draw_wall(
    image: Image,
    camera: Pinhole,
    pose: Pose,
    foot: tuple[Floats, Floats],
    height_m: float,
    texture: NDArray[np.float32],
) -> None:
    ahead, left = seen_from(pose, np.array(foot))
    near = NEAR_M + height_m * tan(radians(max(camera.pitch_deg, 0.0)))
    if ahead.max() < near * 1.5:
        return
    # cut off what lies behind the picture's plane, which leans forward
    t = [0.0, 1.0]
    for k in (0, 1):
        if ahead[k] < near:
            t[k] = (near - ahead[k]) / (ahead[1 - k] - ahead[k])
            t[k] = t[k] if k == 0 else 1 - t[k]
    ahead, left = (v[0] + np.array(t) * (v[1] - v[0]) for v in (ahead, left))
    where = camera.project(
        ahead[[0, 1, 1, 0]], left[[0, 1, 1, 0]], np.array([0, 0, height_m, height_m])
    )
    if where[:, 0].max() < 0 or where[:, 0].min() > camera.width:
        return
    rows, columns = texture.shape[:2]
    u0, u1 = t[0] * columns, t[1] * columns
    source = np.float32([[u0, rows], [u1, rows], [u1, 0], [u0, 0]])
    target = np.float32(np.clip(where[:, :2], -2e4, 2e4))
    low = np.maximum(np.floor(target.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(target.max(axis=0)).astype(int), [camera.width, camera.height])
    if (high - low).min() < 1:
        return
    matrix = cv2.getPerspectiveTransform(source, target - np.float32(low))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    drawn = cv2.warpPerspective(
        texture, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.round((target - low) * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    _blend(image[low[1] : high[1], low[0] : high[0]], drawn, mask)


def _blend(part: Image, drawn: NDArray[np.float32], mask: Image) -> None:
    cover = (mask / np.float32(255))[..., None]
    part[:] = np.clip(part + cover * (drawn - part), 0, 255).astype(np.uint8)


def _fill(
    image: Image, camera: Pinhole, pose: Pose, xy: Floats, up_m: Floats, colour: NDArray[np.float32]
) -> None:
    ahead, left = seen_from(pose, xy)
    if ahead.min() < NEAR_M + up_m.max() * tan(radians(max(camera.pitch_deg, 0.0))):
        return
    where = camera.project(ahead, left, up_m)[:, :2]
    cv2.fillConvexPoly(
        image, np.round(where * 16).astype(np.int32), [float(c) for c in colour], cv2.LINE_AA, 4
    )


def _draw_tree(image: Image, camera: Pinhole, pose: Pose, tree: Tree, haze: np.float32) -> None:
    ahead, left = seen_from(pose, np.array([[tree.x, tree.y]]))
    if ahead[0] < 3:
        return
    foot = camera.project(ahead, left)[0]
    scale = camera.focal_px / foot[2]
    if abs(foot[0] - camera.width / 2) > camera.width / 2 + tree.crown_m * scale:
        return
    top = foot[1] - tree.height_m * scale
    rng = np.random.default_rng(tree.look)
    trunk = np.float32([52, 66, 78]) + haze * (HAZE - np.float32([52, 66, 78]))
    half = max(0.5, 0.14 * scale)
    left_px, right_px = foot[0] - half, foot[0] + half
    corners = np.array([[left_px, foot[1]], [right_px, foot[1]], [right_px, top], [left_px, top]])
    if tree.height_m > 2:
        at = np.round(corners * 16).astype(np.int32)
        cv2.fillConvexPoly(image, at, [float(c) for c in trunk], cv2.LINE_AA, 4)
    radius = tree.crown_m / 2 * scale
    for k in range(46):
        angle, reach = rng.uniform(0, 2 * pi), rng.uniform(0, 0.75) ** 0.6
        x = foot[0] + radius * reach * cos(angle)
        y = top + radius * (1 + 0.95 * reach * sin(angle))
        green = np.float32([38, 78, 62]) * np.float32(rng.uniform(0.55, 1.25) + 0.004 * (46 - k))
        green += haze * (HAZE - green)
        size = max(1, int(radius * rng.uniform(0.16, 0.34)))
        cv2.circle(
            image,
            (int(x * 16), int(y * 16)),
            size * 16,
            [float(c) for c in green],
            -1,
            cv2.LINE_AA,
            4,
        )


def _facade(look: int) -> NDArray[np.float32]:
    """Draw a wall with windows and a door, (180, 300, 3)."""
    rng = np.random.default_rng(look)
    colours = [[176, 198, 210], [150, 176, 202], [190, 196, 196], [140, 160, 188], [165, 188, 180]]
    wall = np.float32(colours[rng.integers(len(colours))])
    picture = np.empty((180, 300, 3), np.float32)
    picture[:] = wall + rng.normal(0, 5, (180, 300, 1)).astype(np.float32)
    picture[150:] *= np.float32(0.75)
    floors, across = int(rng.integers(2, 4)), int(rng.integers(3, 6))
    for i in range(floors):
        for j in range(across):
            x, y = int(300 * (j + 0.5) / across), int(12 + 150 * i / floors)
            w, h = 13, int(85 / floors)
            cv2.rectangle(picture, (x - w - 3, y - 3), (x + w + 3, y + h + 3), (225, 228, 228), -1)
            shade = float(rng.uniform(45, 95))
            cv2.rectangle(picture, (x - w, y), (x + w, y + h), (shade + 14, shade + 6, shade), -1)
            cv2.line(picture, (x, y), (x, y + h), (215, 218, 218), 2)
    return picture


def _sky(seed: int, cloud: float) -> Image:
    """Draw the sky all around with a line of far trees, six pixels a degree."""
    rng = np.random.default_rng(seed)
    width, height = 360 * SKY_PX_PER_DEG, 40 * SKY_PX_PER_DEG
    up = np.linspace(1, 0, height)[:, None, None]
    sky = (1 - up) * np.array([226, 216, 205]) + up * np.array([214, 168, 122])
    noise = np.zeros((height, width), np.float32)
    for sigma in (60, 25, 9, 3.5):
        layer = rng.normal(0, 1, (height, width)).astype(np.float32)
        layer = cv2.GaussianBlur(np.hstack([layer] * 3), (0, 0), sigma, sigmaY=sigma * 0.45)
        layer = layer[:, width : 2 * width]
        noise += layer / layer.std() * sigma**0.5
    white = np.clip(noise / noise.std() * 0.6 + cloud, 0, 1)[..., None]
    sky = sky + white * (np.array([238, 236, 234]) - sky)
    for reach, colour in ((2.6, [150, 152, 142]), (1.7, [96, 118, 104])):
        knots = rng.uniform(0.35, 1.0, width // 10)
        fine = rng.uniform(0.85, 1.1, width)
        line = np.interp(np.arange(width), np.arange(len(knots)) * 10, knots, period=width) * fine
        rows = np.arange(height)[::-1, None]
        under = rows < line * reach * SKY_PX_PER_DEG
        speck = rng.normal(0, 9, (height, width, 1))
        sky = np.where(under[..., None], np.array(colour) + speck, sky)
    return np.clip(sky, 0, 255).astype(np.uint8)
