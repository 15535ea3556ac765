"""NMEA 0183 logs: RMC gives date, speed and course, GGA the quality."""

from datetime import UTC, date, datetime, time, timedelta
from math import nan

import pynmea2

from roadscan.read.track_fixes import HDOP_TO_M, Fixes, epoch_s

KNOT_MPS = 0.514444
DAY_S = 86400.0


def read_nmea(text: str) -> Fixes:
    """Read the RMC and GGA sentences; those with a bad checksum, and other ones, are passed over.

    GGA has no date: it belongs to the date of the last RMC, a day later where the time of day
    has fallen back. A log without any RMC has no usable times.
    """
    fixes = Fixes()
    hdop_by_time: dict[time, float] = {}
    last: tuple[date, float] | None = None
    for line in text.splitlines():
        sentence = _parse(line)
        if sentence is None:
            continue
        if sentence.sentence_type == "GGA":
            if last is None and sentence.timestamp is not None:
                _add_undated(fixes, sentence)
            elif sentence.timestamp is not None:
                hdop_by_time = {sentence.timestamp: _float(sentence.horizontal_dil)}
                _amend(fixes, last, sentence.timestamp, hdop_by_time[sentence.timestamp])
        elif sentence.status == "A" and sentence.datestamp and sentence.timestamp:
            if last is None:
                fixes = Fixes()
            t_s = epoch_s(datetime.combine(sentence.datestamp, sentence.timestamp))
            last = (sentence.datestamp, t_s)
            fixes.add(
                t_s,
                sentence.longitude,
                sentence.latitude,
                speed_mps=_float(sentence.spd_over_grnd) * KNOT_MPS,
                course_deg=_float(sentence.true_course),
                accuracy_m=hdop_by_time.get(sentence.timestamp, nan) * HDOP_TO_M,
            )
    return fixes


def _parse(line: str) -> pynmea2.NMEASentence | None:
    start = line.find("$")
    if start < 0:
        return None
    try:
        sentence = pynmea2.parse(line[start:].strip(), check=True)
    except (pynmea2.ParseError, AttributeError, ValueError):
        return None
    return sentence if getattr(sentence, "sentence_type", "") in {"RMC", "GGA"} else None


def _add_undated(fixes: Fixes, sentence: pynmea2.NMEASentence) -> None:
    """Keep a GGA without any date, so that the track can be told to have no times."""
    if sentence.gps_qual:
        fixes.add(nan, sentence.longitude, sentence.latitude)


def _amend(fixes: Fixes, last: tuple[date, float] | None, clock: time, hdop: float) -> None:
    """Give the last fix the accuracy of a GGA that follows it with the same time of day."""
    if last is None or not fixes.t_s:
        return
    moment = datetime.combine(last[0], clock, tzinfo=clock.tzinfo or UTC)
    if moment.timestamp() < last[1] - DAY_S / 2:
        moment += timedelta(days=1)
    if abs(moment.timestamp() - fixes.t_s[-1]) < 1e-3:
        fixes.accuracy_m[-1] = hdop * HDOP_TO_M


def _float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type] -- pynmea2 leaves empty fields as None or text
    except (TypeError, ValueError):
        return nan
