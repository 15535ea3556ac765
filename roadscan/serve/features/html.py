"""The HTML pages of the layers: small, without a script, nothing from elsewhere."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jinja2

from roadscan.serve.features.texts import LANGUAGES, TEXTS
from roadscan.store.features import Placed

STYLE: Final = "style.css"


def page(template: str, base: str, language: str, **values: Any) -> bytes:
    """Return a page; `values` is what its template names."""
    other = next(name for name in LANGUAGES if name != language)
    found = _pages().get_template(f"{template}.html")
    return found.render(
        base=base, language=language, other=other, t=TEXTS[language], **values
    ).encode()


def stylesheet() -> bytes:
    """Return the style of the pages."""
    return files(__package__).joinpath("templates", STYLE).read_bytes()


def feature_rows(features: Sequence[Placed]) -> list[Mapping[str, Any]]:
    """Return the properties of features, for a table."""
    return [json.loads(placed.geojson)["properties"] for placed in features]


@cache
def _pages() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("roadscan.serve.features"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
