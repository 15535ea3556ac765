"""Read a GNSS track of any supported format; times are UTC."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats
from roadscan.model.track import Track
from roadscan.read.input_files import check_file
from roadscan.read.track_csv import read_csv
from roadscan.read.track_fixes import MAX_FIXES, Fixes, TooManyFixesError
from roadscan.read.track_geojson import read_geojson
from roadscan.read.track_gpx import read_gpx
from roadscan.read.track_nmea import read_nmea

MAX_BYTES = 200_000_000
"""About 2 million fixes as GPX, over 50 h at 10 Hz."""
MIN_FIXES = 2
NULL_ISLAND_DEG = 1e-4
NMEA_LINE = re.compile(r"\$[A-Z]{2}(?:RMC|GGA|GSA|GSV|GLL|VTG),")

FORMATS: dict[str, Callable[[str], Fixes]] = {
    "gpx": read_gpx,
    "nmea": read_nmea,
    "geojson": read_geojson,
    "csv": read_csv,
}


def read_track(path: Path) -> Track:
    """Read a GPX, NMEA, GeoJSON or CSV file; fixes without a time are dropped.

    The content determines the format, not the name. Positions are only checked to be on Earth;
    `locate.clean_track` does the rest.

    Raises
    ------
    RoadscanError
        `track_format_unknown`, `track_malformed`, `track_too_large`, `track_no_times`,
        `track_null_island`, `track_too_short`, and what `check_file` raises.
    """
    check_file(path, MAX_BYTES, "track_too_large")
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    name = _format_of(text, path.name)
    try:
        fixes = FORMATS[name](text)
    except TooManyFixesError:
        raise RoadscanError(
            "track_too_large",
            f"{path.name} has more than {MAX_FIXES} fixes",
            "Split it, one file a day",
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RoadscanError(
            "track_malformed",
            f"{path.name} looks like {name} but cannot be parsed ({_one_line(error)})",
            "Export the track again",
        ) from error
    return _checked(fixes, name, path.name)


def _format_of(text: str, name: str) -> str:
    head = text[:4096].lstrip()
    if "\x00" in head:
        raise _unknown(name, "it contains binary data")
    if head.startswith("<"):
        if "<gpx" in head:
            return "gpx"
        raise _unknown(name, "it is XML, but not GPX")
    if head.startswith("{"):
        return "geojson"
    if NMEA_LINE.search(head):
        return "nmea"
    first_line = head.splitlines()[0] if head else ""
    if any(separator in first_line for separator in ",;\t"):
        return "csv"
    raise _unknown(name, f"it begins with {first_line[:40]!r}")


def _unknown(name: str, why: str) -> RoadscanError:
    return RoadscanError(
        "track_format_unknown",
        f"{name} is not in a supported track format: {why}",
        "Give GPX, an NMEA log, GeoJSON, or CSV with columns time, lat, lon",
    )


def _checked(fixes: Fixes, name: str, file_name: str) -> Track:
    t_s, lon, lat = (
        np.array(values, dtype=np.float64) for values in (fixes.t_s, fixes.lon, fixes.lat)
    )
    if len(t_s) and not np.isfinite(t_s).any():
        raise RoadscanError(
            "track_no_times",
            f"none of the {len(t_s)} fixes of {file_name} has a date and time",
            "Record with UTC times: a planned route or relative seconds match no video",
        )
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
            f"{file_name} has {int(good.sum())} usable fixes",
            "A track needs at least two fixes with time and position",
        )

    def column(values: Sequence[float]) -> Floats:
        return np.array(values, dtype=np.float64)[good]

    return Track(
        t_s=t_s[good],
        lon_deg=lon[good],
        lat_deg=lat[good],
        speed_mps=column(fixes.speed_mps),
        course_deg=column(fixes.course_deg),
        accuracy_m=column(fixes.accuracy_m),
        part=np.array(fixes.part, dtype=np.int64)[good],
        format=name,
    )


def _one_line(error: Exception) -> str:
    # readers here raise plain ValueErrors with a full message; others may say little by themselves
    text = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:200]
