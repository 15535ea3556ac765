"""An optional map background from a tile server; without it, pages contact no other server.

The service itself never contacts the tile server. Browsers do, on the map page only, under a
content policy that names this one host.
"""

import re
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.serve.middleware import SECURITY_HEADERS
from roadscan.serve.settings import BasemapSettings

POLICY: Final = "Content-Security-Policy"
MAX_LENGTH: Final = 1000
# only characters that are safe in a content policy: no blanks, quotes or semicolons
_ADDRESS: Final = re.compile(
    r"(https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::[0-9]{1,5})?)"
    r"/[A-Za-z0-9._~%/?:@!$&()*+=,{}-]*",
    re.ASCII,
)
_TILE: Final = frozenset({"{z}", "{x}", "{y}"})
_BOX: Final = frozenset({"{bbox-epsg-3857}"})


def read_basemap(url: str, attribution: str) -> BasemapSettings | None:
    """Return the settings; None without an address. Raises `option_invalid`."""
    if not url:
        if attribution:
            raise _invalid("--basemap is missing", "Name the tile server, or leave both out")
        return None
    found = _ADDRESS.fullmatch(url) if len(url) <= MAX_LENGTH else None
    if found is None:
        raise _invalid(
            f"--basemap: {url[:80]!r} is not the address of a tile server",
            "It begins with https:// and a host name",
        )
    places = re.findall(r"\{[^{}]*\}", url)
    if set(places) not in (_TILE, _BOX) or len(places) != len(set(places)):
        raise _invalid(
            f"--basemap: {url[:80]!r} has no placeholders for the tile",
            "Write {z}, {x}, {y}, or for a WMS in EPSG:3857 {bbox-epsg-3857}, once each",
        )
    if not attribution.strip():
        raise _invalid(
            "--basemap-attribution is missing", "Name the owner of the map, as its licence requires"
        )
    return BasemapSettings(url=url, origin=found[1], attribution=attribution.strip())


def policy_with(origin: str) -> str:
    """Return the pages' content policy, allowing images and requests of one more origin."""
    parts = SECURITY_HEADERS[POLICY].split("; ")
    widened = ("img-src ", "connect-src ")
    return "; ".join(f"{part} {origin}" if part.startswith(widened) else part for part in parts)


def _invalid(why: str, hint: str) -> RoadscanError:
    return RoadscanError("option_invalid", why, hint)
