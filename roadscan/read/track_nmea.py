"""Tracks as NMEA 0183 logs: RMC gives date, speed and course, GGA the quality."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import nan
from typing import Any

import pynmea2

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, number_or_nan

KNOT_MPS = 0.514444
ESTIMATED_QUALITY = frozenset({6, 7, 8})
ESTIMATED_MODES = frozenset("EMS")
RMC = re.compile(r"\$..RMC,")
HALF_DAY = timedelta(hours=12)
SENTENCE = re.compile(r"\$..(?:RMC|GGA|ZDA),[^$*]*\*[0-9A-Fa-f]{2}")
"""With its checksum: a truncated sentence has none."""
PLACE = r"\d{4}\.\d+,[NS],\d{5}\.\d+,[EW],"
UNCHECKED = re.compile(
    rf"\$..(?:RMC,\d{{6}}(?:\.\d+)?,[AV],{PLACE}[\d.]*,[\d.]*,\d{{6}},"
    rf"|GGA,\d{{6}}(?:\.\d+)?,{PLACE}\d,\d*,[\d.]*,)[^$*\r\n]*(?=[\r\n]|$)"
)
"""Without one, but whole and with every digit in its place, as far as it is used."""


@dataclass(slots=True)
class _Epoch:
    """The sentences of one epoch."""

    clock: time
    rmc: Any = None
    gga: Any = None

    def takes(self, sentence: Any) -> bool:
        """Tell whether a sentence is of this epoch.

        A second one of its kind from the same talker is of another, in a log that cuts off times.
        """
        before = getattr(self, sentence.sentence_type.lower())
        return bool(self.clock == sentence.timestamp) and (
            before is None or before.talker != sentence.talker
        )


def read_nmea(text: str) -> Fixes:
    """Read the RMC and GGA sentences, merged where they have the same time of day.

    Sentences with a wrong or missing checksum are skipped, and so are all other sentences; of a log
    without any checksum those that are whole are used, with a warning. GGA has no date: it takes
    that of the last RMC (of the last ZDA in a log without any RMC), or the next day where the time
    of day has gone back. Before the first of them, and in a log without any, fixes have no time.
    """
    fixes = Fixes()
    last: datetime | None = None
    epoch: _Epoch | None = None
    sentences = SENTENCE
    if not SENTENCE.search(text) and UNCHECKED.search(text):
        sentences = UNCHECKED
        fixes.warnings.append("track_unchecked: the sentences have no checksums")
    dated_by_zda = RMC.search(text) is None
    estimated = 0
    for found in sentences.finditer(text):
        if found.group()[3:6] == "ZDA":
            last = _date_of(found.group()) or last if dated_by_zda else last
            continue
        sentence = _parse(found.group())
        if sentence is None:
            continue
        estimated += _is_estimated(sentence)
        if epoch is None or not epoch.takes(sentence):
            last = _add(fixes, epoch, last)
            epoch = _Epoch(sentence.timestamp)
        setattr(epoch, sentence.sentence_type.lower(), sentence)
    _add(fixes, epoch, last)
    if estimated:
        told = f"{estimated} sentences are not of satellites (estimated, simulated or entered)"
        fixes.warnings.append(f"track_estimated: {told}")
    return fixes


def _date_of(text: str) -> datetime | None:
    """Return the date and time of a ZDA sentence."""
    try:
        said = pynmea2.parse(text, check=True)
        return datetime(said.year, said.month, said.day, tzinfo=UTC).replace(
            hour=said.timestamp.hour,
            minute=said.timestamp.minute,
            second=said.timestamp.second,
            microsecond=said.timestamp.microsecond,
        )
    except (pynmea2.ParseError, AttributeError, ValueError, TypeError):
        return None


def _is_estimated(sentence: Any) -> bool:
    """Tell whether a position was not measured: by dead reckoning, by hand, by a simulator."""
    if sentence.sentence_type == "GGA":
        return sentence.gps_qual in ESTIMATED_QUALITY
    return getattr(sentence, "mode_indicator", "") in ESTIMATED_MODES


def _parse(text: str) -> Any:
    """Return a sentence with a valid time and position, None for any other."""
    try:
        sentence = pynmea2.parse(text, check="*" in text)
        usable = isinstance(sentence.timestamp, time)
        usable &= abs(sentence.latitude) <= 90.0 and abs(sentence.longitude) <= 180.0
    except (pynmea2.ParseError, AttributeError, ValueError):
        return None
    return sentence if usable else None


def _add(fixes: Fixes, epoch: _Epoch | None, last: datetime | None) -> datetime | None:
    """Append the fix of an epoch; return the time from which the next date is derived."""
    if epoch is None:
        return last
    rmc, gga = epoch.rmc, epoch.gga
    if rmc is not None and rmc.status == "A" and isinstance(rmc.datestamp, date):
        last = datetime.combine(rmc.datestamp, epoch.clock, tzinfo=UTC)
        moment = last.timestamp()
    elif rmc is None and gga is not None and gga.gps_qual:
        last = _dated(epoch.clock, last)
        moment = nan if last is None else last.timestamp()
    else:
        return last
    place = gga if rmc is None else rmc
    fixes.add(
        moment,
        place.longitude if place.lon_dir else nan,
        place.latitude if place.lat_dir else nan,
        speed_mps=nan if rmc is None else number_or_nan(rmc.spd_over_grnd) * KNOT_MPS,
        course_deg=nan if rmc is None else number_or_nan(rmc.true_course),
        accuracy_m=nan if gga is None else number_or_nan(gga.horizontal_dil) * HDOP_TO_M,
    )
    return last


def _dated(clock: time, last: datetime | None) -> datetime | None:
    if last is None:
        return None
    moment = datetime.combine(last.date(), clock, tzinfo=UTC)
    return moment + timedelta(days=1) if moment < last - HALF_DAY else moment
