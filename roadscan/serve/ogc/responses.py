"""Responses: links, entity tags, compression, and HTML pages (small, without scripts)."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from fastapi import Request, Response

from roadscan.serve.ogc.negotiation import language_of
from roadscan.serve.ogc.texts import LANGUAGES, TEXTS
from roadscan.store.layers.selection import ServedFeature

VERSION: Final = version("roadscan")
"""Part of every entity tag: a new version may write the same features differently."""
STYLE: Final = "style.css"
COMPRESSED_FROM_BYTES: Final = 1000
GZIP_LEVEL: Final = 1
"""Three times as fast as the default 6, for a tenth more bytes."""
_VARY: Final = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, X-API-Key"


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its relation and the media type of its target."""

    href: str
    rel: str
    type: str
    title: str

    def as_json(self) -> dict[str, str]:
        """Return it as in the JSON of OGC APIs."""
        return {"href": self.href, "rel": self.rel, "type": self.type, "title": self.title}

    def as_header(self) -> str:
        """Return it as in a Link header (RFC 8288)."""
        return f'<{self.href}>; rel="{self.rel}"; type="{self.type}"'


def base_url(request: Request) -> str:
    """Return the address of the landing page, as seen by the client."""
    return f"{str(request.base_url).rstrip('/')}/ogc"


def address(*path: str, query: Mapping[str, str] | None = None) -> str:
    """Return a base address with path segments, which are escaped, and a query."""
    base, *parts = path
    found = "/".join([base, *(quote(part, safe=":") for part in parts)])
    return f"{found}?{urlencode(query)}" if query else found


def link_header(links: Iterable[Link]) -> dict[str, str]:
    """Return the Link header."""
    return {"Link": ", ".join(link.as_header() for link in links)}


class Tag:
    """The entity tag of a response, known before the response is made.

    It is a hash of the address, of everything the response depends on, and of the encoding.
    """

    def __init__(self, request: Request, *depends_on: str) -> None:
        self.gzip = "gzip" in request.headers.get("accept-encoding", "")
        parts = "\0".join((str(request.url), *depends_on, "gzip" if self.gzip else ""))
        self.value = f'"{hashlib.sha256(parts.encode()).hexdigest()[:24]}"'
        self._seen = request.headers.get("if-none-match", "")

    @property
    def is_known(self) -> bool:
        """Whether the client already has the current response."""
        seen = [tag.strip().removeprefix("W/") for tag in self._seen.split(",")]
        return self.value in seen or "*" in seen

    @property
    def headers(self) -> dict[str, str]:
        """Headers that make clients revalidate each time."""
        return {"ETag": self.value, "Cache-Control": "no-cache", "Vary": _VARY}


def not_modified(tag: Tag) -> Response:
    """Return the response to a client that already has the current one."""
    return Response(status_code=304, headers=tag.headers)


def response(
    body: bytes, media_type: str, tag: Tag, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response, compressed if the client accepts gzip and it is large enough."""
    all_headers = tag.headers | dict(headers or {})
    if tag.gzip and len(body) >= COMPRESSED_FROM_BYTES:
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        all_headers["Content-Encoding"] = "gzip"
    return Response(body, headers=all_headers, media_type=media_type)


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON text."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def html_page(template: str, request: Request, **values: Any) -> bytes:
    """Return an HTML page in the language of the request; `values` go to its template."""
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
    """Return the stylesheet of the pages."""
    return files(__package__).joinpath("templates", STYLE).read_bytes()


def feature_rows(features: Sequence[ServedFeature]) -> list[Mapping[str, Any]]:
    """Return the properties of features, as the rows of a table."""
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
