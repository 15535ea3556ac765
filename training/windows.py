"""Cuts windows out of large training pictures, so that they are taught at the size a drive is seen.

A drive's frame is shrunk to SEEN_PX before the network looks at it; training on a CPU looks at
WINDOW_PX. Shrunk to that, a crack of a wide picture is thinner than it will ever be seen. Beside
the whole picture, shrunk, a window of its lower part is therefore taught at the size of use.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from training.pictures import Picture, decode, encode, yolo_line

SEEN_PX, WINDOW_PX = 640, 448
LEAST_VISIBLE = 0.3
"""Less of a box than this inside a window is no damage that anybody would mark."""


def with_windows(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Yield the pictures, and after each vehicle's training picture wider than SEEN_PX a window."""
    for picture in pictures:
        yield picture
        if picture.split == "train" and picture.view == "vehicle":
            image = decode(picture.jpeg)
            if image.shape[1] > SEEN_PX:
                yield window(picture, image)


def window(picture: Picture, image: np.ndarray) -> Picture:
    """Return a window of a picture's lower part at SEEN_PX; its column follows from the name."""
    scale = SEEN_PX / image.shape[1]
    seen = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = seen.shape[:2]
    drawn = int.from_bytes(hashlib.sha256(picture.name.encode()).digest()[:8])
    left, top = drawn % (width - WINDOW_PX + 1), max(0, height - WINDOW_PX)
    part = seen[top:, left : left + WINDOW_PX]
    corner = left, top
    return replace(
        picture,
        name=f"{picture.name}_window",
        jpeg=encode(part),
        labels=cut(picture.labels, (width, height), corner, part.shape, LEAST_VISIBLE),
        unlabelled=cut(picture.unlabelled, (width, height), corner, part.shape, 0.0),
        mask=b"",
    )


def cut(
    lines: str,
    size: tuple[int, int],
    corner: tuple[int, int],
    shape: tuple[int, ...],
    least_visible: float,
) -> str:
    """Return the label lines of a picture of `size` (w, h) inside a window of `shape` (h, w, ...).

    `corner` is the window's left and top in pixels; a box of which no more than `least_visible`
    (a share of its area) lies inside is left out.
    """
    kept = ""
    for line in lines.splitlines():
        kind, *rest = line.split()
        cx, cy, w, h = (float(value) for value in rest)
        x, y = cx * size[0] - corner[0], cy * size[1] - corner[1]
        half_w, half_h = w * size[0] / 2, h * size[1] / 2
        x1, x2 = max(0.0, x - half_w), min(float(shape[1]), x + half_w)
        y1, y2 = max(0.0, y - half_h), min(float(shape[0]), y + half_h)
        if max(0.0, x2 - x1) * max(0.0, y2 - y1) > least_visible * 4 * half_w * half_h:
            kept += yolo_line(kind, (x1, y1, x2, y2), shape[1], shape[0])
    return kept
