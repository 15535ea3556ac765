"""Collection of fixes while a track is read, and conversions that the formats share."""

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan
from typing import Any

MAX_FIXES = 5_000_000
"""Over 130 h at 10 Hz, in 300 MB of memory; more is not a track of drives."""

HDOP_TO_M = 3.0
"""Range error of a plain receiver (1 sigma, m): accuracy = HDOP times this."""

EPOCH_MS_FROM = 1e11
"""An epoch time this large counts milliseconds: as seconds it would lie in the year 5138."""

UTC_S = (315_964_800.0, 4_102_444_800.0)
"""1980-01-06, the start of GPS time, to 2100: a number outside has some other epoch."""


class TooManyFixesError(Exception):
    """More than `MAX_FIXES` fixes in one file."""


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


def epoch_s(moment: datetime) -> float:
    """Return UTC epoch seconds; a time without a zone is UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def time_or_nan(value: Any) -> float:
    """Return UTC epoch seconds of an ISO 8601 text or an epoch number (s or ms), else NaN.

    Numbers outside the age of satellite navigation are not times: seconds since the start of a
    recording, say, or a time of day without its date.
    """
    number = number_or_nan(value)
    if number != number:  # noqa: PLR0124 -- not a number, so perhaps a date
        try:
            number = epoch_s(datetime.fromisoformat(str(value).strip()))
        except (ValueError, OverflowError):
            return nan
    elif abs(number) >= EPOCH_MS_FROM:
        number /= 1000.0
    return number if UTC_S[0] <= number <= UTC_S[1] else nan


def number_or_nan(value: Any) -> float:
    """Return a value as a number, else NaN."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return nan
