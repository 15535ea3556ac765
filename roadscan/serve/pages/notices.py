"""The public notices of a service: who is responsible, what data is stored, and for how long.

The facts come from the settings and from the program's own constants, so that the page cannot
promise what the program does not do. Legal statements are left to the town.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from roadscan.errors import RoadscanError
from roadscan.serve.access.guard import COOKIE
from roadscan.serve.access.oidc_routes import LOGIN_COOKIE, LOGIN_S
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.pages.texts import LANGUAGE_COOKIE, LANGUAGE_KEPT_S
from roadscan.serve.privacy_record import MEASURED
from roadscan.serve.retention import LONGEST_S
from roadscan.serve.settings import ServeSettings
from roadscan.serve.survey_exports import KEPT_S

MAX_OPERATOR: Final = 2000
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters; an address needs only line breaks."""


@dataclass(frozen=True, slots=True)
class Notices:
    """The facts of one service stated on the page; times in seconds."""

    operator: str
    """Name and contact of the operator; "" if none was given."""
    keep_raw_s: float
    """Time that videos and tracks are stored after their results ..."""
    longest_s: float
    """... and after their arrival, with or without results."""
    deletes_raw: bool
    upload_expires_s: float
    export_kept_s: float
    picture_every_m: float
    """0 for no pictures except those of damages."""
    public: tuple[str, ...]
    """Layers that anyone may read, in the order of `COLLECTIONS`."""
    measured_model: str
    """The model whose measured figures are given on the page."""
    basemap_origin: str
    """Origin of the map's background; "" without one."""
    login_host: str
    """Host of the login service; "" if all logins are local."""
    session_cookie: str
    session_s: float
    session_over_https: bool
    language_cookie: str
    language_kept_s: float
    login_cookie: str
    login_kept_s: float


def notices_of(settings: ServeSettings) -> Notices:
    """Return the facts of a service with these settings."""
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
        login_cookie=LOGIN_COOKIE,
        login_kept_s=LOGIN_S,
    )


def read_operator(text: str) -> str:
    """Return the operator as the page shows it; raises `option_invalid`.

    It is text, never markup; line breaks are shown.
    """
    operator = text.replace("\r\n", "\n").strip()
    if len(operator) > MAX_OPERATOR:
        why = f"--operator has {len(operator)} characters"
        raise RoadscanError("option_invalid", why, f"Use {MAX_OPERATOR} at most")
    if found := _CONTROL.search(operator):
        why = f"--operator: {found[0]!r} does not belong in a name or address"
        raise RoadscanError("option_invalid", why, "Remove it; line breaks are allowed")
    return operator
