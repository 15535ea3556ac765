"""Collection of fixes while a track is read, and conversions that the formats share."""

import re
from array import array
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import isnan, nan
from typing import Any

MAX_FIXES = 5_000_000
"""Over 130 h at 10 Hz, in 300 MB of memory; more is not a track of drives."""

HDOP_TO_M = 3.0
"""Range error of a plain receiver (1 sigma, m): accuracy = HDOP times this."""

EPOCH_UNITS = (1.0, 1e3, 1e6, 1e9)
"""Parts of a second that epoch times count: s, ms, us, ns. Within `UTC_S` only one of them fits."""

UTC_S = (315_964_800.0, 4_102_444_800.0)
"""1980-01-06, the start of GPS time, to 2100: a number outside has some other epoch."""


DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4}|\d{2})(?=[ ,T])")
"""A date written day first (10.06.2026), or with slashes, before a time of day."""
HALVES = re.compile(r"(\d{1,2})(:\d{2}:\d{2}(?:\.\d+)?)\s*([AaPp])\.?[Mm]\.?$")
"""A time of day that counts to twelve."""
ZONE_NAME = re.compile(r"\s+(UTC|GMT|MEZ|CET|MESZ|CEST)$", re.IGNORECASE)
ZONES_H = {"UTC": 0, "GMT": 0, "MEZ": 1, "CET": 1, "MESZ": 2, "CEST": 2}
"""Zones by names that mean one thing only."""
SLASHED = re.compile(r"^(\d{4})/(\d{2})/(\d{2})")
MONTHS = 12
HOURS = 12


class TooManyFixesError(Exception):
    """More than `MAX_FIXES` fixes in one file."""


COLUMNS = ("t_s", "lon", "lat", "speed_mps", "course_deg", "accuracy_m", "part")


def _numbers() -> "array[float]":
    return array("d")


def _counts() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Fixes:
    """Growing columns named as in `model.track.Track`, NaN where a fix has no value."""

    t_s: "array[float]" = field(default_factory=_numbers)
    lon: "array[float]" = field(default_factory=_numbers)
    lat: "array[float]" = field(default_factory=_numbers)
    speed_mps: "array[float]" = field(default_factory=_numbers)
    course_deg: "array[float]" = field(default_factory=_numbers)
    accuracy_m: "array[float]" = field(default_factory=_numbers)
    part: "array[int]" = field(default_factory=_counts)
    warnings: list[str] = field(default_factory=list)
    seen_time: str = ""
    """The first value that is no time, as it stands in the file."""
    not_read: dict[str, str] = field(default_factory=dict)
    """The first value that is no time ("time") or no place ("place"), with where it stands."""

    def add(
        self,
        t_s: float,
        lon: float,
        lat: float,
        *,
        speed_mps: float = nan,
        course_deg: float = nan,
        accuracy_m: float = nan,
        part: int = 0,
    ) -> None:
        """Append one fix.

        Raises
        ------
        TooManyFixesError
            As soon as the limit is exceeded, before memory runs out.
        """
        if len(self.t_s) >= MAX_FIXES:
            raise TooManyFixesError
        self.t_s.append(t_s)
        self.lon.append(lon)
        self.lat.append(lat)
        self.speed_mps.append(speed_mps)
        self.course_deg.append(course_deg)
        self.accuracy_m.append(accuracy_m)
        self.part.append(part)

    def turned_round(self) -> "Fixes":
        """Return them in the opposite order."""
        columns = {name: getattr(self, name)[::-1] for name in COLUMNS}
        return replace(self, **columns)


def epoch_s(moment: datetime) -> float:
    """Return UTC epoch seconds; a time without a zone is UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def time_or_nan(value: Any) -> float:
    """Return UTC epoch seconds of a date and time or an epoch number (s, ms, us, ns), else NaN.

    Dates are ISO 8601, dd.mm.yyyy, or with slashes if day and month cannot be taken for each other.
    Numbers outside the age of satellite navigation are not times: seconds since the start of a
    recording, say, or a time of day without its date.
    """
    number = number_or_nan(value)
    if isnan(number):
        number = _moment_s(str(value).strip())
    else:
        number = next((number / unit for unit in EPOCH_UNITS if _in_age(number / unit)), nan)
    return number if _in_age(number) else nan


def _in_age(t_s: float) -> bool:
    return UTC_S[0] <= t_s <= UTC_S[1]


def _moment_s(text: str) -> float:
    zone = ZONE_NAME.search(text)
    text = HALVES.sub(_of_24_hours, text if zone is None else text[: zone.start()])
    try:
        moment = datetime.fromisoformat(_iso(text))
        if zone is not None:
            if moment.tzinfo is not None:
                return nan
            moment -= timedelta(hours=ZONES_H[zone[1].upper()])
        return epoch_s(moment)
    except (ValueError, OverflowError):
        return nan


def _of_24_hours(clock: re.Match[str]) -> str:
    hour, rest, half = int(clock[1]), clock[2], clock[3].lower()
    if not 1 <= hour <= HOURS:
        return clock[0]
    return f"{hour % HOURS + (HOURS if half == 'p' else 0):02d}{rest}"


def hint_on_time(text: str) -> str:
    """Return what to do about a value that is no date and time."""
    if re.match(r"\d{1,2}/\d{1,2}/\d{2,4}", text):
        return "Export dates as 2026-06-10: here day and month may be taken for each other"
    if re.fullmatch(r"[\d.,]+", text):
        return (
            "Export dates and times: a number alone counts from a start that the file does not tell"
        )
    if re.match(r"\d{1,2}:\d{2}", text):
        return "Export the date, too: a time of day alone may be of any day"
    return "Record with UTC times: a planned route or relative seconds match no video"


def _iso(text: str) -> str:
    """Return a date and time with the date as ISO 8601 writes it.

    Raises
    ------
    ValueError
        If day and month may be taken for each other.
    """
    written = DATE.match(text)
    if written is None:
        return SLASHED.sub(r"\1-\2-\3", text)
    first, mark, second, year = written.groups()
    rest = text[written.end() :].lstrip(" ,T")
    day, month = first, second
    if mark == "/":
        days = {(a, b) for a, b in ((first, second), (second, first)) if int(b) <= MONTHS}
        if len(days) != 1:
            raise ValueError(text)
        ((day, month),) = days
    year = year if len(year) == 4 else f"20{year}"
    return f"{year}-{month:0>2}-{day:0>2}T{_clock(rest)}"


def _clock(text: str) -> str:
    """Return a time of day with two digits for the hour, as ISO 8601 has it."""
    return f"0{text}" if text[1:2] == ":" else text


def number_or_nan(value: Any) -> float:
    """Return a value as a number, else NaN."""
    if isinstance(value, str) and "_" in value:  # Python's own way to write thousands
        return nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return nan
