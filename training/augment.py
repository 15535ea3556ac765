"""Changes training pictures the way weather, lens and camera do, and pastes damage onto road.

Plain functions over NumPy pictures (h, w, 3, BGR, uint8); no torch. Size and position changes are
ultralytics' own (train.py sets how strong): here is what they lack for a road seen from a vehicle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Image = np.ndarray
Random = np.random.Generator

ROAD_BAND = 0.35, 0.95
"""Share of the height in which a vehicle's picture shows road, where damage may be pasted."""
GROWN, SHRUNK = np.array([-3, -3, 4, 4]), np.array([3, 3, -3, -3])
"""A patch brings a few pixels of its own road, for a soft edge; its box does not count them."""
MOST_SHARED = 0.02
"""A pasted patch may cover at most this share of itself with boxes that are there already."""


@dataclass(frozen=True)
class Patch:
    """A piece of damaged road cut out of a training picture: how much of each pixel to take."""

    image: Image
    alpha: np.ndarray
    """(h, w), 0..1: soft at the edge."""
    kind: int


def weather(image: Image, rng: Random, chance: float = 0.25) -> Image:
    """Return the picture with each disturbance added by chance; the input stays as it is."""
    for disturb in DISTURBANCES:
        if rng.random() < chance:
            image = disturb(image, rng)
    return image


def blur(image: Image, rng: Random) -> Image:
    """Smear along the direction of travel (nearly upright) or defocus."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.2)))
    length = int(rng.integers(3, 7))
    kernel = np.zeros((length, length), np.float32)
    kernel[:, length // 2] = 1 / length
    return cv2.filter2D(image, -1, kernel)


def grain(image: Image, rng: Random) -> Image:
    """Add sensor noise, as at dusk."""
    noise = np.empty(image.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(1 << 31)))
    cv2.randn(noise, (0, 0, 0), (float(rng.uniform(3, 10)),) * 3)
    return cv2.add(image, noise, dtype=cv2.CV_8U)


def jpeg(image: Image, rng: Random) -> Image:
    """Compress as dash cameras do."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 70))])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def light(image: Image, rng: Random) -> Image:
    """Change gamma and contrast: low sun, overcast, underexposed."""
    gamma, gain = rng.uniform(0.6, 1.6), rng.uniform(0.75, 1.2)
    table = np.clip(255 * gain * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table)


def shadow(image: Image, rng: Random) -> Image:
    """Lay the shadow of a tree or house across the picture: its edge is no crack."""
    height, width = image.shape[:2]
    corners = rng.uniform(-0.3, 1.3, (int(rng.integers(3, 7)), 2)) * (width, height)
    shade = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(shade, cv2.convexHull(corners.astype(np.int32)), 255)
    softness = float(rng.uniform(0.5, 6))
    light = 255 - cv2.GaussianBlur(shade, (0, 0), softness) * rng.uniform(0.2, 0.6)
    return cv2.multiply(image, cv2.merge([light] * 3).astype(np.uint8), scale=1 / 255)


def rain(image: Image, rng: Random) -> Image:
    """Draw streaks and lower the contrast, as rain before the lens does."""
    height, width = image.shape[:2]
    streaks = np.zeros((height, width), np.uint8)
    slant = rng.uniform(-0.3, 0.3)
    for x, y in rng.uniform(0, 1, (int(rng.integers(40, 200)), 2)) * (width, height):
        length = rng.uniform(6, 20)
        end = int(x + slant * length), int(y + length)
        cv2.line(streaks, (int(x), int(y)), end, int(rng.integers(60, 160)), 1, cv2.LINE_AA)
    bright = cv2.merge([cv2.GaussianBlur(streaks, (3, 3), 0)] * 3)
    return cv2.addWeighted(image, 0.85, bright, 0.6, 0.15 * float(image.mean()))


DISTURBANCES: tuple[Callable[[Image, Random], Image], ...] = (
    light,
    shadow,
    rain,
    blur,
    grain,
    jpeg,
)


def cut_patch(image: Image, xyxy: np.ndarray, kind: int, mask: np.ndarray | None = None) -> Patch:
    """Cut a box out of a picture; `mask` (h, w) says which pixels are damage, else all are."""
    height, width = image.shape[:2]
    grown = (xyxy + GROWN).clip(0, (width, height, width, height)).astype(int)
    x1, y1, x2, y2 = grown
    if mask is None:
        alpha = np.zeros((y2 - y1, x2 - x1), np.float32)
        cv2.rectangle(alpha, (3, 3), (max(3, x2 - x1 - 4), max(3, y2 - y1 - 4)), 1.0, -1)
    else:
        alpha = cv2.dilate((mask[y1:y2, x1:x2] > 0).astype(np.float32), np.ones((3, 3)))
    alpha[[0, -1]] = alpha[:, [0, -1]] = 0
    return Patch(image[y1:y2, x1:x2].copy(), cv2.GaussianBlur(alpha, (0, 0), 1.5), kind)


def paste(
    image: Image, boxes: np.ndarray, patches: Sequence[Patch], rng: Random
) -> tuple[Image, np.ndarray, int] | None:
    """Paste one patch onto free road; return picture, its box (xyxy in pixels) and its class.

    The patch is turned left to right by chance, scaled a little, and its brightness moved to that
    of the place. None if the place drawn is taken or does not look like road.
    """
    patch = patches[int(rng.integers(len(patches)))]
    piece, alpha = patch.image, patch.alpha
    if rng.random() < 0.5:
        piece, alpha = piece[:, ::-1], alpha[:, ::-1]
    size = np.array(alpha.shape[::-1]) * rng.uniform(0.7, 1.3)
    w, h = (int(value) for value in size.round())
    height, width = image.shape[:2]
    top, bottom = int(ROAD_BAND[0] * height), int(ROAD_BAND[1] * height) - h
    if min(w, h) < 8 or w >= 0.6 * width or top >= bottom:
        return None
    x, y = int(rng.integers(0, width - w)), int(rng.integers(top, bottom))
    box = np.array([x, y, x + w, y + h], float)
    place = image[y : y + h, x : x + w]
    if _shared(box, boxes) > MOST_SHARED or not _is_road(place):
        return None
    piece = cv2.resize(piece, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = cv2.resize(alpha, (w, h), interpolation=cv2.INTER_AREA)[..., None]
    edge = alpha[..., 0] < 0.3
    if edge.any():
        piece += place[edge].mean(axis=0) - piece[edge].mean(axis=0)
    pasted = image.copy()
    pasted[y : y + h, x : x + w] = np.clip(piece * alpha + place * (1 - alpha), 0, 255)
    return pasted, box + SHRUNK, patch.kind


def _shared(box: np.ndarray, boxes: np.ndarray) -> float:
    if not len(boxes):
        return 0.0
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    area = np.prod(box[2:] - box[:2])
    return float(np.prod(np.clip(high - low, 0, None), axis=1).max() / area)


def _is_road(place: Image) -> bool:
    """Grey and even: no marking, verge, vehicle or sky."""
    colour = cv2.cvtColor(place, cv2.COLOR_BGR2HSV).reshape(-1, 3).astype(float)
    return bool(
        colour[:, 1].mean() < 60 and 40 < colour[:, 2].mean() < 200 and colour[:, 2].std() < 28
    )
