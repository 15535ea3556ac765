"""Finds pictures of one place: by difference hash, and by features that one homography maps.

Neighbouring frames of a drive show the same crack. In two splits they make a test that measures
memory. Pictures are compared where their hashes are near or their thumbnails are the most alike;
they show one place if the hashes are nearly equal, or if ORB features of one lie in the other where
a homography puts them (Rublee et al., ORB, ICCV 2011).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from training.pictures import decode

SIDE_PX = 320
"""Pictures are compared at this longer side."""
FEATURES = 500
NEAR_BITS, SAME_BITS = 12, 3
"""Of 64: hashes this near are worth a comparison; this near they may be copies of one picture."""
SAME_THUMBNAIL = 0.97
"""Correlation of thumbnails from which on they are: roads that only look alike reach 0.95."""
NEIGHBOURS = 8
"""So many of the most alike thumbnails are compared as well."""
RATIO = 0.8
LEAST_INLIERS = 25
SPREAD = 0.15
"""Inliers must lie over this share of the picture: a burnt-in mark or bonnet is no place."""
SCALES = 0.4, 2.5
"""A view of the same place has the picture's corners in order and about so large."""
CHUNK = 1000


@dataclass(frozen=True)
class Look:
    """What of a picture is compared."""

    bits: int
    """Difference hash, 64 bits."""
    thumbnail: np.ndarray
    """(256,), mean 0, length 1."""
    points: np.ndarray
    """(n, 2) in shares of width and height."""
    features: np.ndarray
    """(n, 32) ORB descriptors."""


def look(jpeg: bytes) -> Look:
    """Compute what of a picture is compared."""
    image = decode(jpeg, cv2.IMREAD_GRAYSCALE)
    scale = SIDE_PX / max(image.shape)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tiny = cv2.resize(small, (9, 8), interpolation=cv2.INTER_AREA).astype(int)
    signs = (tiny[:, 1:] > tiny[:, :-1]).reshape(-1)
    thumbnail = cv2.resize(small, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    thumbnail -= thumbnail.mean()
    found, features = cv2.ORB_create(FEATURES, fastThreshold=8).detectAndCompute(small, None)
    size = np.array(small.shape[::-1], np.float32)
    return Look(
        bits=int.from_bytes(np.packbits(signs).tobytes()),
        thumbnail=thumbnail / max(float(np.linalg.norm(thumbnail)), 1e-6),
        points=np.array([point.pt for point in found], np.float32).reshape(-1, 2) / size,
        features=np.zeros((0, 32), np.uint8) if features is None else features,
    )


def pairs(looks: Sequence[Look], apart: Sequence[str] | None = None) -> Iterator[tuple[int, int]]:
    """Yield the pairs that show one place; with `apart` only those whose entries there differ."""
    for one, other in _candidates(looks, None if apart is None else np.array(apart)):
        if same_place(looks[one], looks[other]):
            yield one, other


def same_place(one: Look, other: Look) -> bool:
    """Say whether two pictures show one place."""
    nearly = (one.bits ^ other.bits).bit_count() <= SAME_BITS
    if nearly and float(one.thumbnail @ other.thumbnail) >= SAME_THUMBNAIL:
        return True
    if min(len(one.features), len(other.features)) < LEAST_INLIERS:
        return False
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    near = [
        best[0]
        for best in matcher.knnMatch(one.features, other.features, k=2)
        if len(best) == 2 and best[0].distance < RATIO * best[1].distance
    ]
    if len(near) < LEAST_INLIERS:
        return False
    start = one.points[[match.queryIdx for match in near]]
    end = other.points[[match.trainIdx for match in near]]
    matrix, inside = cv2.findHomography(start, end, cv2.RANSAC, 0.012)
    if matrix is None or inside.sum() < LEAST_INLIERS or not _is_view(matrix):
        return False
    held = inside.ravel() == 1
    return bool(
        (np.ptp(start[held], axis=0) > SPREAD).all() and (np.ptp(end[held], axis=0) > SPREAD).all()
    )


def _is_view(matrix: np.ndarray) -> bool:
    """Tell a change of viewpoint from a folding that many chance matches agree on."""
    square = np.array([[[0, 0]], [[1, 0]], [[1, 1]], [[0, 1]]], np.float32)
    seen = cv2.perspectiveTransform(square, matrix)
    area = cv2.contourArea(seen, oriented=True)
    return cv2.isContourConvex(seen) and SCALES[0] ** 2 <= area <= SCALES[1] ** 2


def scenes(looks: Sequence[Look]) -> list[int]:
    """Return for each picture the number of its scene: joined, directly or over others."""
    parent = list(range(len(looks)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in pairs(looks):
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [root(number) for number in range(len(looks))]


def looks_of(
    jpegs: Sequence[bytes], progress: Callable[[int], None] = lambda _: None
) -> list[Look]:
    """Compute the looks of many pictures."""
    found = []
    for number, jpeg in enumerate(jpegs):
        found.append(look(jpeg))
        progress(number)
    return found


def _candidates(looks: Sequence[Look], apart: np.ndarray | None) -> list[tuple[int, int]]:
    bits = np.array([own.bits for own in looks], np.uint64)
    thumbnails = np.array([own.thumbnail for own in looks], np.float32)
    found: set[tuple[int, int]] = set()
    for start in range(0, len(looks), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(looks)))
        away = rows[:, None] != np.arange(len(looks))
        if apart is not None:
            away &= apart[rows, None] != apart[None]
        near = (np.bitwise_count(bits[rows, None] ^ bits[None]) <= NEAR_BITS) & away
        alike = np.where(away, thumbnails[rows] @ thumbnails.T, -2.0)
        count = min(NEIGHBOURS, len(looks) - 1)
        best = (
            np.argpartition(-alike, count - 1, axis=1)[:, :count]
            if count > 0
            else np.zeros((len(rows), 0), int)
        )
        np.put_along_axis(near, best, np.take_along_axis(away, best, 1), 1)
        found |= {(min(r + start, c), max(r + start, c)) for r, c in np.argwhere(near).tolist()}
    return sorted(found)
