"""Media types of the layers, and the format and language that a request prefers."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from fastapi import Request

from roadscan.errors import RoadscanError
from roadscan.serve.ogc.texts import LANGUAGES

JSON: Final = "application/json"
HTML: Final = "text/html"
GEOJSON: Final = "application/geo+json"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"

FILES: Final = {
    "csv": "text/csv; charset=utf-8; header=present",
    "gpkg": "application/geopackage+sqlite3",
    "fgb": "application/vnd.flatgeobuf",
}
"""Formats that hold all requested features, not one page of them."""
PAGES: Final = {"json": GEOJSON, "html": HTML}
DOCUMENTS: Final = {"json": JSON, "html": HTML}

_WEIGHT: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def format_of(request: Request, values: Mapping[str, str], known: Mapping[str, str]) -> str:
    """Return the format given by `f`, else by the Accept header, else JSON.

    Raises `query_invalid` for an unknown `f`.
    """
    if "f" in values:
        return _checked(values["f"], known)
    for media_type in preferred(request.headers.get("accept", "")):
        for name, own in known.items():
            if own.split(";")[0] == media_type or (
                name == "json" and media_type in {JSON, GEOJSON}
            ):
                return name
    return "json"


def _checked(name: str, known: Collection[str]) -> str:
    if name not in known:
        raise RoadscanError(
            "query_invalid",
            f"Unknown format {name[:40]!r}",
            f"Use one of {', '.join(known)}",
        )
    return name


def language_of(request: Request) -> str:
    """Return the language of the response: `lang`, else what the browser prefers, else English."""
    if (lang := request.query_params.get("lang")) in LANGUAGES:
        return str(lang)
    ranked = preferred(request.headers.get("accept-language", ""))
    known = (name.split("-")[0].lower() for name in ranked)
    return next((name for name in known if name in LANGUAGES), LANGUAGES[0])


def preferred(header: str) -> list[str]:
    """Return the names in an Accept or Accept-Language header, most preferred first."""
    found = []
    for part in header.split(","):
        name, *options = (piece.strip() for piece in part.split(";"))
        weights = [match[1] for option in options if (match := _WEIGHT.fullmatch(option))]
        weight = float(weights[0]) if weights else 1.0
        if name and weight > 0:
            found.append((weight, name))
    return [name for _, name in sorted(found, key=lambda pair: -pair[0])]
