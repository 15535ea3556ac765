"""Frames that fill up a dataset: sound road from a clip, and rendered roads."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from training.pictures import CLASSES, Picture, decode, encode, yolo_line

EVERY_S = 0.8
CLIP_WIDTH_PX, WINDOW_PX = 640, 640
"""A clip is shrunk as a drive's frame is, and its middle taken as wide as training sees it."""
RENDERED_TEST = 40
LEAST_SIDE_PX = 10
"""Nobody draws a thinner box around a crack, and anchors 8 px apart would not meet it."""
LEAST_VISIBLE = 0.3
"""Less of a box than this inside a window is no damage that anybody would mark."""


def background(path: Path) -> Iterator[Picture]:
    """Yield frames of a clip on sound road: nothing in them is damage."""
    clip = cv2.VideoCapture(str(path))
    step = max(1, round(clip.get(cv2.CAP_PROP_FPS) * EVERY_S))
    number = 0
    while True:
        right, image = clip.read()
        if not right:
            return
        if number % step == 0:
            scale = CLIP_WIDTH_PX / image.shape[1]
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            left = (CLIP_WIDTH_PX - WINDOW_PX) // 2
            jpeg = encode(small[:, left : left + WINDOW_PX])
            name = f"{path.stem}_{number:06d}"
            yield Picture(name, path.stem, "background", "train", path.stem, jpeg, "")
        number += 1


def rendered(folder: Path, most: int, classes: Sequence[str] = CLASSES) -> Iterator[Picture]:
    """Yield frames rendered by data_samples/make.py: the first ones for testing, then up to `most`.

    For training a window of each is taken, not a smaller picture: a transverse crack far ahead is
    one pixel high as it is.
    """
    for number, path in enumerate(sorted((folder / "images").glob("*.jpg"))):
        if number >= RENDERED_TEST + most:
            return
        name = f"rendered_{path.stem}"
        labels = (folder / "labels" / f"{path.stem}.txt").read_text()
        if number < RENDERED_TEST:
            split, jpeg = "test", path.read_bytes()
            labels = _window(decode(jpeg), labels, None)[1]
        else:
            split = "train"
            image = cv2.imread(str(path))
            left = np.random.default_rng(number).integers(0, max(1, image.shape[1] - WINDOW_PX + 1))
            jpeg, labels = _window(image, labels, int(left))
        yield Picture(name, "rendered", "rendered", split, name, jpeg, labels, tuple(classes))


def _window(image: np.ndarray, labels: str, left: int | None) -> tuple[bytes, str]:
    """Take a window from a column on, or all of the picture, and its boxes as people draw them."""
    height, width = image.shape[:2]
    part = image if left is None else image[-WINDOW_PX:, left : left + WINDOW_PX]
    left = left or 0
    rows, columns = part.shape[:2]
    lines = ""
    for line in labels.splitlines():
        kind, cx, cy, w, h = line.split()
        half_w, half_h = (
            max(float(share) * side, LEAST_SIDE_PX) / 2 for share, side in ((w, width), (h, height))
        )
        x, y = float(cx) * width - left, float(cy) * height - (height - rows)
        x1, x2 = max(0.0, x - half_w), min(float(columns), x + half_w)
        y1, y2 = max(0.0, y - half_h), min(float(rows), y + half_h)
        shown = max(0.0, x2 - x1) * max(0.0, y2 - y1)
        if shown >= LEAST_VISIBLE * 4 * half_w * half_h > 0:
            lines += yolo_line(kind, (x1, y1, x2, y2), columns, rows)
    return encode(part), lines
