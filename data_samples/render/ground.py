"""The road surface from above: drawn in tiles where a frame needs them, sharp near, coarse far.

Pixel (row i, column j) of a tile at (x, y) covers x + (j + 0.5) res, y + (i + 0.5) res: rows count
north. Level k has 2**k cm a pixel.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .damage import Floats, Shape

Image = NDArray[np.uint8]
Floats32 = NDArray[np.float32]

TILE_PX = 512
FINE_M = 0.01
DRAWN_LEVELS = (0, 3)
"""Levels drawn from the shapes; those above each are made from it by halving."""
TOP_LEVEL = 6
KEPT_TILES = 700
PAD_PX = 24
SOFT = 8
"""Shadows, stains and wheel tracks are drawn this many times coarser, then blurred."""
NOISE_PX = 1024
DARKEST = np.float32(0.5)


@dataclass(frozen=True)
class Area:
    """A filled region: exterior and holes, colour (BGR) and how rough it looks (0 to 1)."""

    rings: tuple[Floats, ...]
    colour: tuple[float, float, float]
    grain: float


@dataclass(frozen=True)
class SettArea:
    """A region laid with setts in rows across `course`."""

    rings: tuple[Floats, ...]
    course: tuple[float, float]


@dataclass(frozen=True)
class Soft:
    """A soft-edged darkening (factor below 1) or brightening of a region or along a line."""

    xy: Floats
    factor: float
    line_width_m: float = 0.0
    """Of a line; 0 fills the region."""


@dataclass(frozen=True)
class Surface:
    """All that is to be seen on the ground, in world metres; later entries lie on top."""

    areas: tuple[Area, ...]
    setts: tuple[SettArea, ...]
    markings: tuple[Floats, ...]
    covers: tuple[tuple[float, float], ...]
    """Manhole covers: look like damage, are none."""
    soft: tuple[Soft, ...]
    damages: tuple[Shape, ...]
    """Shapes moved to world metres."""
    sun: tuple[float, float]
    """Direction to the sun on the ground."""
    seed: int
    grain: float = 1.0
    wear: float = 0.35
    """Of the markings, 0 to 1."""


@dataclass
class Ground:
    """Tiles of one surface, drawn when first asked for."""

    surface: Surface
    _tiles: OrderedDict[tuple[int, int, int], Image] = field(default_factory=OrderedDict)
    _noise: dict[str, Floats32] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the noises that all tiles share; they repeat without a seam."""
        rng = np.random.default_rng(self.surface.seed)
        white = rng.normal(0, 1, (NOISE_PX, NOISE_PX)).astype(np.float32)
        fine = _periodic_blur(white, 0.7)
        clumps = _periodic_blur(rng.normal(0, 1, white.shape).astype(np.float32), 2.2)
        stones = np.maximum(_periodic_blur(rng.normal(0, 1, white.shape), 1.0) - 1.6, 0)
        grain = 0.14 * fine + 0.05 * clumps + 0.30 * stones
        self._noise["grain"] = np.clip(grain, -0.3, 0.55).astype(np.float32)
        self._noise["slow"] = _periodic_blur(rng.normal(0, 1, (256, 256)), 3.0) + _periodic_blur(
            rng.normal(0, 1, (256, 256)), 14.0
        )

    def window(self, level: int, low: Floats, high: Floats) -> tuple[Image, Floats]:
        """Return the picture of a region at a level, and the world position of its corner."""
        size = TILE_PX * FINE_M * 2**level
        first = np.floor(low / size).astype(int)
        last = np.floor(high / size).astype(int)
        rows = [
            np.hstack([self._tile(level, i, j) for i in range(first[0], last[0] + 1)])
            for j in range(first[1], last[1] + 1)
        ]
        return np.vstack(rows), first * size

    def _tile(self, level: int, i: int, j: int) -> Image:
        key = (level, i, j)
        if key not in self._tiles:
            if level in DRAWN_LEVELS:
                size = TILE_PX * FINE_M * 2**level
                tile = self._draw(i * size, j * size, FINE_M * 2**level)
            else:
                quad = [
                    [self._tile(level - 1, 2 * i + a, 2 * j + b) for a in (0, 1)] for b in (0, 1)
                ]
                full = np.vstack([np.hstack(row) for row in quad])
                tile = cv2.resize(full, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
            self._tiles[key] = tile
            if len(self._tiles) > KEPT_TILES:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end(key)
        return self._tiles[key]

    def _draw(self, x: float, y: float, res: float) -> Image:
        canvas = _Canvas(x - PAD_PX * res, y - PAD_PX * res, res, TILE_PX + 2 * PAD_PX)
        self._draw_base(canvas)
        for shape in self.surface.damages:
            if shape.kind == "Repair" and canvas.meets(shape.outline):
                _draw_patch(canvas, shape)
        self._draw_markings(canvas)
        for x_m, y_m in self.surface.covers:
            _draw_cover(canvas, x_m, y_m)
        for shape in self.surface.damages:
            if shape.kind == "D20" and canvas.meets(shape.outline):
                _draw_worn(canvas, shape)
        _draw_cracks(canvas, self.surface.damages)
        for shape in self.surface.damages:
            if shape.kind == "D40" and canvas.meets(shape.outline):
                _draw_pothole(canvas, shape, np.array(self.surface.sun))
        canvas.light *= self._soft_light(canvas)
        inner = slice(PAD_PX, -PAD_PX)
        lit = canvas.base[inner, inner, :3] * canvas.light[inner, inner, None]
        return np.clip(lit, 0, 255).astype(np.uint8)

    def _draw_base(self, canvas: "_Canvas") -> None:
        paint = np.zeros((canvas.size, canvas.size, 4), np.uint8)
        for area in self.surface.areas:
            if canvas.meets(area.rings[0]):
                contours = [canvas.pixels(ring) for ring in area.rings]
                colour = (*area.colour, 255 * area.grain)
                cv2.fillPoly(paint, contours, colour, cv2.LINE_AA, canvas.SHIFT)
        canvas.base = paint.astype(np.float32)
        rough = canvas.base[..., 3] / 255 * (FINE_M / canvas.res) ** 0.7 * self.surface.grain
        slow = self._slow(canvas)
        canvas.light = 1 + rough * canvas.tiled(self._noise["grain"]) + 0.035 * slow
        for area in self.surface.setts:
            if canvas.meets(area.rings[0]):
                _draw_setts(canvas, area, self.surface.seed)

    def _slow(self, canvas: "_Canvas") -> Floats32:
        """Unevenness of tone over decimetres and metres; the noise has 16 cm a pixel."""
        at = np.arange(canvas.size, dtype=np.float32) * np.float32(canvas.res)
        columns = np.broadcast_to(
            (at + np.float32(canvas.x % 40.96)) / 0.16 % 256, (canvas.size,) * 2
        )
        rows = np.broadcast_to(
            ((at + np.float32(canvas.y % 40.96)) / 0.16 % 256)[:, None], (canvas.size,) * 2
        )
        return cv2.remap(
            self._noise["slow"],
            np.ascontiguousarray(columns),
            np.ascontiguousarray(rows),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )

    def _draw_markings(self, canvas: "_Canvas") -> None:
        near = [m for m in self.surface.markings if canvas.meets(m)]
        if not near:
            return
        mask = np.zeros((canvas.size, canvas.size), np.uint8)
        cv2.fillPoly(mask, [canvas.pixels(m) for m in near], 255, cv2.LINE_AA, canvas.SHIFT)
        worn = canvas.tiled(self._noise["grain"]) * 4 + 0.25 * self._slow(canvas)
        cover = mask / np.float32(255) * np.clip(1.15 - self.surface.wear * (1 + worn), 0.1, 1)
        white = np.float32([205, 210, 212, 0])
        canvas.base += cover[..., None] * (white - canvas.base)
        canvas.light += cover * (1 - canvas.light) * 0.7

    def _soft_light(self, canvas: "_Canvas") -> Floats32:
        """Shadows, stains and wheel tracks as one factor."""
        margin = 12
        n = canvas.size // SOFT + 2 * margin
        coarse = _Canvas(
            canvas.x - margin * SOFT * canvas.res,
            canvas.y - margin * SOFT * canvas.res,
            canvas.res * SOFT,
            n,
        )
        light = np.ones((n, n), np.float32)
        for soft in self.surface.soft:
            if not coarse.meets(soft.xy):
                continue
            mask = np.zeros((n, n), np.uint8)
            if soft.line_width_m:
                width = max(1, round(soft.line_width_m / coarse.res))
                line = coarse.pixels(soft.xy)
                cv2.polylines(
                    mask,
                    [line],
                    isClosed=False,
                    color=255,
                    thickness=width,
                    lineType=cv2.LINE_AA,
                    shift=coarse.SHIFT,
                )
            else:
                cv2.fillPoly(mask, [coarse.pixels(soft.xy)], 255, cv2.LINE_AA, coarse.SHIFT)
            light *= 1 - mask / np.float32(255) * np.float32(1 - soft.factor)
        light = np.maximum(light, DARKEST)  # shadow on shadow is no darker
        light = cv2.GaussianBlur(light, (0, 0), max(0.5, 0.10 / coarse.res))
        at = (np.arange(canvas.size, dtype=np.float32) + 0.5) / SOFT + margin - 0.5
        columns, rows = np.meshgrid(at, at)
        return cv2.remap(light, columns, rows, cv2.INTER_LINEAR)


class _Canvas:
    """A tile in the making: colours and a factor of light, with a border that is cut off."""

    SHIFT = 4

    def __init__(self, x: float, y: float, res: float, size: int) -> None:
        self.x, self.y, self.res, self.size = x, y, res, size
        self.base: Floats32 = np.zeros((size, size, 4), np.float32)
        self.light: Floats32 = np.ones((size, size), np.float32)

    def meets(self, xy: Floats) -> bool:
        low, high = xy.min(axis=0), xy.max(axis=0)
        reach = self.size * self.res
        return bool(
            high[0] > self.x
            and high[1] > self.y
            and low[0] < self.x + reach
            and low[1] < self.y + reach
        )

    def pixels(self, xy: Floats) -> NDArray[np.int32]:
        at = (xy - [self.x, self.y]) / self.res - 0.5
        return np.round(np.clip(at, -1e5, 1e5) * 2**self.SHIFT).astype(np.int32)

    def mask(self, xy: Floats) -> Floats32:
        drawn = np.zeros((self.size, self.size), np.uint8)
        cv2.fillPoly(drawn, [self.pixels(xy)], 255, cv2.LINE_AA, self.SHIFT)
        return drawn / np.float32(255)

    def tiled(self, noise: Floats32) -> Floats32:
        """Cut this tile out of a noise that repeats, so that neighbours fit."""
        n = len(noise)
        i, j = (round(v / self.res) % n for v in (self.y, self.x))
        rows, columns = ((np.arange(self.size) + k) % n for k in (i, j))
        return noise[np.ix_(rows, columns)]


def _periodic_blur(noise: NDArray[np.floating], sigma: float) -> Floats32:
    """Blur without a seam and scale to unit variance."""
    pad = int(4 * sigma) + 1
    wide = np.pad(noise, pad, mode="wrap").astype(np.float32)
    blurred = cv2.GaussianBlur(wide, (0, 0), sigma)[pad:-pad, pad:-pad]
    return np.asarray(blurred / blurred.std(), np.float32)


def _draw_setts(canvas: _Canvas, area: SettArea, seed: int) -> None:
    mask = np.zeros((canvas.size, canvas.size), np.uint8)
    cv2.fillPoly(mask, [canvas.pixels(r) for r in area.rings], 255, cv2.LINE_AA, canvas.SHIFT)
    cover = mask / np.float32(255)
    at = (np.arange(canvas.size) + 0.5) * canvas.res
    east, north = np.meshgrid(canvas.x + at, canvas.y + at)
    along = (east * area.course[0] + north * area.course[1]) / 0.17
    row = np.floor(along)
    across = (north * area.course[0] - east * area.course[1]) / 0.16 + 0.5 * (row % 2)
    column = np.floor(across)
    edge = np.minimum.reduce([along - row, row + 1 - along, across - column, column + 1 - across])
    # a hash of row and column gives each stone its own tone
    tone = np.sin(row * 12.9898 + column * 78.233 + seed % 97) * 43758.5453
    tone = 0.86 + 0.28 * (tone - np.floor(tone))
    joint = np.clip(edge / 0.11, 0, 1) ** 0.7
    relief = np.float32(tone * (0.42 + 0.58 * joint))
    fade = np.float32(min(1.0, 0.04 / canvas.res))
    canvas.light *= 1 + cover * fade * (relief - 1) - cover * (1 - fade) * 0.2
    colour = np.float32([112, 118, 122, 0])
    canvas.base += cover[..., None] * (colour - canvas.base)


def _draw_patch(canvas: _Canvas, shape: Shape) -> None:
    mask = canvas.mask(shape.outline)
    rng = np.random.default_rng(shape.seed)
    noise = rng.normal(0, 1, (NOISE_PX, NOISE_PX)).astype(np.float32)
    fine = canvas.tiled(_periodic_blur(noise, 0.6)) * (FINE_M / canvas.res) ** 0.7
    canvas.light += mask * (np.float32(shape.tone) * (1 + 0.07 * fine) - canvas.light)
    edge = np.zeros((canvas.size, canvas.size), np.uint8)
    width = max(1, round((0.045 if shape.sealed else 0.015) / canvas.res))
    border = [canvas.pixels(shape.outline)]
    cv2.polylines(
        edge,
        border,
        isClosed=True,
        color=255,
        thickness=width,
        lineType=cv2.LINE_AA,
        shift=canvas.SHIFT,
    )
    strength = np.float32(0.55 if shape.sealed else 0.35) * min(1.0, 0.04 / canvas.res)
    canvas.light *= 1 - strength * cv2.GaussianBlur(edge, (0, 0), 0.8) / np.float32(255)


def _draw_worn(canvas: _Canvas, shape: Shape) -> None:
    """Netted road is a little darker and dirtier."""
    mask = cv2.GaussianBlur(canvas.mask(shape.outline), (0, 0), max(0.6, 0.08 / canvas.res))
    canvas.light *= 1 - np.float32(0.10) * mask


def _draw_cracks(canvas: _Canvas, shapes: tuple[Shape, ...]) -> None:
    mask = np.zeros((canvas.size, canvas.size), np.uint8)
    drawn = False
    for shape in shapes:
        if not shape.cracks or not canvas.meets(shape.points):
            continue
        for crack in shape.cracks:
            if not canvas.meets(crack.xy):
                continue
            drawn = True
            at = canvas.pixels(crack.xy)
            wide = crack.width_m / canvas.res
            for a, b, px in zip(at[:-1], at[1:], wide[:-1], strict=True):
                value = int(255 * px)
                thick = max(1, int(px))
                cv2.line(mask, a, b, min(value, 255), thick, cv2.LINE_AA, canvas.SHIFT)
    if drawn:
        soft = cv2.GaussianBlur(mask, (0, 0), 0.45) / np.float32(255)
        # edges of a crack crumble: a faint lighter seam beside the dark line
        halo = cv2.blur(mask, (7, 7)) / np.float32(255)
        canvas.light *= (1 + np.float32(0.06) * halo) * (
            1 - np.float32(0.8) * np.minimum(1, 1.25 * soft)
        )


def _draw_pothole(canvas: _Canvas, shape: Shape, sun: Floats) -> None:
    mask = canvas.mask(shape.outline)
    rng = np.random.default_rng(shape.seed)
    noise = rng.normal(0, 1, (NOISE_PX, NOISE_PX)).astype(np.float32)
    scale = min(1.0, 2 * FINE_M / canvas.res)
    rubble = canvas.tiled(_periodic_blur(noise, 1.6)) * scale
    px = 1 / canvas.res
    depth = cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.05 * px))
    # the wall on the sun's side lies in shade, the one across from it is lit
    slope_y, slope_x = np.gradient(cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.03 * px)))
    facing = (slope_x * sun[0] + slope_y * sun[1]).astype(np.float32) * np.float32(0.05 * px)
    inside = 0.58 - 0.14 * depth + 0.13 * rubble - np.clip(-facing, 0, 0.5) * 1.1
    inside += np.clip(facing, 0, 0.5) * 0.5
    ring = np.clip(cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.06 * px)) - mask, 0, 1)
    broken = ring * (0.35 + 0.25 * rubble)
    canvas.light *= 1 + broken.astype(np.float32)
    canvas.light += mask * (np.clip(inside, 0.16, 0.95).astype(np.float32) - canvas.light)
    earth = np.float32([92, 104, 116, 0])
    canvas.base += (mask * np.float32(0.6))[..., None] * (earth - canvas.base)


def _draw_cover(canvas: _Canvas, x: float, y: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    if not canvas.meets(circle * 0.45 + [x, y]):
        return
    frame, lid = canvas.mask(circle * 0.40 + [x, y]), canvas.mask(circle * 0.32 + [x, y])
    canvas.light += frame * (np.float32(0.92) - canvas.light)
    canvas.light += lid * (np.float32(0.62) - canvas.light)
    for k in np.arange(-0.24, 0.25, 0.08):
        bar = np.array([[-0.2, k - 0.012], [0.2, k - 0.012], [0.2, k + 0.012], [-0.2, k + 0.012]])
        canvas.light *= 1 - np.float32(0.35) * canvas.mask(bar + np.array([x, y]))
