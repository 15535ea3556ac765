"""The parts of a drive that tell most of its camera: bends, and straight road from end to end."""

from typing import Final

import numpy as np

from roadscan.locate.drive_path import state_at
from roadscan.model.arrays import Floats
from roadscan.model.track import DrivePath

WINDOW_S: Final = 14.0
GRID_S: Final = 0.5
START_S: Final = 2.0
"""Between the windows that are tried."""
END_S: Final = 3.5
"""At either end of a bend the vehicle drives straight on: so the track knows how far it turned."""
LEAST_TURN_DEG: Final = 45.0
STRAIGHT_DEG_S: Final = 4.0
LEAST_SPEED_MPS: Final = 3.0
BENDS_SHARE: Final = 0.5
LEAST_STRAIGHT: Final = 0.4


def calibration_windows(
    path: DrivePath | None, started_s: float, playable_s: float, budget_s: float
) -> list[tuple[float, float]]:
    """Return windows of a video (seconds) of at most so much time together, ascending.

    `path` is in UTC, `started_s` the video's start; without a path they are spread evenly. A short
    video is one window.
    """
    if playable_s <= budget_s + WINDOW_S:
        return [(0.0, playable_s)]
    count = max(1, int(budget_s / WINDOW_S))
    starts = np.arange(0.0, playable_s - WINDOW_S, START_S)
    if path is None:
        chosen = starts[np.linspace(0, len(starts) - 1, count).round().astype(int)].tolist()
    else:
        turns, straight = _told(path, started_s, starts)
        chosen = _apart(starts, turns, max(1, int(count * BENDS_SHARE)), [])
        # over the whole drive, so that a mount that slips is noticed
        for part in np.array_split(np.arange(len(starts)), max(1, count - len(chosen))):
            some = np.where(straight[part] >= LEAST_STRAIGHT, straight[part], 0.0)
            chosen = _apart(starts[part], some, 1, chosen)
    return _joined(sorted(chosen))


def _told(path: DrivePath, started_s: float, starts: Floats) -> tuple[Floats, Floats]:
    """Return for each window the degrees turned in a bend in it, and its share of straight road."""
    each_s = np.arange(0.0, WINDOW_S, GRID_S)
    state = state_at(path, (started_s + starts[:, None] + each_s).ravel())
    course = np.unwrap(state.heading_deg.reshape(len(starts), -1), period=360.0, axis=1)
    speed = np.nan_to_num(state.speed_mps).reshape(len(starts), -1)
    rate = np.abs(np.gradient(course, GRID_S, axis=1))
    known = np.isfinite(course).all(axis=1)
    straight = (rate < STRAIGHT_DEG_S) & (speed > LEAST_SPEED_MPS)
    ends = round(END_S / GRID_S)
    begun = straight[:, :ends].all(axis=1) & straight[:, -ends:].all(axis=1) & known
    turned = np.where(begun, np.abs(np.nan_to_num(course[:, -1] - course[:, 0])), 0.0)
    return np.where(turned >= LEAST_TURN_DEG, turned, 0.0), straight.mean(axis=1)


def _apart(starts: Floats, worth: Floats, most: int, taken: list[float]) -> list[float]:
    """Add the starts of the windows worth most that overlap none taken before."""
    chosen, wanted = list(taken), len(taken) + most
    for number in np.argsort(-worth, kind="stable"):
        if len(chosen) >= wanted or worth[number] <= 0.0:
            break
        start = float(starts[number])
        if all(abs(start - other) >= WINDOW_S for other in chosen):
            chosen.append(start)
    return chosen


def _joined(starts: list[float]) -> list[tuple[float, float]]:
    windows: list[tuple[float, float]] = []
    for start in starts:
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], start + WINDOW_S)
        else:
            windows.append((start, start + WINDOW_S))
    return windows
