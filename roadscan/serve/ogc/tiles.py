"""Routes of vector tiles (OGC API - Tiles) in WebMercatorQuad, the tiling of web maps."""

from collections.abc import Hashable
from threading import Lock
from typing import Annotated, Any, Final

import shapely
from cachetools import LRUCache, cached
from fastapi import APIRouter, Path, Request, Response

from roadscan.errors import RoadscanError
from roadscan.serve.ogc import operations
from roadscan.serve.ogc.layer_access import Readable, chosen_layer, readable_collection
from roadscan.serve.ogc.mvt import encode_tile, tile_bounds_deg
from roadscan.serve.ogc.negotiation import JSON, format_of, language_of
from roadscan.serve.ogc.operations import TILING
from roadscan.serve.ogc.queryables import kinds_of
from roadscan.serve.ogc.request_parameters import COMMON, OF_SURVEY, single_values
from roadscan.serve.ogc.responses import (
    VERSION,
    Tag,
    address,
    base_url,
    json_bytes,
    not_modified,
    response,
)
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.reader import LayerReader
from roadscan.store.layers.selection import Layer, Selection

MVT: Final = "application/vnd.mapbox-vector-tile"
TILING_URI: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
MERCATOR_URI: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"
MAX_ZOOM: Final = 22
MIN_ZOOM: Final = {"segments": 9, "damages": 12, "drives": 7, "cells": 16}
"""At lower zooms a tile would be too full, or its features too small to see."""
FIELDS: Final = {
    "segments": (
        "segment_id",
        "street",
        "direction",
        "score",
        "condition_class",
        "coverage",
        "reason",
    ),
    "damages": ("damage_id", "kind", "label", "segment_id", "confidence"),
    "drives": ("drive_id", "started_at"),
    "cells": ("cell_id", "segment_id", "views", "affected", "riss", "afli", "ofs"),
}
"""Fields that a map needs; clients get the others by the feature's id."""
OF_TILE: Final = OF_SURVEY | {"f"}
_JSON: Final = {"json": JSON}
CACHE_BYTES: Final = 64 << 20
KEY_BYTES: Final = 1000
"""Size of a key, added for each cached tile."""


def tiles_router(features: LayerStore, readable: Readable) -> APIRouter:
    """Return the routes of the tiles; see `layers_router`."""
    router = APIRouter()
    tiles: LRUCache[Hashable, bytes] = LRUCache(CACHE_BYTES, lambda tile: len(tile) + KEY_BYTES)
    cached_tile = cached(tiles, key=_cache_key, lock=Lock())(_tile)

    path = f"/collections/{{collection}}/tiles/{TILING}"

    @operations.read_route(
        router,
        "/collections/{collection}/tiles",
        operations.operation(
            "{collection}.tilesets", _JSON, operations.OBJECT, COMMON, "layer_unknown"
        ),
    )
    def tilesets(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        _check_json(request)
        head = _head(request, collection)
        url = address(base_url(request), "collections", collection, "tiles", TILING)
        links = [{"href": url, "rel": "self", "type": JSON, "title": head["title"]}]
        return _document(request, {"tilesets": [head | {"links": links}]})

    @operations.read_route(
        router,
        path,
        operations.operation(
            "{collection}.tileset", _JSON, operations.OBJECT, COMMON, "layer_unknown"
        ),
    )
    def tileset(collection: str, request: Request) -> Response:
        readable_collection(readable, request, collection)
        _check_json(request)
        with features.reading() as reader:
            layer = chosen_layer(reader, collection, {})
        return _document(request, _tileset(request, layer), layer.version)

    @operations.read_route(
        router,
        path + "/{tileMatrix}/{tileRow}/{tileCol}",
        operations.operation(
            "{collection}.tile",
            {"mvt": MVT},
            operations.OBJECT,
            OF_TILE,
            "layer_unknown",
            "feature_unknown",
            empty="An empty tile",
        ),
    )
    def tile(
        collection: str,
        z: Annotated[str, Path(alias="tileMatrix")],
        y: Annotated[str, Path(alias="tileRow")],
        x: Annotated[str, Path(alias="tileCol")],
        request: Request,
    ) -> Response:
        readable_collection(readable, request, collection)
        values = single_values(request.query_params, OF_TILE)
        if values.get("f", "mvt") != "mvt":
            raise RoadscanError("query_invalid", "tiles are available as mvt only", "Omit f")
        zyx = _place(collection, z, y, x)
        with features.reading() as reader:
            layer = chosen_layer(reader, collection, values)
            tag = Tag(request, VERSION, layer.version)
            if tag.is_known:
                return not_modified(tag)
            body = cached_tile(reader, layer, zyx)
        return response(body, MVT, tag) if body else Response(status_code=204, headers=tag.headers)

    return router


def _cache_key(_: LayerReader, layer: Layer, zyx: tuple[int, int, int]) -> Hashable:
    return layer.source, layer.collection, layer.version, zyx


def _tile(reader: LayerReader, layer: Layer, zyx: tuple[int, int, int]) -> bytes:
    name = layer.collection
    shown = tuple(field for field in kinds_of(name) if field in FIELDS[name])
    selection = Selection(shapely.box(*tile_bounds_deg(*zyx)))
    found = [row for row in reader.values(layer, selection, shown) if row[0] is not None]
    return encode_tile(name, shown, [row[0] for row in found], [row[1:] for row in found], zyx)


def _place(collection: str, *zyx: str) -> tuple[int, int, int]:
    """Return zoom, row and column; raises `feature_unknown` for a tile that does not exist."""
    if all(part.isascii() and part.isdigit() and len(part) < 9 for part in zyx):
        z, y, x = map(int, zyx)
        if MIN_ZOOM[collection] <= z <= MAX_ZOOM and y < 2**z and x < 2**z:
            return z, y, x
    raise RoadscanError(
        "feature_unknown",
        f"{collection} has no tile {'/'.join(part[:12] for part in zyx)}",
        f"Use a zoom from {MIN_ZOOM[collection]} to {MAX_ZOOM}, row and column below 2^zoom",
    )


def _head(request: Request, collection: str) -> dict[str, Any]:
    return {
        "title": COLLECTIONS[collection][language_of(request)][0],
        "dataType": "vector",
        "crs": MERCATOR_URI,
        "tileMatrixSetURI": TILING_URI,
    }


def _tileset(request: Request, layer: Layer) -> dict[str, Any]:
    url = address(base_url(request), "collections", layer.collection, "tiles", TILING)
    links = [
        {"href": url, "rel": "self", "type": JSON, "title": "JSON"},
        {"href": TILING_URI, "rel": "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"},
        {
            "href": f"{url}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
            "rel": "item",
            "type": MVT,
            "templated": True,
        },
    ]
    document = _head(request, layer.collection) | {"links": links}
    if layer.bounds_deg is not None:
        west, south, east, north = layer.bounds_deg
        document["boundingBox"] = {"lowerLeft": [west, south], "upperRight": [east, north]}
    document["layers"] = [
        {
            "id": layer.collection,
            "dataType": "vector",
            "minTileMatrix": str(MIN_ZOOM[layer.collection]),
            "maxTileMatrix": str(MAX_ZOOM),
        }
    ]
    return document


def _check_json(request: Request) -> None:
    format_of(request, single_values(request.query_params, COMMON), _JSON)


def _document(request: Request, document: dict[str, Any], *depends_on: str) -> Response:
    tag = Tag(request, VERSION, language_of(request), *depends_on)
    return not_modified(tag) if tag.is_known else response(json_bytes(document), JSON, tag)
