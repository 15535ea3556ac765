"""The routes of the documents about the layers; those of the features are in items.py."""

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from roadscan.serve.ogc import documents, html
from roadscan.serve.ogc.download_audit import Export
from roadscan.serve.ogc.formats import DOCUMENTS, FILES, HTML, JSON, OPENAPI, SCHEMA, format_of
from roadscan.serve.ogc.item_routes import items_router
from roadscan.serve.ogc.layer_access import Readable, readable_collection
from roadscan.serve.ogc.links import Link, address, base_url, link_header
from roadscan.serve.ogc.operations import (
    COLLECTION,
    COLLECTIONS_PAGE,
    CONFORMANCE,
    LANDING_PAGE,
    OBJECT,
    OF_DOCUMENT,
    PREFIX,
    html_or,
    layers_description,
    operation,
    read_route,
)
from roadscan.serve.ogc.request_parameters import COMMON, single_values
from roadscan.serve.ogc.responses import Tag, answer, json_bytes, not_modified
from roadscan.serve.ogc.texts import COLLECTIONS, language_of
from roadscan.serve.ogc.tiles import tiles_router
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Layer
from roadscan.store.store import Store

_VERSION: Final = version("roadscan")


def features_router(
    features: LayerStore, store: Store, readable: Readable, export: Export
) -> APIRouter:
    """Return the routes of the layers, at /ogc.

    Parameters
    ----------
    features
        What is served.
    store
        Where the schemes are that the styles of files are made of.
    readable
        Says which collections the caller of a request may read.
    export
        Hears of every file before it is handed out.
    """
    router = APIRouter(prefix=PREFIX, tags=["layers"])
    # first what is asked most often: routes are looked for in their order
    router.include_router(items_router(features, store, readable, export))
    router.include_router(tiles_router(features, readable))

    @router.api_route("", methods=["GET", "HEAD"], include_in_schema=False)
    @read_route(router, "/", operation("landingPage", html_or(JSON, LANDING_PAGE), OF_DOCUMENT))
    def landing_page(request: Request) -> Response:
        return _document(request, "landing", base_url(request), documents.landing_page)

    @read_route(
        router,
        "/conformance",
        operation("conformance", html_or(JSON, CONFORMANCE), OF_DOCUMENT),
    )
    def conformance(request: Request) -> Response:
        url = f"{base_url(request)}/conformance"
        return _document(request, "conformance", url, lambda *_: documents.conformance())

    @read_route(router, "/api", operation("api", html_or(OPENAPI, OBJECT), OF_DOCUMENT))
    def api(request: Request) -> Response:
        def make(base: str, _: str, language: str) -> dict[str, Any]:
            return layers_description(request.app.openapi(), base, language)

        return _document(request, "api", f"{base_url(request)}/api", make, OPENAPI)

    @router.api_route(f"/{html.STYLE}", methods=["GET", "HEAD"], include_in_schema=False)
    def style(request: Request) -> Response:
        return _tagged(request, html.stylesheet, "text/css")

    @read_route(
        router,
        "/collections",
        operation("collections", html_or(JSON, COLLECTIONS_PAGE), OF_DOCUMENT, "not_logged_in"),
    )
    def collections(request: Request) -> Response:
        names = readable(request)
        with features.reading() as reader:
            found = {name: reader.layers(name) for name in COLLECTIONS if name in names}

        def make(base: str, own: str, language: str) -> dict[str, Any]:
            return documents.collections(base, own, language, found)

        url = f"{base_url(request)}/collections"
        versions = _versions(layer for layers in found.values() for layer in layers)
        return _document(request, "collections", url, make, JSON, *versions)

    @read_route(
        router,
        "/collections/{collection}",
        operation(
            "{collection}.collection", html_or(JSON, COLLECTION), OF_DOCUMENT, "layer_unknown"
        ),
    )
    def collection(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        with features.reading() as reader:
            layers = reader.layers(collection)

        def make(base: str, own: str, language: str) -> dict[str, Any]:
            return documents.collection(base, own, language, collection, layers)

        url = address(base_url(request), "collections", collection)
        return _document(request, "collection", url, make, JSON, *_versions(layers))

    @read_route(
        router,
        "/collections/{collection}/queryables",
        operation("{collection}.queryables", html_or(SCHEMA, OBJECT), OF_DOCUMENT, "layer_unknown"),
    )
    def queryables(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        url = address(base_url(request), "collections", collection, "queryables")

        def make(_: str, __: str, language: str) -> dict[str, Any]:
            return documents.queryables(url, language, collection)

        return _document(request, "queryables", url, make, SCHEMA, collection)

    return router


def _document(
    request: Request,
    template: str,
    url: str,
    make: Callable[[str, str, str], dict[str, Any]],
    json_type: str = JSON,
    *depends_on: str,
) -> Response:
    """Return a document as JSON or as a page; `make` gets base address, format and language."""
    values = single_values(request.query_params, COMMON)
    own = format_of(request, values, DOCUMENTS)
    language = language_of(request)
    base = base_url(request)
    links = documents.self_and_alternate(url, own, language, json_type=json_type)

    def body() -> bytes:
        document = make(base, own, language)
        if own == "json":
            return json_bytes(document)
        collection = request.path_params.get("collection", "")
        shown = {"document": document, "collection": collection, "files": list(FILES)}
        return html.page(template, request, links=links, **shown)

    return _tagged(
        request, body, json_type if own == "json" else HTML, own, language, *depends_on, links=links
    )


def _tagged(
    request: Request,
    make: Callable[[], bytes],
    media_type: str,
    *depends_on: str,
    links: Iterable[Link] = (),
) -> Response:
    tag = Tag(request, _VERSION, media_type, *depends_on)
    if tag.is_known:
        return not_modified(tag)
    return answer(make(), media_type, tag, link_header(links) if links else {})


def _versions(layers: Iterable[Layer]) -> list[str]:
    return [f"{layer.source}{layer.version}" for layer in layers]
