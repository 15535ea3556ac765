"""Routes of the pages and their files; browsers fetch the content of pages from the API."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from roadscan.model.score import STATEMENT
from roadscan.serve.pages.basemap import POLICY, policy_with
from roadscan.serve.pages.notices import notices_of
from roadscan.serve.pages.texts import (
    LANGUAGE_COOKIE,
    LANGUAGE_KEPT_S,
    LANGUAGES,
    amount,
    choose_language,
    how_long,
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
"""Address to name: templates/NAME.html, static/NAME.js."""
STATIC: Final = Path(__file__).parent.parent / "static"
MAPLIBRE: Final = ("maplibre-gl.js", "maplibre-gl.css")
MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css"}


def pages_router(settings: ServeSettings) -> APIRouter:
    """Return the routes of the pages; their empty templates are public."""
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
    def page(request: Request) -> HTMLResponse:
        asked = request.query_params.get("lang")
        language = choose_language(
            asked,
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("Accept-Language", ""),
        )
        html = templates.get_template(f"{name}.html").render(
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


def static_router() -> APIRouter:
    """Return the routes of our own modules and the map library; browsers revalidate them."""
    router = APIRouter(prefix="/static", include_in_schema=False)
    files = {path.name: path for path in STATIC.iterdir() if path.suffix in MEDIA_TYPES}
    files |= {f"vendor/{name}": _maplibre() / name for name in MAPLIBRE}

    @router.get("/{name:path}")
    def file(name: str) -> FileResponse:
        if name not in files:
            raise HTTPException(404, "there is no such file")
        path = files[name]
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(path, headers=headers, media_type=MEDIA_TYPES[path.suffix])

    return router


def _maplibre() -> Path:
    """Return the folder of the browser library, without importing its package."""
    spec = find_spec("maplibre")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the map page needs maplibre", name="maplibre")
    return Path(spec.origin).parent / "srcjs"
