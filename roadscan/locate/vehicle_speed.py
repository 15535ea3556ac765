"""Whether a drive's speed fits the vehicle that it is said to have."""

from typing import Final

import numpy as np

from roadscan.model.road import Vehicle
from roadscan.model.track import DrivePath

LEAST_M: Final = 500.0
"""Shorter drives say little of a vehicle."""
SHARE: Final = 0.95
"""Of the metres are driven no faster than the speed that is compared."""
KMH: Final[dict[Vehicle, tuple[float, float]]] = {
    Vehicle.CAR: (25.0, 250.0),
    Vehicle.BICYCLE: (7.0, 45.0),
    Vehicle.FOOT: (0.0, 9.0),
    Vehicle.WORKS: (0.0, 90.0),
}
"""That speed lies between these, by judgment; an electric bicycle rides up to 45 km/h."""


def vehicle_doubt(path: DrivePath, vehicle: Vehicle) -> str:
    """Return a warning where the speed contradicts the vehicle, else ""."""
    step_m, step_s = np.diff(path.driven_m), np.diff(path.t_s)
    moves = (step_m > 0.0) & (np.diff(path.piece) == 0)
    if step_m[moves].sum() < LEAST_M:
        return ""
    speed_kmh = 3.6 * step_m[moves] / step_s[moves]
    order = np.argsort(speed_kmh)
    share = np.cumsum(step_m[moves][order]) / step_m[moves].sum()
    kmh = float(speed_kmh[order][np.searchsorted(share, SHARE)])
    low, high = KMH[vehicle]
    if low <= kmh <= high:
        return ""
    fits = ", ".join(one.value for one, (least, most) in KMH.items() if least <= kmh <= most)
    return (
        f"vehicle_doubtful: the vehicle is said to be {vehicle.value}, but 95 % of the way was "
        f"driven at up to {kmh:.0f} km/h, as by {fits}"
    )
