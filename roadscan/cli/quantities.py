"""Parsing of sizes, durations and web origins given as options."""

import re
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from roadscan.errors import RoadscanError

SIZES: Final = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
TIMES: Final = {"S": 1, "MIN": 60, "H": 3600, "D": 86400}
_QUANTITY: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([A-Za-z]{1,3})", re.ASCII)


def size_bytes(option: str, text: str, least: str = "1B") -> int:
    """Return a size in bytes, such as 20GB, 512 MiB; raises `option_invalid`."""
    given, lowest = _read(text, SIZES), _read(least, SIZES)
    if given is None:
        raise _wrong(
            option, f"{text[:40]!r} is not a size", "Write a number with B, KB, MB, GB or TB"
        )
    if lowest is not None and given < lowest:
        raise _wrong(option, f"{text[:40]!r} is less than {least}", "Give a larger size")
    return int(given)


def time_s(option: str, text: str, least: str, most: str) -> float:
    """Return a duration in seconds, such as 90min, 12h, 7d; raises `option_invalid`."""
    given, lowest, highest = (_read(each, TIMES) for each in (text, least, most))
    if given is None:
        raise _wrong(
            option, f"{text[:40]!r} is not a duration", "Write a number with s, min, h or d"
        )
    if (lowest is not None and given < lowest) or (highest is not None and given > highest):
        raise _wrong(
            option, f"{text[:40]!r} is not from {least} to {most}", "Give a duration in this range"
        )
    return float(given)


def web_origin(option: str, text: str) -> str:
    """Return an origin such as https://maps.town.example, or * for all; raises `option_invalid`."""
    try:
        parts = urlsplit(text)
        origin = f"{parts.scheme}://{parts.netloc}"
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        origin, usable = "", False
    if text != "*" and (not usable or "@" in text or origin != text or not text.isascii()):
        hint = "Write scheme and host, no path: https://maps.town.example"
        raise _wrong(option, f"{text[:80]!r} is not a web origin", hint)
    return text.lower()


def _read(text: str, units: dict[str, int]) -> Decimal | None:
    found = _QUANTITY.fullmatch(text.strip())
    if found is None or found[2].upper() not in units:
        return None
    return Decimal(found[1]) * units[found[2].upper()]


def _wrong(option: str, why: str, hint: str) -> RoadscanError:
    return RoadscanError("option_invalid", f"{option}: {why}", hint)
