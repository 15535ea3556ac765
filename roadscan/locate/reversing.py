"""Stretches driven backwards: the track turns round, but the picture shows no turn."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from roadscan.locate.apparent_motion import Motion
from roadscan.locate.drive_path import state_at
from roadscan.model.arrays import Floats
from roadscan.model.track import FIX_FIELDS, DrivePath, Track

TURN_DEG: Final = 120.0
"""Change of the direction of motion from which the track counts as turning round."""
AROUND_M: Final = 10.0
"""Distance before and after at which directions are compared: the arc of a U-turn fits between."""
LOOK_S: Final = 15.0
"""Seconds of video analysed per stretch, next to a turn round."""
MIN_SPEED_MPS: Final = 1.0
MIN_PAIRS: Final = 8
"""Pairs of frames in motion that are needed to decide which way the vehicle drives."""


def turn_rounds(path: DrivePath) -> tuple[float, ...]:
    """Return the UTC times at which the direction of motion reverses."""
    found: list[float] = []
    for piece in np.unique(path.piece):
        rows = np.flatnonzero(path.piece == piece)
        driven_m, heading = path.driven_m[rows], path.heading_deg[rows]
        before = np.searchsorted(driven_m, driven_m - AROUND_M, side="left")
        after = np.searchsorted(driven_m, driven_m + AROUND_M, side="right") - 1
        off_deg = np.abs((heading[after] - heading[before] + 180.0) % 360.0 - 180.0)
        turned = np.flatnonzero(off_deg > TURN_DEG)
        for group in np.split(turned, np.flatnonzero(np.diff(turned) > 1) + 1):
            if len(group):
                # the vehicle is slowest where it turns back
                slowest = group[int(np.argmin(path.speed_mps[rows[group]]))]
                found.append(float(path.t_s[rows[slowest]]))
    return tuple(found)


def windows_to_look_at(
    turns_s: tuple[float, ...], from_s: float, to_s: float
) -> tuple[tuple[float, float], ...]:
    """Return the periods (UTC, in order) of video that show which way each stretch was driven.

    The end of the stretch before the first turn round, and the beginning of each later one.
    """
    inside = [turn_s for turn_s in turns_s if from_s < turn_s < to_s]
    if not inside:
        return ()
    ends = [*inside[1:], to_s]
    windows = [(max(from_s, inside[0] - LOOK_S), inside[0])]
    windows += [(a, min(a + LOOK_S, b)) for a, b in zip(inside, ends, strict=True)]
    return tuple(window for window in windows if window[1] - window[0] > 1.0)


def reversing(
    path: DrivePath, turns_s: tuple[float, ...], motion: Motion, shift_s: float
) -> tuple[tuple[float, float], ...]:
    """Return the stretches (UTC), between turns round, that were driven backwards.

    When a vehicle reverses, the road moves away from its camera. UTC = video time + `shift_s`.
    """
    t_s = motion.t_s + shift_s
    speed_mps = state_at(path, t_s).speed_mps
    moves = (speed_mps >= MIN_SPEED_MPS) & np.isfinite(motion.speed)
    bounds = [float(path.t_s[0]), *turns_s, float(path.t_s[-1])]
    found: list[tuple[float, float]] = []
    for a, b in pairwise(bounds):
        here = moves & (t_s > a) & (t_s < b)
        if here.sum() < MIN_PAIRS or np.median(np.sign(motion.speed[here])) >= 0.0:
            continue
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return tuple(found)


def without(track: Track, stretches: tuple[tuple[float, float], ...]) -> Track:
    """Return the track without the fixes inside the stretches; it is interrupted there."""
    inside = np.zeros(len(track.t_s), np.bool_)
    later = np.zeros(len(track.t_s), np.int64)
    for a, b in stretches:
        inside |= (track.t_s > a) & (track.t_s < b)
        later += track.t_s >= b
    fixes = {name: getattr(track, name)[~inside] for name in FIX_FIELDS}
    return replace(track, **fixes | {"part": (track.part + later)[~inside]})


def backwards_m(path: DrivePath, stretches: tuple[tuple[float, float], ...]) -> float:
    """Return the metres driven backwards."""
    ends: Floats = np.array(stretches).reshape(-1, 2)
    return float(sum(np.nan_to_num(np.diff(state_at(path, pair).driven_m))[0] for pair in ends))
