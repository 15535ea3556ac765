"""Fixes as a format's reader collects them, and what the formats have in common."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import nan

HDOP_TO_M = 3.0
"""Range error of a plain receiver (1 sigma, m): accuracy = HDOP times this."""

EPOCH_MS_FROM = 1e11
"""An epoch time this large counts milliseconds: as seconds it would lie in the year 5138."""


@dataclass(slots=True)
class Fixes:
    """Growing columns, NaN where a fix says nothing; the names of `model.track.Track`."""

    t_s: list[float] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    speed_mps: list[float] = field(default_factory=list)
    course_deg: list[float] = field(default_factory=list)
    accuracy_m: list[float] = field(default_factory=list)
    part: list[int] = field(default_factory=list)

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
        """Append one fix."""
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


def parse_time(value: str | float | None) -> float:
    """Return UTC epoch seconds of an ISO 8601 text or an epoch number (s or ms), NaN for nothing.

    Raises
    ------
    ValueError
        For a text that is neither.
    """
    if value is None or value == "":
        return nan
    try:
        number = float(value)
    except ValueError:
        return epoch_s(datetime.fromisoformat(str(value).strip()))
    return number / 1000.0 if abs(number) >= EPOCH_MS_FROM else number


def number_or_nan(value: object) -> float:
    """Return a number, NaN for what is none."""
    try:
        return float(value)  # type: ignore[arg-type] -- what is no number is the question
    except (TypeError, ValueError):
        return nan
