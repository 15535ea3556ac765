"""Tracks as CSV with named columns; docs/tracks.md lists the names."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import isnan, nan

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, number_or_nan, time_or_nan

KMH_MPS = 1 / 3.6
KNOT_MPS = 0.514444
SEPARATORS = ",;\t"
LOOK_AHEAD = 50
"""Number of rows that are searched for the column with the time."""

# Column names by meaning, in lower case without blanks, underscores, hyphens and units; the first
# that occurs counts.
TIME = (
    "times", "ts", "utcms", "utcs", "timestamp", "time", "datetime", "utc", "fixtime",
    "devicetime", "timestampms", "utctime", "timeutc", "datetimeutc", "timestamputc",
    "zeitstempel", "zeit",
)  # fmt: skip
DATE = ("date", "utcdate", "dateutc", "datum")
CLOCK = ("time", "utctime", "timeutc", "utc", "zeit", "uhrzeit")
LON = (
    "lon", "lng", "long", "longitude", "londeg", "gpslongitude", "gpslon",
    "länge", "laenge", "längengrad", "laengengrad",
)  # fmt: skip
LAT = ("lat", "latitude", "latdeg", "gpslatitude", "gpslat", "breite", "breitengrad")
LON_SIDE = ("e/w", "ew", "w/e", "londir", "lonhemisphere", "longitudehemisphere", "lonew")
LAT_SIDE = ("n/s", "ns", "s/n", "latdir", "lathemisphere", "latitudehemisphere", "latns")
SPEED = ("speedmps", "speedms", "speed", "velocity", "geschwindigkeit")
SPEED_KMH = ("speedkmh", "speedkm/h", "kmh", "geschwindigkeitkmh", "geschwindigkeitkm/h")
COURSE = (
    "coursedeg", "bearingdeg", "headingdeg", "course", "bearing", "heading", "direction",
    "richtung", "kurs",
)  # fmt: skip
ACCURACY = (
    "accuracym", "accuracy", "haccuracym", "hacc", "horizontalaccuracy", "genauigkeit",
)  # fmt: skip
HDOP = ("hdop",)
VALID = ("valid",)

SPEED_UNITS = {
    "m/s": 1.0,
    "km/h": KMH_MPS,
    "kmh": KMH_MPS,
    "mph": 0.44704,
    "kn": KNOT_MPS,
    "kt": KNOT_MPS,
    "knots": KNOT_MPS,
}
TRACCAR = {"fixtime", "devicetime"}
"""Columns of traccar, whose speed is in knots."""
NORTH = {"N": 1, "S": -1}
EAST = {"E": 1, "O": 1, "W": -1}
"""Signs of a coordinate; O is the German letter for east."""
SAME_TIME_S = 0.5
SAME_DEG = 1e-5
"""About a metre: columns that differ by less say the same."""
MOST_LAT, MOST_LON = 90.0, 180.0
MINUTES = 60.0
DAY_S = 86_400.0
SERIAL_EPOCH_DAYS = 25_569.0
"""1970-01-01 as a spreadsheet counts."""
FIRST_SERIAL, LAST_SERIAL = 29_226.0, 73_050.0
"""1980 to 2099, the age of satellite navigation."""
UNIT = re.compile(r"[(\[]([^)\]]*)[)\]]\s*$")
NO_NAME = re.compile(r"[^a-z0-9äöüß/]")
DEGREES = re.compile(
    r"([NSEWO]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*°?\s*([NSEWO]?)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its name as written, its position in a row, and its unit."""

    name: str
    place: int
    unit: str

    def of(self, row: list[str]) -> str:
        return row[self.place].strip() if self.place < len(row) else ""


class _Header:
    """The columns of a file, found by their meaning."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._columns: dict[str, _Column] = {}
        for place, name in enumerate(names):
            unit = UNIT.search(name)
            key = NO_NAME.sub("", UNIT.sub("", name).lower())
            column = _Column(name, place, unit.group(1).strip().lower() if unit else "")
            # a second one of a name is kept, too: it may differ
            self._columns.setdefault(key if key not in self._columns else f"{key} {place}", column)

    def columns(self) -> list[_Column]:
        return list(self._columns.values())

    def __contains__(self, key: str) -> bool:
        return key in self._columns

    def all_of(self, wanted: tuple[str, ...]) -> list[_Column]:
        return [
            column
            for name in wanted
            for key, column in self._columns.items()
            if key.split(" ")[0] == name
        ]

    def find(self, wanted: tuple[str, ...]) -> _Column | None:
        return next(iter(self.all_of(wanted)), None)


def read_csv(text: str) -> Fixes:
    """Read rows separated by comma, semicolon or tab; the last two allow a decimal comma.

    Raises
    ------
    ValueError
        If there is no column for longitude or latitude, columns for N/S or E/W contradict the
        signs, rows have more values than there are names, or the text is not CSV.
    """
    lines = text.splitlines()
    first = next((k for k, line in enumerate(lines) if line.strip() and line[0] != "#"), 0)
    separator = ""
    if lines[first].lower().startswith("sep="):  # as Excel states it
        separator, first = lines[first][4:5], first + 1
    if first >= len(lines):
        message = "it has no line with the names of columns"
        raise ValueError(message)
    if separator not in SEPARATORS or not separator:
        separator = max(SEPARATORS, key=lines[first].count)
    rows = csv.reader(lines[first:], delimiter=separator)
    try:
        return _read(rows, decimal="." if separator == "," else ",")
    except csv.Error as error:
        message = f"line {first + rows.line_num}: {error}"
        raise ValueError(message) from error


def _read(rows: Iterator[list[str]], decimal: str) -> Fixes:
    header = _Header([name.strip() for name in next(rows)])
    lon, lat = header.find(LON), header.find(LAT)
    if lon is None or lat is None:
        message = f"no columns for longitude and latitude among {', '.join(header.names)}"
        raise ValueError(message)
    ahead = list(islice(rows, LOOK_AHEAD))
    fixes = Fixes()
    time_of = _time_column(header, ahead, decimal, fixes)
    lat_side, lon_side = _sides(header, ahead)
    of_text = _minutes_in_degrees if _are_in_minutes((lat, lon), ahead, decimal) else float
    lat_of = _angle(lat, lat_side, NORTH, decimal, of_text)
    lon_of = _angle(lon, lon_side, EAST, decimal, of_text)
    for column, names in ((lat, LAT), (lon, LON)):
        _tell_others(column, header.all_of(names), ahead, decimal, fixes)
    speed, speed_unit = _speed(header)
    course, accuracy = header.find(COURSE), header.find(ACCURACY)
    hdop, valid = header.find(HDOP), header.find(VALID)
    too_long = 0

    def number(column: _Column | None, row: list[str]) -> float:
        return nan if column is None else _number(column.of(row), decimal)

    for row in chain(ahead, rows):
        if len(row) > len(header.names) and any(map(str.strip, row[len(header.names) :])):
            too_long += 1  # a decimal comma, for example: the values cannot be told apart
            fixes.add(nan, nan, nan)
            continue
        usable = valid is None or valid.of(row).lower() not in {"false", "0", "v"}
        range_m = number(accuracy, row)
        fixes.add(
            time_of(row),
            lon_of(row) if usable else nan,
            lat_of(row) if usable else nan,
            speed_mps=number(speed, row) * speed_unit,
            course_deg=number(course, row),
            accuracy_m=number(hdop, row) * HDOP_TO_M if isnan(range_m) else range_m,
        )
        if isnan(fixes.t_s[-1]) or not usable:
            continue
        for column, degrees, most in ((lat, fixes.lat[-1], 90.0), (lon, fixes.lon[-1], 180.0)):
            if not abs(degrees) <= most and "place" not in fixes.not_read:
                fixes.not_read["place"] = f"column {column.name!r} holds {column.of(row)[:40]!r}"
    if too_long * 2 > len(fixes.t_s):
        message = f"{too_long} rows have more values than the {len(header.names)} names of columns"
        raise ValueError(message)
    return fixes


def _time_column(
    header: _Header, rows: list[list[str]], decimal: str, fixes: Fixes
) -> Callable[[list[str]], float]:
    """Return the function that reads the time of a row: the first that finds a time."""

    def plain(column: _Column) -> Callable[[list[str]], float]:
        return lambda row: time_or_nan(_decimal_point(column.of(row), decimal))

    def joined(date: _Column, clock: _Column) -> Callable[[list[str]], float]:
        return lambda row: time_or_nan(
            f"{date.of(row)} {_decimal_point(clock.of(row), decimal)}"
            if ":" in clock.of(row)
            else ""
        )

    ways: list[tuple[Callable[[list[str]], float], tuple[_Column, ...]]] = [
        (plain(column), (column,)) for column in header.all_of(TIME)
    ]
    ways += [
        (joined(date, clock), (date, clock))
        for date in header.all_of(DATE)
        for clock in header.all_of(CLOCK)
    ]
    ways += [(plain(column), (column,)) for column in header.all_of(DATE)]
    if not ways:
        fixes.not_read["time"] = f"no column for the time among {', '.join(header.names)[:200]}"
        return lambda _row: nan
    ways += [(serial, (column,)) for column in header.all_of(TIME + DATE)
             if (serial := _serial_days(column, rows, decimal)) is not None]  # fmt: skip
    reading = [way for way in ways if any(not isnan(way[0](row)) for row in rows)]
    if reading:
        _tell_other_times(reading, rows, fixes)
        return reading[0][0]
    time_of, columns = max(ways, key=lambda way: len(way[1]))
    row = next((row for row in rows if any(column.of(row) for column in columns)), [])
    fixes.seen_time = " ".join(column.of(row) for column in columns)
    fixes.not_read["time"] = " and ".join(
        f"column {column.name!r} holds {column.of(row)[:40]!r}" for column in columns
    )
    return time_of


def _sides(header: _Header, rows: list[list[str]]) -> tuple[_Column | None, _Column | None]:
    """Return the columns of N or S and of E or W: by name, or two that hold nothing else.

    Without names, a single such column does not count: it may be the direction of travel.
    """
    held = {
        column: {column.of(row).upper() for row in rows if column.of(row)}
        for column in header.columns()
    }
    lat_like, lon_like = (
        next((column for column, values in held.items() if values and values <= set(signs)), None)
        for signs in (NORTH, EAST)
    )
    lat, lon = header.find(LAT_SIDE), header.find(LON_SIDE)
    if lat or lon or not (lat_like and lon_like):
        return lat, lon
    return lat_like, lon_like


def _tell_other_times(
    ways: list[tuple[Callable[[list[str]], float], tuple[_Column, ...]]],
    rows: list[list[str]],
    fixes: Fixes,
) -> None:
    """Say which of several columns is taken where they hold different times."""
    (time_of, columns), *others = ways
    for other_of, other in others:
        if set(other) <= set(columns):
            continue  # the date alone, of a date and a time of day
        apart_s = [abs(time_of(row) - other_of(row)) for row in rows]
        known = sorted(seconds for seconds in apart_s if not isnan(seconds))
        if known and known[len(known) // 2] > SAME_TIME_S:
            taken, left = (" and ".join(repr(one.name) for one in way) for way in (columns, other))
            fixes.warnings.append(
                f"track_columns: the time is that of {taken}; "
                f"{left} differs by {known[len(known) // 2]:.1f} s"
            )


def _tell_others(
    taken: _Column, others: list[_Column], rows: list[list[str]], decimal: str, fixes: Fixes
) -> None:
    """Say which of several columns is taken where they hold different coordinates."""
    for other in others:
        apart = [
            abs(_number(taken.of(row), decimal) - _number(other.of(row), decimal)) for row in rows
        ]
        if any(degrees > SAME_DEG for degrees in apart):
            fixes.warnings.append(
                f"track_columns: positions are those of {taken.name!r}; {other.name!r} differs"
            )


def _serial_days(
    column: _Column, rows: list[list[str]], decimal: str
) -> Callable[[list[str]], float] | None:
    """Return what reads days since 1899-12-30, as spreadsheets keep dates, if a column holds them.

    Numbers of that size that are seconds would differ by more than a day's worth.
    """
    days = [_number(column.of(row), decimal) for row in rows]
    known = [day for day in days if not isnan(day)]
    if (
        len(known) < 2
        or not all(FIRST_SERIAL <= day <= LAST_SERIAL for day in known)
        or max(known) - min(known) > 1.0
        or len(set(known)) * 2 <= len(known)
    ):
        return None

    def of(row: list[str]) -> float:
        # to the millisecond: a double holds no more of such a number
        return round((_number(column.of(row), decimal) - SERIAL_EPOCH_DAYS) * DAY_S, 3)

    return of


def _are_in_minutes(columns: tuple[_Column, _Column], rows: list[list[str]], decimal: str) -> bool:
    """Tell whether coordinates are written as NMEA does, ddmm.mmmm: as degrees they are none."""
    for column, most in zip(columns, (MOST_LAT, MOST_LON), strict=True):
        known = [abs(value) for row in rows if not isnan(value := _number(column.of(row), decimal))]
        if not known or not all(
            most < value < 100.0 * most and value % 100.0 < MINUTES for value in known
        ):
            return False
    return True


def _minutes_in_degrees(text: str) -> float:
    value = float(text)
    degrees, minutes = divmod(abs(value), 100.0)
    return (degrees + minutes / 60.0) * (-1.0 if value < 0.0 else 1.0)


def _angle(
    column: _Column,
    side: _Column | None,
    signs: dict[str, int],
    decimal: str,
    of_text: Callable[[str], float],
) -> Callable[[list[str]], float]:
    """Return the function that reads a coordinate of a row, with its sign from N, S, E or W."""

    def of(row: list[str]) -> float:
        written = DEGREES.fullmatch(_decimal_point(column.of(row), decimal))
        if written is None:
            return nan
        degrees = of_text(written[2])
        marks = [mark.upper() for mark in (written[1], written[3]) if mark]
        if side is not None:
            marks.append(side.of(row).upper()[:1])
        for mark in marks:
            if mark not in signs:
                return nan
            if degrees < 0.0 < signs[mark]:
                message = f"column {column.name!r} holds {column.of(row)!r} with {mark!r}"
                raise ValueError(message)
            degrees = signs[mark] * abs(degrees)
        return degrees

    return of


def _speed(header: _Header) -> tuple[_Column | None, float]:
    """Return the column of the speed and the value of its unit in m/s."""
    column, kmh = header.find(SPEED), header.find(SPEED_KMH)
    if column is None:
        return kmh, KMH_MPS
    if column.unit:
        return column, SPEED_UNITS.get(column.unit, nan)
    return column, KNOT_MPS if all(name in header for name in TRACCAR) else 1.0


def _number(text: str, decimal: str) -> float:
    return number_or_nan(_decimal_point(text, decimal))


def _decimal_point(text: str, decimal: str) -> str:
    return text.replace(decimal, ".")
