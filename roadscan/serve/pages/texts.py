"""Texts of the pages in German and English; numbers and periods formatted for each language."""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from roadscan.model.layers.segments import SEGMENTS

LANGUAGES: Final = ("de", "en")
DEFAULT: Final = "de"
LANGUAGE_COOKIE: Final = "roadscan_language"
"""Cookie that stores the language that a user chose."""
LANGUAGE_KEPT_S: Final = 365 * 86400
_UNITS: Final = (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))


@cache
def texts(language: str) -> dict[str, str]:
    """Return all texts of a language by their key.

    `field_*` are the titles of a segment's fields, except where the pages use a word of their own.
    """
    titles = {f"field_{field.name}": field.title.of(language) for field in SEGMENTS.fields}
    return titles | _read(language)


@cache
def notice_texts(language: str) -> dict[str, str]:
    """Return the texts of the notices, which other pages omit because they are long."""
    return _read(f"notices_{language}")


def choose_language(asked: str | None, kept: str | None, accepted: str) -> str:
    """Return the language requested in the address, else the stored one, else the browser's.

    `accepted` is the Accept-Language header; its order matters, its weights do not.
    """
    browser = (part.split(";")[0].strip().lower()[:2] for part in accepted.split(","))
    wanted = (asked, kept, *browser)
    return next((language for language in wanted if language in LANGUAGES), DEFAULT)


def amount(value: float, words: Mapping[str, str]) -> str:
    """Return a number formatted for the language."""
    return f"{value:g}".replace(".", words["decimal_mark"])


def how_long(time_s: float, words: Mapping[str, str]) -> str:
    """Return a period in the largest unit that needs at most one decimal."""
    units = ((name, time_s / unit_s) for name, unit_s in _UNITS if time_s >= unit_s or not time_s)
    exact = (each for each in units if math.isclose(each[1], round(each[1], 1)))
    name, count = next(exact, ("minutes", round(time_s / 60)))
    return words[f"one_{name}" if count == 1 else f"some_{name}"].format(n=amount(count, words))


def _read(name: str) -> dict[str, str]:
    source = files(__package__).joinpath("texts", f"{name}.toml").read_text("utf-8")
    found: dict[str, str] = tomllib.loads(source)
    return found
