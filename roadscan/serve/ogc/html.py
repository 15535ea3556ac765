"""The HTML pages of the layers: small, without a script, nothing from elsewhere."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from fastapi import Request

from roadscan.serve.ogc.links import base_url
from roadscan.serve.ogc.texts import LANGUAGES, TEXTS, language_of
from roadscan.store.layers.selection import Placed

STYLE: Final = "style.css"


def page(template: str, request: Request, **values: Any) -> bytes:
    """Return a page in the language of the request; `values` is what its template names."""
    language = language_of(request)
    other = next(name for name in LANGUAGES if name != language)
    common = {
        "base": base_url(request),
        "language": language,
        "other": other,
        "elsewhere": f"?{urlencode({**request.query_params, 'f': 'html', 'lang': other})}",
        "t": TEXTS[language],
    }
    return _pages().get_template(f"{template}.html").render(**common, **values).encode()


def stylesheet() -> bytes:
    """Return the style of the pages."""
    return files(__package__).joinpath("templates", STYLE).read_bytes()


def feature_rows(features: Sequence[Placed]) -> list[Mapping[str, Any]]:
    """Return the properties of features, for a table."""
    return [json.loads(placed.geojson)["properties"] for placed in features]


@cache
def _pages() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("roadscan.serve.ogc"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
