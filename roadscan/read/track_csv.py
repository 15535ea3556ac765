"""CSV with named columns; docs/tracks.md lists the names."""

import csv
from math import nan

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, parse_time

KMH_MPS = 1 / 3.6

# What a column means, by its name in lower case; the first one present counts.
TIME = ("time_s", "t_s", "utc_ms", "utc_s", "timestamp", "time", "datetime", "utc", "date_time")
LON = ("lon", "lng", "long", "longitude", "lon_deg")
LAT = ("lat", "latitude", "lat_deg")
SPEED_MPS = ("speed_mps", "speed_ms", "speed")
SPEED_KMH = ("speed_kmh", "speed_km_h", "kmh")
COURSE = ("course_deg", "bearing_deg", "heading_deg", "course", "bearing", "heading")
ACCURACY = ("accuracy_m", "accuracy", "h_accuracy_m", "hacc")
HDOP = ("hdop",)


def read_csv(text: str) -> Fixes:
    """Read rows of fixes; comma, semicolon or tab, with a decimal comma where it is no comma.

    Raises
    ------
    ValueError
        If longitude or latitude has no column.
    """
    separator = _separator(text.partition("\n")[0])
    rows = csv.reader(text.splitlines(), delimiter=separator)
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

        def value(column: int | None, cells: list[str] = row) -> float:
            return _number(cells, column, separator)

        speed = value(speed_mps)
        fixes.add(
            _time(row, time),
            value(lon),
            value(lat),
            speed_mps=value(speed_kmh) * KMH_MPS if speed != speed else speed,  # noqa: PLR0124
            course_deg=value(course),
            accuracy_m=value(hdop) * HDOP_TO_M if accuracy is None else value(accuracy),
        )
    return fixes


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _number(cells: list[str], column: int | None, separator: str) -> float:
    if column is None or column >= len(cells):
        return nan
    text = cells[column].strip()
    try:
        return float(text if separator == "," else text.replace(",", "."))
    except ValueError:
        return nan


def _time(cells: list[str], column: int | None) -> float:
    if column is None or column >= len(cells):
        return nan
    try:
        return parse_time(cells[column].strip())
    except ValueError:
        return nan
