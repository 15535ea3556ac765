"""Corners of small grey frames, followed from frame to frame."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from roadscan.locate.relative_motion import PointPairs
from roadscan.model.arrays import Bools, Floats, Image
from roadscan.model.frame import Frame

MAX_PAIR_S: Final = 0.5
"""Frames further apart are no neighbours."""
CELLS: Final = (6, 8)
"""Rows and columns that corners are spread over, so that a text overlay cannot take them all."""
MAX_CORNERS: Final = 240
LEAST_CORNERS: Final = 20
QUALITY: Final = 0.03
APART_PX: Final = 6
WINDOW_PX: Final = (17, 17)
LEVELS: Final = 4
LOOP_ERROR_PX: Final = 0.4
"""A corner tracked forward and back must return to within this distance."""


_Points = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class FollowedPoints:
    """Points of all pairs of neighbouring frames, and the size of the frames."""

    points: PointPairs
    width: int
    height: int


def follow_points(frames: Iterable[Frame]) -> FollowedPoints:
    """Follow corners through grey frames of one size (about 640 pixels wide, 10 Hz).

    Memory grows with the number of frames by a few kilobytes each; the frames are not kept.
    """
    times_s, steps_s, befores, afters = [], [], list[Floats](), list[Floats]()
    last: Frame | None = None
    height, width = 0, 0
    for frame in frames:
        height, width = frame.image.shape[:2]
        if last is not None and last.image.shape == frame.image.shape:
            step_s = frame.video_t_s - last.video_t_s
            found = _followed(last.image, frame.image) if 0.0 < step_s <= MAX_PAIR_S else None
            if found is not None:
                times_s.append(0.5 * (frame.video_t_s + last.video_t_s))
                steps_s.append(step_s)
                befores.append(found[0])
                afters.append(found[1])
        last = frame
    nothing = np.zeros((0, 2))
    points = PointPairs(
        np.array(times_s, float),
        np.array(steps_s, float),
        np.repeat(np.arange(len(befores)), [len(one) for one in befores]),
        np.concatenate(befores) if befores else nothing,
        np.concatenate(afters) if afters else nothing,
    )
    return FollowedPoints(points, width, height)


def _followed(first: Image, second: Image) -> tuple[Floats, Floats] | None:
    """Return corners before and after, in pixels from the middle; None if there are too few."""
    before = _corners(first)
    if len(before) < LEAST_CORNERS:
        return None
    after, found = _track(first, second, before)
    back, returned = _track(second, first, after)
    good = found & returned & (np.hypot(*(back - before).T) < LOOP_ERROR_PX)
    # the middle of a pixel is half a pixel from its edge
    middle = np.array(first.shape[1::-1]) / 2 - 0.5
    return before[good].astype(np.float64) - middle, after[good].astype(np.float64) - middle


def _track(first: Image, second: Image, points: _Points) -> tuple[_Points, Bools]:
    """Follow points by Lucas and Kanade's method with pyramids."""
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points, np.empty_like(points), winSize=WINDOW_PX, maxLevel=LEVELS
    )
    return moved.astype(np.float32), found.ravel() == 1


def _corners(image: Image) -> _Points:
    """Return corners spread over the cells of the picture, (n, 2)."""
    rows, columns = CELLS
    height, width = image.shape[0] // rows, image.shape[1] // columns
    found = []
    for top in range(0, rows * height, max(1, height)):
        for left in range(0, columns * width, max(1, width)):
            corners = cv2.goodFeaturesToTrack(
                image[top : top + height, left : left + width],
                MAX_CORNERS // (rows * columns),
                qualityLevel=QUALITY,
                minDistance=APART_PX,
            )
            if corners is not None:
                found.append(corners.reshape(-1, 2) + np.array([left, top], dtype=np.float32))
    return np.concatenate(found).astype(np.float32) if found else np.zeros((0, 2), np.float32)
