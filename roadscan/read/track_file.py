"""Read a GNSS track of any supported format; times are UTC."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats, Ints
from roadscan.model.track import DEFAULT_ACCURACY_M, Track
from roadscan.read.coordinate_rounding import rounding_m
from roadscan.read.input_files import check_file
from roadscan.read.track_fixes import MAX_FIXES, Fixes, TooManyFixesError, hint_on_time
from roadscan.read.track_formats import NAMES, TRACK_FORMATS, TrackFormat
from roadscan.read.track_text import decoded
from roadscan.read.track_times import CoarseTimesError, SettledTimes, settle_times

MAX_BYTES = 200_000_000
"""About 2 million fixes as GPX, over 50 h at 10 Hz."""
MIN_FIXES = 2
NULL_ISLAND_DEG = 1e-4
BACKWARDS_SHARE = 0.9
"""A file in which so many times go back is written with the newest first."""
MIN_ROUNDING_M = 1.0
"""Less than a receiver's own error does not matter."""
TOLD_SHARE = 0.01
"""Fewer fixes with the time of another are only counted."""


def read_track(path: Path) -> Track:
    """Read a track of one of `TRACK_FORMATS`; fixes without a time are dropped.

    The content determines the format, not the name. Positions are only checked to be on Earth;
    `locate.clean_track` does the rest.

    Raises
    ------
    RoadscanError
        `track_format_unknown`, `track_malformed`, `track_too_large`, `track_no_times`,
        `track_times_coarse`, `track_null_island`, `track_too_short`, and what `check_file` raises.
    """
    check_file(path, MAX_BYTES, "track_too_large")
    content = path.read_bytes()
    track_format = _format_of(content, path.name)
    try:
        fixes = track_format.read(content)
    except TooManyFixesError:
        raise RoadscanError(
            "track_too_large",
            f"{path.name} has more than {MAX_FIXES} fixes",
            "Split it, one file a day",
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RoadscanError(
            "track_malformed",
            f"{path.name} looks like {track_format.name} but cannot be parsed ({_one_line(error)})",
            "Export the track again",
        ) from error
    return _checked(fixes, track_format.name, path.name)


def _format_of(content: bytes, name: str) -> TrackFormat:
    for track_format in TRACK_FORMATS:
        if track_format.shows(content):
            return track_format
    head = decoded(content[:4096]).lstrip()
    if "\x00" in head:
        raise _unknown(name, "it contains binary data")
    if head.startswith("<"):
        raise _unknown(name, "it is XML, but not GPX, KML or TCX")
    first_line = head.splitlines()[0] if head else ""
    raise _unknown(name, f"it begins with {first_line[:40]!r}")


def _unknown(name: str, why: str) -> RoadscanError:
    return RoadscanError(
        "track_format_unknown",
        f"{name} is not in a supported track format: {why}",
        f"Give {NAMES}; CSV with columns time, lat, lon",
    )


def _checked(fixes: Fixes, name: str, file_name: str) -> Track:
    t_s, lon, lat = (
        np.array(values, dtype=np.float64) for values in (fixes.t_s, fixes.lon, fixes.lat)
    )
    if len(t_s) and not np.isfinite(t_s).any():
        raise RoadscanError(
            "track_no_times",
            f"none of the {len(t_s)} fixes of {file_name} has a date and time"
            + _seen(fixes, "time"),
            hint_on_time(fixes.seen_time),
        )
    if _newest_first(t_s):
        fixes = fixes.turned_round()
        t_s, lon, lat = t_s[::-1], lon[::-1], lat[::-1]
    good = np.isfinite(t_s) & (np.abs(lat) <= 90.0) & (np.abs(lon) <= 180.0)
    null = good & (np.abs(lat) < NULL_ISLAND_DEG) & (np.abs(lon) < NULL_ISLAND_DEG)
    if null.sum() * 2 > good.sum():
        raise RoadscanError(
            "track_null_island",
            f"{int(null.sum())} of {int(good.sum())} fixes of {file_name} lie at (0, 0)",
            "The receiver had no fix: check its antenna and view of the sky",
        )
    good &= ~null
    if good.sum() < MIN_FIXES:
        raise RoadscanError(
            "track_too_short",
            f"{file_name} has {int(good.sum())} usable fixes" + _seen(fixes, "place"),
            "A track needs at least two fixes with time and position",
        )
    part = np.array(fixes.part, dtype=np.int64)
    settled = _settled(t_s[good], lon[good], lat[good], part[good], file_name)
    index = np.flatnonzero(good)[settled.kept]

    def column(values: Sequence[float]) -> Floats:
        return np.array(values, dtype=np.float64)[index]

    accuracy_m, rounded = _with_rounding(column(fixes.accuracy_m), lon[index], lat[index])

    return Track(
        t_s=settled.t_s[settled.kept],
        lon_deg=lon[index],
        lat_deg=lat[index],
        speed_mps=column(fixes.speed_mps),
        course_deg=column(fixes.course_deg),
        accuracy_m=accuracy_m,
        part=part[index],
        format=name,
        unread=int((~good).sum()),
        same_time=settled.copies + settled.earlier,
        warnings=(*fixes.warnings, *_same_time(settled), *rounded),
    )


def _newest_first(t_s: Floats) -> bool:
    steps_s = np.diff(t_s[np.isfinite(t_s)])
    return (
        bool(len(steps_s))
        and bool(np.mean(steps_s <= 0.0) > BACKWARDS_SHARE)
        and bool(steps_s.sum() < 0.0)
    )


def _with_rounding(
    accuracy_m: Floats, lon_deg: Floats, lat_deg: Floats
) -> tuple[Floats, tuple[str, ...]]:
    """Return the accuracy with what rounded coordinates add to it, and a warning if it is much."""
    added_m = rounding_m(lon_deg, lat_deg)
    if added_m < MIN_ROUNDING_M:
        return accuracy_m, ()
    known_m = np.where(accuracy_m > 0.0, accuracy_m, DEFAULT_ACCURACY_M)
    told = f"track_rounded: the coordinates are rounded, up to {added_m * 3.0**0.5:.0f} m off"
    return np.hypot(known_m, added_m), (told,)


def _seen(fixes: Fixes, what: str) -> str:
    return f": {fixes.not_read[what]}" if what in fixes.not_read else ""


def _settled(
    t_s: Floats, lon_deg: Floats, lat_deg: Floats, part: Ints, file_name: str
) -> SettledTimes:
    try:
        return settle_times(t_s, lon_deg, lat_deg, part)
    except CoarseTimesError:
        raise RoadscanError(
            "track_times_coarse",
            f"the times of {file_name} are whole minutes with several fixes in each",
            "Export it with seconds: a spreadsheet leaves them out when it saves a table",
        ) from None


def _same_time(settled: SettledTimes) -> tuple[str, ...]:
    fixes = len(settled.t_s)
    if settled.earlier >= max(TOLD_SHARE * fixes, 1):
        told = f"{settled.earlier} of {fixes} fixes dropped, the last of each time counts"
    elif settled.spread >= max(TOLD_SHARE * fixes, 1):
        told = f"{settled.spread} of {fixes} fixes spread over the time until the next"
    else:
        return ()
    return (f"track_same_time: {told}",)


def _one_line(error: Exception) -> str:
    # readers here raise plain ValueErrors with a full message; others may say little by themselves
    text = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:200]
