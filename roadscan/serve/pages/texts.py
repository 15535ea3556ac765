"""What pages say, in German and English."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("de", "en")
DEFAULT: Final = "de"
LANGUAGE_COOKIE: Final = "roadscan_language"
"""Keeps the language that somebody chose."""
LANGUAGE_KEPT_S: Final = 365 * 86400


@cache
def texts(language: str) -> dict[str, str]:
    """Return all texts of a language by their key."""
    return _read(language)


@cache
def notice_texts(language: str) -> dict[str, str]:
    """Return what the notices say: long, so other pages do not carry it along."""
    return _read(f"notices_{language}")


def choose_language(asked: str | None, kept: str | None, accepted: str) -> str:
    """Return the language asked for in the address, else the one kept, else the browser's.

    `accepted` is the header Accept-Language; its order counts, its weights do not.
    """
    browser = (part.split(";")[0].strip().lower()[:2] for part in accepted.split(","))
    wanted = (asked, kept, *browser)
    return next((language for language in wanted if language in LANGUAGES), DEFAULT)


def _read(name: str) -> dict[str, str]:
    source = files(__package__).joinpath("texts", f"{name}.toml").read_text("utf-8")
    found: dict[str, str] = tomllib.loads(source)
    return found
