"""The queryables of a collection, their kinds, and the parsing of values from text."""

import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from roadscan.model.layers import LAYERS
from roadscan.model.layers.field import FieldType
from roadscan.store.layers.selection import Value

GEOMETRY: Final = "geometry"
MAX_WHOLE: Final = 2**63 - 1
"""The largest whole number that the databases can store."""
_WHOLE: Final = re.compile(r"[+-]?\d{1,400}", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII
)


class Kind(StrEnum):
    """The kind of a field's values, worded for messages."""

    TEXT = "text"
    NUMBER = "a number"
    WHOLE = "a whole number"
    YES_NO = "true or false"
    TIME = "a time"

    @property
    def is_quoted(self) -> bool:
        """Whether it is quoted in a filter."""
        return self in {Kind.TEXT, Kind.TIME}


SCHEMAS: Final[dict[Kind, dict[str, Any]]] = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.WHOLE: {"type": "integer"},
    Kind.YES_NO: {"type": "boolean"},
    Kind.TIME: {"type": "string", "format": "date-time"},
}


_KINDS: Final[dict[FieldType, Kind]] = {
    FieldType.TEXT: Kind.TEXT,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.INTEGER: Kind.WHOLE,
    FieldType.BOOLEAN: Kind.YES_NO,
    FieldType.TIME: Kind.TIME,
}


def kinds_of(collection: str) -> dict[str, Kind]:
    """Return the fields of a collection that may be queried, except the geometry."""
    return {field.name: _KINDS[field.type] for field in LAYERS[collection].fields}


def meanings_of(collection: str, language: str) -> dict[str, str]:
    """Return the meanings of a collection's fields, in "de" or "en", in field order."""
    return {field.name: field.description.of(language) for field in LAYERS[collection].fields}


def value_of(kind: Kind, text: str) -> Value:
    """Return the value that a text represents; ValueError if it is not one of this kind."""
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
    """Return a number, as an integer if it is whole and a database can store it."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text or text != text.strip():
        raise ValueError(f"{text[:40]!r} is no number")
    return int(number) if number.is_integer() and abs(number) <= MAX_WHOLE else number
