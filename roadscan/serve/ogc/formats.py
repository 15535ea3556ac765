"""The formats that layers come in, and which one a request asks for."""

from collections.abc import Collection, Mapping
from typing import Final

from fastapi import Request

from roadscan.errors import RoadscanError
from roadscan.serve.ogc.texts import preferred

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
"""Formats that hold all features that were asked for, not a page of them."""
PAGES: Final = {"json": GEOJSON, "html": HTML}
DOCUMENTS: Final = {"json": JSON, "html": HTML}


def format_of(request: Request, values: Mapping[str, str], known: Mapping[str, str]) -> str:
    """Return the format that a request asks for by `f`, else by its Accept header, else JSON.

    Raises `query_invalid` for an `f` that there is not.
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
            f"the parameter f is {name[:40]!r}",
            f"Take one of {', '.join(known)}",
        )
    return name
