"""Routes of the documents about the layers: landing page, conformance, collections, queryables."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response

from roadscan.serve.ogc import documents
from roadscan.serve.ogc.downloads import RecordDownload
from roadscan.serve.ogc.item_routes import items_router
from roadscan.serve.ogc.layer_access import Readable, readable_collection
from roadscan.serve.ogc.negotiation import (
    DOCUMENTS,
    FILES,
    HTML,
    JSON,
    OPENAPI,
    SCHEMA,
    format_of,
    language_of,
)
from roadscan.serve.ogc.operations import (
    COLLECTION,
    COLLECTIONS_PAGE,
    CONFORMANCE,
    LANDING_PAGE,
    OBJECT,
    PREFIX,
    layers_description,
    operation,
    read_route,
)
from roadscan.serve.ogc.request_parameters import COMMON, single_values
from roadscan.serve.ogc.responses import (
    STYLE,
    VERSION,
    Link,
    Tag,
    address,
    base_url,
    html_page,
    json_bytes,
    link_header,
    not_modified,
    response,
    stylesheet,
)
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.ogc.tiles import tiles_router
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Layer
from roadscan.store.store import Store


def layers_router(
    features: LayerStore, store: Store, readable: Readable, record: RecordDownload
) -> APIRouter:
    """Return the routes of the layers, at /ogc.

    Parameters
    ----------
    features
        The layers.
    store
        Holds the schemes, from which the styles in downloads are made.
    readable
        Returns the collections that the caller of a request may read.
    record
        Records every download before it is sent.
    """
    router = APIRouter(prefix=PREFIX, tags=["layers"])
    # the most frequent requests first: routes are matched in this order
    router.include_router(items_router(features, store, readable, record))
    router.include_router(tiles_router(features, readable))

    @router.api_route("", methods=["GET", "HEAD"], include_in_schema=False)
    @read_route(router, "/", operation("landingPage", DOCUMENTS, LANDING_PAGE, COMMON))
    def landing_page(request: Request) -> Response:
        return _document(request, "landing", base_url(request), documents.landing_page)

    @read_route(
        router,
        "/conformance",
        operation("conformance", DOCUMENTS, CONFORMANCE, COMMON),
    )
    def conformance(request: Request) -> Response:
        url = f"{base_url(request)}/conformance"
        return _document(request, "conformance", url, lambda *_: documents.conformance())

    @read_route(router, "/api", operation("api", DOCUMENTS | {"json": OPENAPI}, OBJECT, COMMON))
    def api(request: Request) -> Response:
        def make(base: str, _: str, language: str) -> dict[str, Any]:
            return layers_description(request.app.openapi(), base, language)

        return _document(request, "api", f"{base_url(request)}/api", make, OPENAPI)

    @router.api_route(f"/{STYLE}", methods=["GET", "HEAD"], include_in_schema=False)
    def style(request: Request) -> Response:
        return _tagged(request, stylesheet, "text/css")

    @read_route(
        router,
        "/collections",
        operation("collections", DOCUMENTS, COLLECTIONS_PAGE, COMMON, "not_logged_in"),
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
        operation("{collection}.collection", DOCUMENTS, COLLECTION, COMMON, "layer_unknown"),
    )
    def collection(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        with features.reading() as reader:
            layers = reader.layers(collection)

        def make(base: str, own: str, language: str) -> dict[str, Any]:
            return documents.collection(base, own, language, collection, layers)

        url = address(base_url(request), "collections", collection)
        return _document(request, "collection", url, make, JSON, *_versions(layers))

    _add_schemas(router, readable)
    return router


def _add_schemas(router: APIRouter, readable: Readable) -> None:
    @read_route(
        router,
        "/collections/{collection}/queryables",
        operation(
            "{collection}.queryables", DOCUMENTS | {"json": SCHEMA}, OBJECT, COMMON, "layer_unknown"
        ),
    )
    def queryables(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        url = address(base_url(request), "collections", collection, "queryables")

        def make(_: str, __: str, language: str) -> dict[str, Any]:
            return documents.queryables(url, language, collection)

        return _document(request, "queryables", url, make, SCHEMA, collection)

    @read_route(
        router,
        "/collections/{collection}/feature-schema",
        operation("{collection}.schema", {"json": SCHEMA}, OBJECT, COMMON, "layer_unknown"),
    )
    def feature_schema(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        single_values(request.query_params, COMMON)
        url, language = (
            address(base_url(request), "collections", collection, "feature-schema"),
            language_of(request),
        )

        def make() -> bytes:
            return json_bytes(documents.feature_schema(url, language, collection))

        return _tagged(request, make, SCHEMA, collection, language)


def _document(
    request: Request,
    template: str,
    url: str,
    make: Callable[[str, str, str], dict[str, Any]],
    json_type: str = JSON,
    *depends_on: str,
) -> Response:
    """Return a document as JSON or HTML; `make` gets the base address, format and language."""
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
        return html_page(template, request, links=links, **shown)

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
    tag = Tag(request, VERSION, media_type, *depends_on)
    if tag.is_known:
        return not_modified(tag)
    return response(make(), media_type, tag, link_header(links) if links else {})


def _versions(layers: Iterable[Layer]) -> list[str]:
    return [f"{layer.source}{layer.version}" for layer in layers]
