"""Apparent motion of a video: turn rate and speed, up to scale, from small grey frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from roadscan.model.arrays import Floats, Image, Ints
from roadscan.model.frame import Frame

MAX_PAIR_S: Final = 0.5
"""Frames further apart belong to different windows."""
MAX_CORNERS: Final = 250
CELLS: Final = (4, 6)
"""Rows and columns of cells over which corners are spread: a text overlay cannot hold them all."""
LOOP_ERROR_PX: Final = 0.5
"""A corner tracked forward and back must return to within this distance."""
FROZEN: Final = 0.001
"""Picture heights: corners that move less than this in a moving picture are an overlay, a
reflection in the windscreen, or the vehicle's own bonnet."""
MOVING: Final = 0.005
"""Picture heights: a picture counts as moving if a fifth of its corners move further."""
MIN_ROAD_POINTS: Final = 4
MIN_FAR_POINTS: Final = 8
HORIZONS: Final = np.linspace(0.30, 0.65, 15)
"""Shares of the picture's height at which the horizon may lie."""
ROAD_HALF_WIDTH: Final = 0.6
"""Picture heights on either side of the middle: where the road is."""
ROAD_FROM: Final = 0.07
"""Share of the height below the horizon: rows closer to it are too far away to measure speed."""
FAR_TO: Final = 0.10
"""Share of the height below the horizon: rows above are far enough to measure the turn rate."""
AGREES: Final = 0.25
"""Points within this share of the median agree with it; ..."""
AGREES_STILL: Final = 0.02
"""... at standstill, points within this distance: half a pixel of a small frame."""
ROBUST_STEPS: Final = 8
HORIZON_PAIRS: Final = 200
"""At least so many pairs decide on the horizon, from all of the video."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Apparent motion between neighbouring frames, one row per pair, in the video's time.

    `turn` is positive to the right (clockwise from above), in picture heights per second; `speed`
    is metres per second over the camera's height and focal length in picture heights. Both have an
    unknown positive scale; NaN with too few corners. `quality` is the share of corners on
    the road that agree on the speed, 0 to 1. `window` numbers the uninterrupted stretches.
    """

    t_s: Floats
    turn: Floats
    speed: Floats
    quality: Floats
    window: Ints


@dataclass(frozen=True, slots=True)
class Flow:
    """Corners of one frame and their positions in the next.

    (n, 2) in picture heights from the middle of the top edge.
    """

    t_s: float
    step_s: float
    window: int
    before: Floats
    after: Floats


def apparent_motion(frames: Iterable[Frame]) -> Motion:
    """Measure the apparent motion in grey frames of one size (about 320 x 180, 10 Hz)."""
    return motion_from_flows(corner_flows(frames))


def corner_flows(frames: Iterable[Frame], first_window: int = 0) -> list[Flow]:
    """Track corners from frame to frame (Lucas-Kanade with pyramids, checked backwards).

    Memory grows by a few kilobytes per frame; the frames themselves are not held.
    """
    flows: list[Flow] = []
    window = first_window
    last: Frame | None = None
    for frame in frames:
        if last is not None:
            step_s = frame.video_t_s - last.video_t_s
            if 0.0 < step_s <= MAX_PAIR_S and frame.image.shape == last.image.shape:
                flows.append(_track(last, frame, window))
            else:
                window += 1
        last = frame
    return flows


def motion_from_flows(flows: Sequence[Flow]) -> Motion:
    """Return the motion that corners show.

    On a flat road a point y below the horizon moves so that 1/y falls by the distance over camera
    height and focal length: speed is the median of that over the road. What remains of the
    horizontal flow near and above the horizon is the turn. The horizon is the row for which the
    road's points agree best over all pairs.
    """
    if not flows:
        nothing = np.zeros(0)
        return Motion(nothing, nothing, nothing, nothing, np.zeros(0, dtype=np.int64))
    horizon = _horizon(flows[:: max(1, len(flows) // HORIZON_PAIRS)])
    signals = np.array([_signals(flow, horizon) for flow in flows])
    return Motion(
        t_s=np.array([flow.t_s for flow in flows]),
        turn=signals[:, 0],
        speed=signals[:, 1],
        quality=signals[:, 2],
        window=np.array([flow.window for flow in flows], dtype=np.int64),
    )


def _track(first: Frame, second: Frame, window: int) -> Flow:
    before = _corners(first.image)
    middle_s = 0.5 * (first.video_t_s + second.video_t_s)
    step_s = second.video_t_s - first.video_t_s
    if len(before) == 0:
        nothing = np.zeros((0, 2))
        return Flow(middle_s, step_s, window, nothing, nothing)
    after, found, _ = cv2.calcOpticalFlowPyrLK(
        first.image, second.image, before, np.empty_like(before), winSize=(15, 15), maxLevel=3
    )
    back, returned, _ = cv2.calcOpticalFlowPyrLK(
        second.image, first.image, after, np.empty_like(before), winSize=(15, 15), maxLevel=3
    )
    loop_px = np.hypot(*(back - before).T)
    good = (found.ravel() == 1) & (returned.ravel() == 1) & (loop_px < LOOP_ERROR_PX)
    height, width = first.image.shape[:2]
    middle = np.array([0.5 * width, 0.0])
    return Flow(
        middle_s, step_s, window, (before[good] - middle) / height, (after[good] - middle) / height
    )


def _corners(image: Image) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return corners spread over the cells of the picture, (n, 2)."""
    rows, columns = CELLS
    height, width = image.shape[0] // rows, image.shape[1] // columns
    found = []
    for row in range(rows):
        for column in range(columns):
            top, left = row * height, column * width
            cell = image[top : top + height, left : left + width]
            corners = cv2.goodFeaturesToTrack(
                cell, MAX_CORNERS // (rows * columns), qualityLevel=0.05, minDistance=4
            )
            if corners is not None:
                found.append(corners.reshape(-1, 2) + np.array([left, top], dtype=np.float32))
    if not found:
        return np.zeros((0, 2), dtype=np.float32)
    return np.concatenate(found).astype(np.float32)


def _driven(flow: Flow, horizon: float) -> Floats:
    """Return the distance driven by each road point, over camera height and focal length."""
    near, nearer = flow.before[:, 1] - horizon, flow.after[:, 1] - horizon
    on_road = (near > ROAD_FROM) & (nearer > ROAD_FROM)
    on_road &= np.abs(flow.before[:, 0]) < ROAD_HALF_WIDTH
    moved = np.hypot(*(flow.after - flow.before).T)
    if len(moved) and np.quantile(moved, 0.8) > MOVING:
        on_road &= moved > FROZEN
    driven: Floats = 1.0 / near[on_road] - 1.0 / nearer[on_road]
    return driven


def _horizon(flows: Sequence[Flow]) -> float:
    """Return the horizon, as a share of the height, for which the road points agree best."""
    best, best_spread = float(np.median(HORIZONS)), np.inf
    for horizon in HORIZONS:
        spreads = []
        for flow in flows:
            driven = _driven(flow, float(horizon))
            # a camera that looks back sees the road move away
            middle = abs(float(np.median(driven))) if len(driven) >= MIN_ROAD_POINTS else 0.0
            if middle > 0.0:
                spreads.append(np.median(np.abs(np.abs(driven) - middle)) / middle)
        spread = float(np.median(spreads)) if spreads else np.inf
        if spread < best_spread:
            best, best_spread = float(horizon), spread
    return best


def _signals(flow: Flow, horizon: float) -> tuple[float, float, float]:
    """Return turn, speed and quality of one pair; turn or speed is NaN with too few corners."""
    driven = _driven(flow, horizon)
    enough_road = len(driven) >= MIN_ROAD_POINTS
    drive = float(np.median(driven)) if enough_road else 0.0
    agree = np.abs(driven - drive) < AGREES * abs(drive) + AGREES_STILL
    x, y = flow.before[:, 0], flow.before[:, 1] - horizon
    far = y < FAR_TO
    # under pure forward motion x / y of a road point is constant
    growth = 1.0 / (1.0 - np.clip(drive * np.maximum(y[far], 0.0), -0.5, 0.5))
    sideways = flow.after[far, 0] - x[far] * growth
    turn = _at_centre(x[far], sideways) if far.sum() >= MIN_FAR_POINTS else np.nan
    return (
        -turn / flow.step_s,
        drive / flow.step_s if enough_road else np.nan,
        float(agree.mean()) if enough_road else 0.0,
    )


def _at_centre(x: Floats, sideways: Floats) -> float:
    """Fit a line through sideways motion over x, robustly, and return it at x = 0.

    Objects beside the road move outwards as the vehicle drives: the slope absorbs that.
    """
    design = np.column_stack([np.ones_like(x), x])
    weight = np.ones_like(x)
    line = np.array([np.median(sideways), 0.0])
    for _ in range(ROBUST_STEPS):
        off = np.abs(sideways - design @ line)
        scale = 1.4826 * float(np.median(off)) + 1e-6
        weight = 1.0 / (1.0 + (off / (2.0 * scale)) ** 2)
        root = np.sqrt(weight)[:, None]
        line = np.linalg.lstsq(design * root, sideways * root[:, 0], rcond=None)[0]
    return float(line[0])
