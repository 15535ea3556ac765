"""Links between the resources of the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its relation and the type of what it leads to."""

    href: str
    rel: str
    type: str
    title: str

    def as_json(self) -> dict[str, str]:
        """Return it as OGC API writes it."""
        return {"href": self.href, "rel": self.rel, "type": self.type, "title": self.title}

    def as_header(self) -> str:
        """Return it as RFC 8288 writes it."""
        return f'<{self.href}>; rel="{self.rel}"; type="{self.type}"'


def base_url(request: Request) -> str:
    """Return the address of the landing page, as the client knows this service."""
    return f"{str(request.base_url).rstrip('/')}/ogc"


def address(*path: str, query: Mapping[str, str] | None = None) -> str:
    """Return an address under a base, its parts escaped; the base is the first of them."""
    base, *parts = path
    found = "/".join([base, *(quote(part, safe=":") for part in parts)])
    return f"{found}?{urlencode(query)}" if query else found


def link_header(links: Iterable[Link]) -> dict[str, str]:
    """Return the Link header, free of what a header cannot hold."""
    return {"Link": ", ".join(link.as_header() for link in links)}
