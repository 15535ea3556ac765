"""A GNSS track as read, and the path driven as cleaned and projected."""

from dataclasses import dataclass
from typing import Final

from roadscan.model.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Track:
    """GNSS fixes in file order; arrays of one length, NaN where the file has no value.

    `t_s` are UTC epoch seconds. `part` numbers the uninterrupted stretches that the file declares
    (GPX segments); `course_deg` is clockwise from north; `accuracy_m` is one standard deviation
    across and along.
    """

    t_s: Floats
    lon_deg: Floats
    lat_deg: Floats
    speed_mps: Floats
    course_deg: Floats
    accuracy_m: Floats
    part: Ints
    format: str
    unread: int = 0
    """Entries of the file without a usable time and position."""
    same_time: int = 0
    """Fixes dropped because another fix with the same time is the right one."""
    warnings: tuple[str, ...] = ()
    """Warnings, each as "code: what was found"."""


FIX_FIELDS: Final = (
    "t_s",
    "lon_deg",
    "lat_deg",
    "speed_mps",
    "course_deg",
    "accuracy_m",
    "part",
)
"""The arrays of a `Track`, with one value per fix."""


DEFAULT_ACCURACY_M = 3.0
"""Of a receiver that does not say how accurate it is, one standard deviation."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A period without a usable track; nothing is placed in it."""

    from_s: float
    to_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class CleanCounts:
    """Fixes that cleaning removed from a track, by cause."""

    fixes: int
    kept: int
    not_increasing: int
    no_position: int
    outlier_speed: int
    outlier_acceleration: int
    standstill: int
    """Fixes merged into the standstill that they belong to."""


@dataclass(frozen=True, slots=True)
class DrivePath:
    """The vehicle's path in metric coordinates: strictly increasing times, pieces never bridged.

    Arrays of one length n. `heading_deg` is clockwise from grid north, smoothed over what was
    driven; `driven_m` is the distance driven since the first fix (gaps add nothing); `piece`
    numbers the stretches between gaps.
    """

    t_s: Floats
    x_m: Floats
    y_m: Floats
    speed_mps: Floats
    heading_deg: Floats
    accuracy_m: Floats
    driven_m: Floats
    piece: Ints
    crs_epsg: int
    gaps: tuple[Gap, ...]
    counts: CleanCounts
