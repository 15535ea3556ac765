"""Coordinates that were rounded: by how much, from the values alone."""

import math
from typing import Final

import numpy as np

from roadscan.model.arrays import Floats

STEPS_DEG: Final = tuple(
    sorted([10.0**-k for k in range(5)] + [10.0**-k / 60.0 for k in range(4)], reverse=True)
)
"""Of degrees with up to four decimals, and of minutes with up to three: from 0.2 m on."""
MIN_VALUES: Final = 5
"""Fewer different values may be round by chance."""
ON_STEP_DEG: Final = 1e-7
"""By which a value may miss a step: minutes that were turned into decimals are cut off there."""
METRES_PER_DEG: Final = 111_320.0


def rounding_m(lon_deg: Floats, lat_deg: Floats) -> float:
    """Return the standard deviation of what rounding adds to a position, along either axis."""
    narrow = float(np.cos(np.radians(float(np.median(lat_deg)))))
    steps_m = _step_deg(lon_deg) * METRES_PER_DEG * narrow, _step_deg(lat_deg) * METRES_PER_DEG
    return max(steps_m) / math.sqrt(12.0)


def _step_deg(values: Floats) -> float:
    """Return the largest step of which all values are multiples, 0 if there is none."""
    different = np.unique(values)
    if len(different) < MIN_VALUES:
        return 0.0
    for step in STEPS_DEG:
        if np.all(np.abs(different - np.round(different / step) * step) < ON_STEP_DEG):
            return float(step)
    return 0.0
