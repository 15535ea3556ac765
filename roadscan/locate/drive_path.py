"""The vehicle's state along a cleaned path, and times sampled by distance driven."""

from dataclasses import dataclass

import numpy as np

from roadscan.locate.smooth import unwrapped_deg
from roadscan.model.arrays import Floats, Ints
from roadscan.model.track import DrivePath


@dataclass(frozen=True, slots=True)
class PathState:
    """State of the vehicle at given times: arrays of one length; NaN and piece -1 if unknown."""

    x_m: Floats
    y_m: Floats
    heading_deg: Floats
    speed_mps: Floats
    driven_m: Floats
    accuracy_m: Floats
    piece: Ints


def state_at(path: DrivePath, t_s: Floats) -> PathState:
    """Return the vehicle's state at UTC times in any order, interpolated linearly within a piece.

    In gaps and outside the track all values are NaN and the piece is -1. The heading is
    interpolated the shorter way round.
    """
    after = np.searchsorted(path.t_s, t_s, side="right")
    i = np.clip(after - 1, 0, len(path.t_s) - 1)
    j = np.minimum(i + 1, len(path.t_s) - 1)
    exact = path.t_s[i] == t_s
    inside = (after > 0) & (exact | ((after < len(path.t_s)) & (path.piece[i] == path.piece[j])))
    j = np.where(exact, i, j)
    step_s = path.t_s[j] - path.t_s[i]
    share = np.divide(t_s - path.t_s[i], step_s, out=np.zeros(len(t_s)), where=step_s > 0.0)

    def between(values: Floats) -> Floats:
        there: Floats = np.where(inside, values[i] + share * (values[j] - values[i]), np.nan)
        return there

    return PathState(
        x_m=between(path.x_m),
        y_m=between(path.y_m),
        heading_deg=between(unwrapped_deg(path.heading_deg)) % 360.0,
        speed_mps=between(path.speed_mps),
        driven_m=between(path.driven_m),
        accuracy_m=between(path.accuracy_m),
        piece=np.where(inside, path.piece[i], -1),
    )


def sample_times(path: DrivePath, every_m: float, from_s: float, to_s: float) -> Floats:
    """Return the UTC times in [`from_s`, `to_s`) at which another `every_m` metres are driven.

    They are counted from the start of the path, so that the times of consecutive intervals together
    are those of the whole. There are none at standstill, and none in gaps, which add no distance.
    """
    grid_m = every_m * np.arange(1, int(path.driven_m[-1] / every_m) + 1)
    # the step that reaches a grid line covers distance, and so lies within one piece
    j = np.searchsorted(path.driven_m, grid_m, side="left")
    share = (grid_m - path.driven_m[j - 1]) / (path.driven_m[j] - path.driven_m[j - 1])
    t_s = path.t_s[j - 1] + share * (path.t_s[j] - path.t_s[j - 1])
    times: Floats = t_s[(t_s >= from_s) & (t_s < to_s)]
    return times
