"""What a town tells everybody of its service: who is responsible, what is kept, and how long.

Facts come from the settings and from the constants that the program goes by, so that the page
cannot promise what the program does not do. What the law says of it is the town's to write.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from roadscan.errors import RoadscanError
from roadscan.serve.access.guard import COOKIE
from roadscan.serve.access.oidc import BEGUN_COOKIE, BEGUN_S
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.pages.texts import LANGUAGE_COOKIE, LANGUAGE_KEPT_S
from roadscan.serve.privacy_record import MEASURED
from roadscan.serve.retention import DAY_S, LONGEST_S
from roadscan.serve.settings import ServeSettings
from roadscan.serve.survey_exports import KEPT_S

MAX_OPERATOR: Final = 2000
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Line breaks are the only ones that an address needs."""
_UNITS: Final = (("days", DAY_S), ("hours", 3600.0), ("minutes", 60.0))


@dataclass(frozen=True, slots=True)
class Notices:
    """What the page says of one service; times in seconds."""

    operator: str
    """Name and contact of whoever is responsible; "" where nobody is named."""
    keep_raw_s: float
    """Videos and tracks after their results ..."""
    longest_s: float
    """... and after they came, results or not."""
    deletes_raw: bool
    upload_expires_s: float
    export_kept_s: float
    picture_every_m: float
    """0: none besides those of damages."""
    public: tuple[str, ...]
    """Layers that anybody may read, in the order of all."""
    measured_model: str
    """Whose figures the page tells."""
    basemap_origin: str
    """Whom browsers ask for the map's background; "" for nobody."""
    login_host: str
    """Whom logins lead to; "" where all are made here."""
    session_cookie: str
    session_s: float
    session_over_https: bool
    language_cookie: str
    language_kept_s: float
    login_cookie: str
    login_kept_s: float


def notices_of(settings: ServeSettings) -> Notices:
    """Return what the page says of a service with these settings."""
    return Notices(
        operator=settings.operator,
        keep_raw_s=settings.keep_raw_s,
        longest_s=LONGEST_S,
        deletes_raw=settings.deletes_raw,
        upload_expires_s=settings.upload_expires_s,
        export_kept_s=KEPT_S,
        picture_every_m=settings.picture_every_m,
        public=tuple(name for name in COLLECTIONS if name in settings.public_collections),
        measured_model=MEASURED,
        basemap_origin="" if settings.basemap is None else settings.basemap.origin,
        login_host="" if settings.oidc is None else urlsplit(settings.oidc.issuer).netloc,
        session_cookie=COOKIE,
        session_s=settings.session_s,
        session_over_https=settings.cookie_secure,
        language_cookie=LANGUAGE_COOKIE,
        language_kept_s=LANGUAGE_KEPT_S,
        login_cookie=BEGUN_COOKIE,
        login_kept_s=BEGUN_S,
    )


def read_operator(text: str) -> str:
    """Return who is responsible, as the page shows it; raises `option_invalid`.

    It is text, never markup; its line breaks are shown.
    """
    operator = text.replace("\r\n", "\n").strip()
    if len(operator) > MAX_OPERATOR:
        why = f"--operator has {len(operator)} characters"
        raise RoadscanError("option_invalid", why, f"Say it in {MAX_OPERATOR} at most")
    if found := _CONTROL.search(operator):
        why = f"--operator: {found[0]!r} is no character of a name or address"
        raise RoadscanError("option_invalid", why, "Leave it out; line breaks may stay")
    return operator


def amount(value: float, words: Mapping[str, str]) -> str:
    """Return a number as the language writes it."""
    return f"{value:g}".replace(".", words["decimal_mark"])


def how_long(time_s: float, words: Mapping[str, str]) -> str:
    """Return a time in the largest unit that it can be told in with one decimal at most."""
    units = ((name, time_s / unit_s) for name, unit_s in _UNITS if time_s >= unit_s or not time_s)
    told = (each for each in units if math.isclose(each[1], round(each[1], 1)))
    name, count = next(told, ("minutes", round(time_s / 60)))
    return words[f"one_{name}" if count == 1 else f"some_{name}"].format(n=amount(count, words))
