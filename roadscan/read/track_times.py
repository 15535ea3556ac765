"""Fixes of one time: which of them is right, or how their times are told apart."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from roadscan.model.arrays import Bools, Floats, Ints

RESOLUTIONS_S: Final = (60.0, 1.0, 0.1, 0.01)
"""Units that times may have been cut off to; finer ones are taken as a thousandth of a second."""
CONTIGUOUS: Final = 1.5
"""Two times up to this many units apart follow on each other."""


class CoarseTimesError(Exception):
    """Times without seconds, which say too little about where the vehicle was."""


@dataclass(frozen=True, slots=True)
class SettledTimes:
    """Times that differ, and which fixes they belong to."""

    t_s: Floats
    kept: Bools
    copies: int
    """Dropped fixes that repeat the one before in time and place."""
    earlier: int
    """Dropped fixes of bursts: of each the last counts."""
    spread: int
    """Fixes with one time that were spread over the time until the next."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """Neighbouring fixes of one time and part, all arrays by group."""

    first: Ints
    size: Ints
    t_s: Floats
    since_s: Floats
    """Since the time before in the same part, infinite for the first."""
    until_s: Floats
    """Until the next time in the same part, infinite for the last."""


def settle_times(t_s: Floats, lon_deg: Floats, lat_deg: Floats, part: Ints) -> SettledTimes:
    """Tell neighbouring fixes of one time apart.

    Two causes are known. A receiver or an app hands over in bursts what it gathered and gives all
    of it the time at which it did so: the time before lies further back than the unit of the times,
    and only the last fix of a burst is where it says. Or times are cut off to whole units (10 Hz
    in whole seconds): times follow on each other unit by unit, and fixes are spread over theirs,
    those of an incomplete first unit over its end. Copies of a fix say nothing new.

    Raises
    ------
    CoarseTimesError
        If the times are whole minutes with several fixes in each.
    """
    kept = np.ones(len(t_s), dtype=np.bool_)
    same = (np.diff(t_s) == 0.0) & (np.diff(part) == 0)
    if not same.any():
        return SettledTimes(t_s, kept, 0, 0, 0)
    moved = (np.diff(lon_deg) != 0.0) | (np.diff(lat_deg) != 0.0)
    if not (same & moved).any():
        kept[1:] = ~same
        return SettledTimes(t_s, kept, int(same.sum()), 0, 0)
    groups = _groups(t_s, part, same)
    shared = groups.size > 1
    unit_s = _unit_s(groups.t_s)
    before_s = groups.since_s[shared & np.isfinite(groups.since_s)]
    if len(before_s) == 0 or float(np.median(before_s)) > CONTIGUOUS * unit_s:
        kept[:-1] = ~same
        return SettledTimes(t_s, kept, 0, int(same.sum()), 0)
    if unit_s == RESOLUTIONS_S[0]:
        raise CoarseTimesError
    return SettledTimes(_spread(groups, unit_s), kept, 0, 0, int(groups.size[shared].sum()))


def _groups(t_s: Floats, part: Ints, same: Bools) -> _Groups:
    first = np.concatenate([[0], np.flatnonzero(~same) + 1])
    times_s = t_s[first]
    step_s = np.where(np.diff(part[first]) == 0, np.diff(times_s), np.inf)
    step_s[step_s <= 0.0] = np.inf
    return _Groups(
        first,
        np.diff(np.append(first, len(t_s))),
        times_s,
        np.concatenate([[np.inf], step_s]),
        np.append(step_s, np.inf),
    )


def _unit_s(t_s: Floats) -> float:
    """Return the largest unit of which all times are multiples."""
    for unit_s in RESOLUTIONS_S:
        units = t_s / unit_s
        if np.allclose(units, np.round(units), rtol=0.0, atol=1e-3):
            return unit_s
    return 1e-3


def _spread(groups: _Groups, unit_s: float) -> Floats:
    usual = int(np.median(groups.size))
    interval_s = np.minimum(unit_s / usual, groups.until_s / groups.size)
    begins = groups.since_s > CONTIGUOUS * unit_s
    incomplete = begins & (groups.size < usual) & (groups.until_s <= CONTIGUOUS * unit_s)
    start_s = np.where(incomplete, unit_s - groups.size * interval_s, 0.0)
    group = np.repeat(np.arange(len(groups.first)), groups.size)
    place = np.arange(len(group)) - groups.first[group]
    spread: Floats = groups.t_s[group] + start_s[group] + place * interval_s[group]
    return spread
