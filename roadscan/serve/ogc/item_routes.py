"""Routes of the features.

A page is put together from the stored GeoJSON text of its features without parsing it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

import shapely
from fastapi import APIRouter, Path, Request, Response

from roadscan.errors import RoadscanError
from roadscan.publish.served_features import geometries_json
from roadscan.serve.ogc import operations
from roadscan.serve.ogc.crs import CRS84, Crs, from_crs84
from roadscan.serve.ogc.documents import as_json
from roadscan.serve.ogc.downloads import RecordDownload, download
from roadscan.serve.ogc.layer_access import Readable, chosen_layer, readable_collection
from roadscan.serve.ogc.negotiation import (
    DOCUMENTS,
    FILES,
    GEOJSON,
    HTML,
    JSON,
    PAGES,
    format_of,
    language_of,
)
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
from roadscan.serve.ogc.responses import (
    VERSION,
    Link,
    Tag,
    address,
    base_url,
    feature_rows,
    html_page,
    link_header,
    not_modified,
    response,
)
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.reader import LayerReader
from roadscan.store.layers.selection import Layer, ServedFeature
from roadscan.store.store import Store

HTML_LIMIT: Final = 50
"""Features on an HTML page without `limit`."""
_FILE_TITLES: Final = {"csv": "CSV", "gpkg": "GeoPackage", "fgb": "FlatGeobuf"}
_PAGE_TITLES: Final = {"json": "GeoJSON", "html": "HTML"}
_GEOMETRY: Final = ',"geometry":'


def items_router(
    features: LayerStore, store: Store, readable: Readable, record: RecordDownload
) -> APIRouter:
    """Return the routes of the features; see `layers_router`."""
    router = APIRouter()

    def record_get(request: Request, layer: Layer, file_format: str, count: int) -> None:
        if request.method != "HEAD":  # which downloads nothing
            record(request, layer, file_format, count)

    @operations.read_route(
        router,
        "/collections/{collection}/items",
        operations.operation(
            operations.ITEMS_ID,
            PAGES | FILES,
            operations.FEATURES,
            OF_ITEMS,
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
            tag = Tag(request, VERSION, layer.version, own, language_of(request))
            if tag.is_known:
                return not_modified(tag)
            if own in FILES:
                rows = reader.values(layer, asked.selection, after=asked.after, limit=asked.limit)
                found = download(rows, layer, asked.crs, store, own, partial(record_get, request))
                found.headers.update(tag.headers)
                return found
            return _page(request, values, reader, layer, asked, own, tag)

    @operations.read_route(
        router,
        "/collections/{collection}/items/{featureId}",
        operations.operation(
            "{collection}.item",
            PAGES,
            operations.FEATURE,
            OF_ITEM,
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
                    "List the features of the collection",
                ) from None
        tag = Tag(request, VERSION, layer.version, own, language_of(request))
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
            texts = ",".join(_in_crs(reader.page(layer, places), asked.crs))
        body = _collection_body(texts, len(places), matched, links)
        return response(body, GEOJSON, tag, headers)
    language = language_of(request)
    shown = {
        "collection": layer.collection,
        "title": COLLECTIONS[layer.collection][language][0],
        "survey": layer.source.survey,
        "fields": meanings_of(layer.collection, language),
        "rows": feature_rows(reader.page(layer, places)),
        "matched": matched,
        "page_type": GEOJSON,
    }
    body = html_page("items", request, links=links, **shown)
    return response(body, HTML, tag, headers)


def _item(
    request: Request,
    values: Mapping[str, str],
    layer: Layer,
    placed: ServedFeature,
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
        return response(_feature_body(placed, links, crs), GEOJSON, tag, headers)
    shown = {
        "collection": layer.collection,
        "title": title,
        "survey": layer.source.survey,
        "feature_id": feature_id,
        "fields": meanings_of(layer.collection, language),
        "row": feature_rows([placed])[0],
    }
    return response(html_page("item", request, links=links, **shown), HTML, tag, headers)


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
    """Return the links of a page to itself and to its other format."""
    return [
        Link(
            address(url, query={**values, "f": name}),
            "self" if name == own else "alternate",
            media_type,
            _PAGE_TITLES[name],
        )
        for name, media_type in sorted(PAGES.items(), key=lambda form: form[0] != own)
    ]


def _collection_body(features: str, returned: int, matched: int, links: Sequence[Link]) -> bytes:
    """Return a page as a FeatureCollection; `features` is their comma-separated stored text."""
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "numberMatched": matched,
        "numberReturned": returned,
        "links": as_json(links),
    }
    return f'{json.dumps(head)[:-1]}, "features": [{features}]}}'.encode()


def _feature_body(placed: ServedFeature, links: Sequence[Link], crs: Crs) -> bytes:
    """Return a feature with its links."""
    feature = _in_crs([placed], crs)[0]
    return f'{feature[:-1]},"links":{json.dumps(as_json(links))}}}'.encode()


def _in_crs(page: Sequence[ServedFeature], crs: Crs) -> list[str]:
    """Return the GeoJSON of each feature with its geometry in a CRS."""
    if crs is CRS84:
        return [placed.geojson for placed in page]
    shapes = from_crs84(shapely.from_wkb([placed.geometry_wkb for placed in page]), crs)
    geometries = geometries_json(shapes, crs.decimals)
    return [
        _with_geometry(placed.geojson, geometry or "null")
        for placed, geometry in zip(page, geometries, strict=True)
    ]


def _with_geometry(feature: str, geometry: str) -> str:
    """Replace the geometry of a stored feature, its last member.

    Quotes in values are escaped, so no value can look like the name of the member.
    """
    return f"{feature[: feature.rindex(_GEOMETRY)]}{_GEOMETRY}{geometry}}}"
