"""A background for the map from a tile server, if somebody sets one: else no page asks any server.

The service itself never asks it: browsers do, under a policy that names this one host, on the map
page alone.
"""

import re
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.serve.middleware import SECURITY_HEADERS
from roadscan.serve.settings import BasemapSettings

POLICY: Final = "Content-Security-Policy"
MAX_LENGTH: Final = 1000
# what may stand in an address is what may stand in a policy: no blanks, quotes, commas, semicolons
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
            raise _wrong("--basemap is missing", "Name the tile server, or leave both out")
        return None
    found = _ADDRESS.fullmatch(url) if len(url) <= MAX_LENGTH else None
    if found is None:
        raise _wrong(
            f"--basemap: {url[:80]!r} is no address of a tile server",
            "It begins with https:// and the name of a host",
        )
    places = re.findall(r"\{[^{}]*\}", url)
    if set(places) not in (_TILE, _BOX) or len(places) != len(set(places)):
        raise _wrong(
            f"--basemap: {url[:80]!r} does not say where the tile goes",
            "Write {z}, {x}, {y}, or for a WMS in EPSG:3857 {bbox-epsg-3857}, once each",
        )
    if not attribution.strip():
        raise _wrong(
            "--basemap-attribution is missing", "Say whose map it is: its licence wants that"
        )
    return BasemapSettings(url=url, origin=found[1], attribution=attribution.strip())


def policy_with(origin: str) -> str:
    """Return the pages' content policy, with pictures and requests of one more origin."""
    parts = SECURITY_HEADERS[POLICY].split("; ")
    widened = ("img-src ", "connect-src ")
    return "; ".join(f"{part} {origin}" if part.startswith(widened) else part for part in parts)


def _wrong(why: str, hint: str) -> RoadscanError:
    return RoadscanError("option_invalid", why, hint)
