"""Tracks as CSV with named columns; docs/tracks.md lists the names."""

import csv
from collections.abc import Iterator
from math import isnan, nan

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, number_or_nan, time_or_nan

KMH_MPS = 1 / 3.6
SEPARATORS = ",;\t"

# Column names in lower case by meaning; the first one present counts.
TIME = ("time_s", "t_s", "utc_ms", "utc_s", "timestamp", "time", "datetime", "utc", "date_time")
LON = ("lon", "lng", "long", "longitude", "lon_deg")
LAT = ("lat", "latitude", "lat_deg")
SPEED_MPS = ("speed_mps", "speed_ms", "speed")
SPEED_KMH = ("speed_kmh", "speed_km_h", "kmh")
COURSE = ("course_deg", "bearing_deg", "heading_deg", "course", "bearing", "heading")
ACCURACY = ("accuracy_m", "accuracy", "h_accuracy_m", "hacc")
HDOP = ("hdop",)


def read_csv(text: str) -> Fixes:
    """Read rows separated by comma, semicolon or tab; the latter two allow a decimal comma.

    Raises
    ------
    ValueError
        If there is no column for longitude or latitude, or the text is not CSV.
    """
    lines = text.splitlines()
    separator = max(SEPARATORS, key=lines[0].count)
    rows = csv.reader(lines, delimiter=separator)
    try:
        return _read(rows, decimal="." if separator == "," else ",")
    except csv.Error as error:
        message = f"line {rows.line_num}: {error}"
        raise ValueError(message) from error


def _read(rows: Iterator[list[str]], decimal: str) -> Fixes:
    names = [name.strip().lower() for name in next(rows)]

    def find(wanted: tuple[str, ...]) -> int | None:
        return next((names.index(name) for name in wanted if name in names), None)

    lon, lat, time = find(LON), find(LAT), find(TIME)
    if lon is None or lat is None:
        message = f"no columns for longitude and latitude among {', '.join(names)}"
        raise ValueError(message)
    speed_mps, speed_kmh, course = find(SPEED_MPS), find(SPEED_KMH), find(COURSE)
    accuracy, hdop = find(ACCURACY), find(HDOP)
    fixes = Fixes()
    for row in rows:

        def text(column: int | None, cells: list[str] = row) -> str:
            return "" if column is None or column >= len(cells) else cells[column].strip()

        def value(column: int | None) -> float:
            return number_or_nan(text(column).replace(decimal, "."))

        speed, range_m = value(speed_mps), value(accuracy)
        fixes.add(
            _time(text(time), decimal),
            value(lon),
            value(lat),
            speed_mps=value(speed_kmh) * KMH_MPS if isnan(speed) else speed,
            course_deg=value(course),
            accuracy_m=value(hdop) * HDOP_TO_M if isnan(range_m) else range_m,
        )
    return fixes


def _time(text: str, decimal: str) -> float:
    return time_or_nan(text.replace(decimal, ".")) if text else nan
