"""What pages say, in German and English."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("de", "en")
DEFAULT: Final = "de"


@cache
def texts(language: str) -> dict[str, str]:
    """Return all texts of a language by their key."""
    source = files(__package__).joinpath("texts", f"{language}.toml").read_text("utf-8")
    found: dict[str, str] = tomllib.loads(source)
    return found


def choose_language(asked: str | None, kept: str | None, accepted: str) -> str:
    """Return the language asked for in the address, else the one kept, else the browser's.

    `accepted` is the header Accept-Language; its order counts, its weights do not.
    """
    browser = (part.split(";")[0].strip().lower()[:2] for part in accepted.split(","))
    wanted = (asked, kept, *browser)
    return next((language for language in wanted if language in LANGUAGES), DEFAULT)
