"""Hands out the pages; what stands in them is fetched by the browser from the API."""

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from roadscan.model.score import STATEMENT
from roadscan.serve.pages.basemap import POLICY, policy_with
from roadscan.serve.pages.notices import amount, how_long, notices_of
from roadscan.serve.pages.texts import (
    LANGUAGE_COOKIE,
    LANGUAGE_KEPT_S,
    LANGUAGES,
    choose_language,
    notice_texts,
    texts,
)
from roadscan.serve.settings import ServeSettings

HEADERS: Final = {"Cache-Control": "no-cache", "Vary": "Cookie"}

PAGES: Final = {
    "/": "map",
    "/streets": "streets",
    "/segment": "segment",
    "/review": "review",
    "/upload": "upload",
    "/drive": "drive",
    "/account": "account",
    "/admin": "admin",
    "/login": "login",
    "/welcome": "welcome",
    "/notices": "notices",
}
"""Address to template and module: templates/NAME.html, static/NAME.js."""


def pages_router(settings: ServeSettings) -> APIRouter:
    """Return the routes of the pages. Anybody may see the empty frames."""
    router = APIRouter(include_in_schema=False)
    templates = Environment(
        loader=PackageLoader("roadscan.serve.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    templates.globals["outside_login"] = settings.oidc is not None
    templates.globals["basemap"] = settings.basemap
    templates.globals["facts"] = notices_of(settings)
    templates.globals |= {"notice_texts": notice_texts, "how_long": how_long, "amount": amount}
    for address, name in PAGES.items():
        headers = dict(HEADERS)
        if name == "map" and settings.basemap is not None:
            headers[POLICY] = policy_with(settings.basemap.origin)
        page = _page(templates, name, headers)
        router.add_api_route(address, page, response_class=HTMLResponse)
    return router


def _page(
    templates: Environment, name: str, headers: Mapping[str, str]
) -> Callable[[Request], HTMLResponse]:
    template = templates.get_template(f"{name}.html")

    def page(request: Request) -> HTMLResponse:
        asked = request.query_params.get("lang")
        language = choose_language(
            asked,
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("Accept-Language", ""),
        )
        html = template.render(
            language=language,
            languages=LANGUAGES,
            t=texts(language),
            name=name,
            path=request.url.path,
            statement=STATEMENT,
        )
        answer = HTMLResponse(html, headers=headers)
        if asked in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, language, max_age=LANGUAGE_KEPT_S, samesite="lax")
        return answer

    return page
