"""What may be asked of a collection: its queryables, their kinds, and values from text."""

import math
import re
import tomllib
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from roadscan.publish.layer_fields import LAYERS, REAL, WHOLE, YES_NO
from roadscan.store.layers.feature_tables import TIMES
from roadscan.store.layers.selection import Value

GEOMETRY: Final = "geometry"
MAX_WHOLE: Final = 2**63 - 1
"""Beyond it no database has a whole number."""
_WHOLE: Final = re.compile(r"[+-]?\d{1,400}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII
)


class Kind(StrEnum):
    """What the values of a field are, in words for messages."""

    TEXT = "text"
    NUMBER = "a number"
    WHOLE = "a whole number"
    YES_NO = "true or false"
    TIME = "a time"

    @property
    def is_quoted(self) -> bool:
        """Whether a filter writes it in quotes."""
        return self in {Kind.TEXT, Kind.TIME}


SCHEMAS: Final[dict[Kind, dict[str, Any]]] = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.WHOLE: {"type": "integer"},
    Kind.YES_NO: {"type": "boolean"},
    Kind.TIME: {"type": "string", "format": "date-time"},
}


def kinds_of(collection: str) -> dict[str, Kind]:
    """Return the fields of a collection that may be asked for, the geometry aside."""
    kinds = {REAL: Kind.NUMBER, WHOLE: Kind.WHOLE, YES_NO: Kind.YES_NO}
    return {
        field.name: Kind.TIME
        if field.name in TIMES[collection]
        else kinds.get(field.dtype, Kind.TEXT)
        for field in LAYERS[collection]
    }


def meanings_of(collection: str, language: str) -> dict[str, str]:
    """Return what the fields of a collection mean, "de" or "en", in their order."""
    if language == "de":
        return _german()[collection]
    return {field.name: field.meaning for field in LAYERS[collection]}


@cache
def _german() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("meanings_de.toml").read_text("utf-8")
    read: dict[str, dict[str, str]] = tomllib.loads(text)
    return read


def value_of(kind: Kind, text: str) -> Value:
    """Return the value that a text states; ValueError if it states none of its kind."""
    match kind:
        case Kind.YES_NO:
            if text.lower() not in {"true", "false"}:
                raise ValueError(f"{text!r} is neither true nor false")
            return text.lower() == "true"
        case Kind.WHOLE:
            if not _WHOLE.fullmatch(text):
                raise ValueError(f"{text[:40]!r} is no whole number")
            return _number(text)
        case Kind.NUMBER:
            return _number(text)
        case Kind.TIME:
            return instant(text)
        case Kind.TEXT:
            if "\0" in text:
                raise ValueError("text with a NUL")
            return text


def instant(text: str) -> str:
    """Return a time (RFC 3339; a date is its first moment) as ISO 8601 in UTC.

    Raises ValueError for anything else.
    """
    try:
        found = datetime.fromisoformat(text.upper() if _INSTANT.fullmatch(text) else "")
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is no time such as 2026-06-10T08:00:00Z") from None


def _number(text: str) -> float:
    """Return a number, a whole one as such where a database has it."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text or text != text.strip():
        raise ValueError(f"{text[:40]!r} is no number")
    return int(number) if number.is_integer() and abs(number) <= MAX_WHOLE else number
