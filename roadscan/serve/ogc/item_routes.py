"""The routes of the features themselves."""

import pathlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.pipeline.scheme import load_scheme
from roadscan.publish.styles import qgis_styles
from roadscan.serve.ogc import html, operations
from roadscan.serve.ogc.crs import CRS84, Crs
from roadscan.serve.ogc.download_audit import Counted, Export
from roadscan.serve.ogc.downloads import WRITERS, Content
from roadscan.serve.ogc.formats import DOCUMENTS, FILES, GEOJSON, HTML, JSON, PAGES, format_of
from roadscan.serve.ogc.geojson import collection_body, feature_body, in_crs
from roadscan.serve.ogc.layer_access import Readable, chosen_layer, readable_collection
from roadscan.serve.ogc.links import Link, address, base_url, link_header
from roadscan.serve.ogc.queryables import kinds_of, meanings_of
from roadscan.serve.ogc.request_parameters import (
    OF_ITEM,
    OF_ITEMS,
    ItemsRequest,
    crs_of,
    cursor_behind,
    items_request,
    single_values,
)
from roadscan.serve.ogc.responses import Tag, answer, not_modified
from roadscan.serve.ogc.texts import COLLECTIONS, language_of
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.reader import LayerReader
from roadscan.store.layers.selection import Layer, Placed
from roadscan.store.store import Store

HTML_LIMIT: Final = 50
"""Features on an HTML page, if the request does not say how many."""
USUAL_SCHEME: Final = "ap9k"
_VERSION: Final = version("roadscan")
_FILE_TITLES: Final = {"csv": "CSV", "gpkg": "GeoPackage", "fgb": "FlatGeobuf"}
_PAGE_TITLES: Final = {"json": "GeoJSON", "html": "HTML"}


def items_router(
    features: LayerStore, store: Store, readable: Readable, export: Export
) -> APIRouter:
    """Return the routes of the features; see `features_router`."""
    router = APIRouter()

    def on_record(request: Request, layer: Layer, own: str, count: int) -> None:
        if request.method != "HEAD":  # which takes nothing away
            export(request, layer, own, count)

    files = {media_type.split(";")[0]: operations.BINARY for media_type in FILES.values()}

    @operations.read_route(
        router,
        "/collections/{collection}/items",
        operations.operation(
            operations.ITEMS_ID,
            operations.html_or(GEOJSON, operations.FEATURES) | files,
            operations.OF_ITEMS,
            "layer_unknown",
        ),
    )
    def items(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        known = OF_ITEMS | kinds_of(collection).keys()
        values = single_values(request.query_params, known)
        own = format_of(request, values, PAGES | FILES)
        asked = items_request(values, collection)
        with features.reading() as reader:
            layer = chosen_layer(reader, collection, values)
            tag = Tag(request, _VERSION, layer.version, own, language_of(request))
            if tag.is_known:
                return not_modified(tag)
            if own in FILES:
                return _file(reader, store, layer, asked, own, tag, partial(on_record, request))
            return _page(request, values, reader, layer, asked, own, tag)

    @operations.read_route(
        router,
        "/collections/{collection}/items/{featureId}",
        operations.operation(
            "{collection}.item",
            operations.html_or(GEOJSON, operations.FEATURE),
            operations.OF_ITEM,
            "layer_unknown",
            "feature_unknown",
        ),
    )
    def item(
        collection: str,
        feature_id: Annotated[str, Path(alias="featureId")],
        request: Request,
    ) -> Response:
        readable_collection(readable, request, collection)
        values = single_values(request.query_params, OF_ITEM)
        own = format_of(request, values, DOCUMENTS)
        crs = crs_of(values, "crs")
        with features.reading() as reader:
            layer = chosen_layer(reader, collection, values)
            try:
                placed = reader.feature(layer, feature_id)
            except KeyError:
                raise RoadscanError(
                    "feature_unknown",
                    f"{collection} has no feature {feature_id[:80]!r}",
                    "Ask the collection for its features",
                ) from None
        tag = Tag(request, _VERSION, layer.version, own, language_of(request))
        if tag.is_known:
            return not_modified(tag)
        return _item(request, values, layer, placed, feature_id, own, crs, tag)

    return router


def _page(
    request: Request,
    values: Mapping[str, str],
    reader: LayerReader,
    layer: Layer,
    asked: ItemsRequest,
    own: str,
    tag: Tag,
) -> Response:
    limit = HTML_LIMIT if own == "html" and asked.limit is None else asked.page_limit
    matched = reader.count(layer, asked.selection)
    places = reader.places(layer, asked.selection, asked.after, limit + 1)
    links = _page_links(request, values, layer.collection, own)
    if len(places) > limit:
        places = places[:limit]
        further = {**values, "cursor": cursor_behind(int(places[-1])), "f": own}
        url = address(base_url(request), "collections", layer.collection, "items", query=further)
        links.append(Link(url, "next", PAGES[own], "Next page"))
    headers = link_header(links) | {"Content-Crs": f"<{asked.crs.uri}>"}
    if own == "json":
        if asked.crs is CRS84:
            texts = reader.geojson(layer, places)
        else:
            texts = ",".join(in_crs(reader.page(layer, places), asked.crs))
        body = collection_body(texts, len(places), matched, links)
        return answer(body, GEOJSON, tag, headers)
    language = language_of(request)
    shown = {
        "collection": layer.collection,
        "title": COLLECTIONS[layer.collection][language][0],
        "survey": layer.source.survey,
        "fields": meanings_of(layer.collection, language),
        "rows": html.feature_rows(reader.page(layer, places)),
        "matched": matched,
        "page_type": GEOJSON,
    }
    body = html.page("items", request, links=links, **shown)
    return answer(body, HTML, tag, headers)


def _item(
    request: Request,
    values: Mapping[str, str],
    layer: Layer,
    placed: Placed,
    feature_id: str,
    own: str,
    crs: Crs,
    tag: Tag,
) -> Response:
    base, language = base_url(request), language_of(request)
    title = COLLECTIONS[layer.collection][language][0]
    url = address(base, "collections", layer.collection, "items", feature_id)
    links = [
        *_alternates(url, values, own),
        Link(address(base, "collections", layer.collection), "collection", JSON, title),
    ]
    headers = link_header(links) | {"Content-Crs": f"<{crs.uri}>"}
    if own == "json":
        return answer(feature_body(placed, links, crs), GEOJSON, tag, headers)
    shown = {
        "collection": layer.collection,
        "title": title,
        "survey": layer.source.survey,
        "feature_id": feature_id,
        "fields": meanings_of(layer.collection, language),
        "row": html.feature_rows([placed])[0],
    }
    return answer(html.page("item", request, links=links, **shown), HTML, tag, headers)


def _page_links(
    request: Request, values: Mapping[str, str], collection: str, own: str
) -> list[Link]:
    base = base_url(request)
    url = address(base, "collections", collection, "items")
    whole = {name: value for name, value in values.items() if name not in {"cursor", "limit"}}
    title = COLLECTIONS[collection][language_of(request)][0]
    return [
        *_alternates(url, values, own),
        *(
            Link(
                address(url, query={**whole, "f": name}),
                "alternate",
                media_type,
                _FILE_TITLES[name],
            )
            for name, media_type in FILES.items()
        ),
        Link(address(base, "collections", collection), "collection", JSON, title),
    ]


def _alternates(url: str, values: Mapping[str, str], own: str) -> list[Link]:
    """Return the links of features to themselves and to the other form of the page."""
    return [
        Link(
            address(url, query={**values, "f": name}),
            "self" if name == own else "alternate",
            media_type,
            _PAGE_TITLES[name],
        )
        for name, media_type in sorted(PAGES.items(), key=lambda form: form[0] != own)
    ]


def _file(
    reader: LayerReader,
    store: Store,
    layer: Layer,
    asked: ItemsRequest,
    own: str,
    tag: Tag,
    on_record: Callable[[Layer, str, int], None],
) -> Response:
    rows = Counted(reader.values(layer, asked.selection, after=asked.after, limit=asked.limit))

    def styles() -> dict[str, str]:
        try:
            scheme = parse_scheme(store.survey(layer.source.survey).scheme_text)
        except KeyError:  # nothing was assessed yet: an empty file to set up a project with
            scheme = load_scheme(USUAL_SCHEME)
        return qgis_styles(scheme)

    folder = pathlib.Path(tempfile.mkdtemp(prefix="roadscan-layer-"))
    name = f"{layer.collection}.{own}"
    try:
        WRITERS[own](folder / name, Content(layer, rows, asked.crs, styles))
        on_record(layer, own, rows.count)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        folder / name,
        headers=tag.headers | {"Content-Crs": f"<{asked.crs.uri}>"},
        media_type=FILES[own],
        filename=name,
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )
