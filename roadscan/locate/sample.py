"""Which moments of a drive are looked at: one every so many metres driven."""

import numpy as np

from roadscan.model.arrays import Floats
from roadscan.model.track import DrivePath


def sample_times(path: DrivePath, every_m: float, from_s: float, to_s: float) -> Floats:
    """Return the UTC times in [`from_s`, `to_s`) at which another `every_m` metres are driven.

    Counted from the start of the drive, so that the times of a drive are those of its chunks put
    together. None at standstill, where nothing is driven, and none in gaps, which add nothing.
    """
    grid_m = every_m * np.arange(1, int(path.driven_m[-1] / every_m) + 1)
    # the step that reaches a grid line moves, and so lies within one piece
    j = np.searchsorted(path.driven_m, grid_m, side="left")
    share = (grid_m - path.driven_m[j - 1]) / (path.driven_m[j] - path.driven_m[j - 1])
    t_s = path.t_s[j - 1] + share * (path.t_s[j] - path.t_s[j - 1])
    times: Floats = t_s[(t_s >= from_s) & (t_s < to_s)]
    return times
