"""The documents about the layers: landing page, conformance, collections, queryables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from roadscan.model.time import iso_utc
from roadscan.serve.ogc.crs import ALL, CRS84
from roadscan.serve.ogc.negotiation import FILES, GEOJSON, HTML, JSON, OPENAPI, SCHEMA
from roadscan.serve.ogc.queryables import GEOMETRY, SCHEMAS, kinds_of, meanings_of
from roadscan.serve.ogc.responses import Link, address
from roadscan.serve.ogc.texts import COLLECTIONS, TEXTS
from roadscan.store.layers.selection import Layer

_FEATURES_1: Final = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
_FEATURES_3: Final = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
_TILES: Final = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
_CQL2: Final = "http://www.opengis.net/spec/cql2/1.0/conf"
CONFORMANCE: Final = (
    f"{_FEATURES_1}/core",
    f"{_FEATURES_1}/oas30",
    f"{_FEATURES_1}/html",
    f"{_FEATURES_1}/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    f"{_FEATURES_3}/queryables",
    f"{_FEATURES_3}/queryables-query-parameters",
    f"{_FEATURES_3}/filter",
    f"{_FEATURES_3}/features-filter",
    f"{_CQL2}/cql2-text",
    f"{_CQL2}/basic-cql2",
    f"{_CQL2}/advanced-comparison-operators",
    f"{_CQL2}/basic-spatial-functions",
    f"{_TILES}/core",
    f"{_TILES}/mvt",
)
"""The conformance classes that tests/serve/ogc verifies, and no others."""
QUERYABLES_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
TILESETS_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
_GREGORIAN: Final = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
_GEOMETRY_FORMATS: Final = {
    "segments": "geometry-linestring",
    "damages": "geometry-polygon",
    "drives": "geometry-multilinestring",
    "cells": "geometry-polygon",
}


def self_and_alternate(url: str, own: str, language: str, *, json_type: str = JSON) -> list[Link]:
    """Return the links from a document to itself and to its other format.

    `own` is its format, "json" or "html".
    """
    known = {"json": (json_type, "JSON"), "html": (HTML, "HTML")}
    return [
        Link(
            address(url, query={"f": name, "lang": language}),
            "self" if name == own else "alternate",
            media_type,
            title,
        )
        for name, (media_type, title) in sorted(known.items(), key=lambda item: item[0] != own)
    ]


def landing_page(base: str, own: str, language: str) -> dict[str, Any]:
    """Return the landing page."""
    text = TEXTS[language]
    links = [
        *self_and_alternate(base, own, language),
        Link(f"{base}/api?f=json", "service-desc", OPENAPI, text["definition"]),
        Link(f"{base}/api?f=html", "service-doc", HTML, text["api"]),
        Link(f"{base}/conformance", "conformance", JSON, text["conformance"]),
        Link(f"{base}/collections", "data", JSON, text["collections"]),
    ]
    return {"title": text["title"], "description": text["about"], "links": as_json(links)}


def conformance() -> dict[str, Any]:
    """Return the conformance declaration."""
    return {"conformsTo": list(CONFORMANCE)}


def collections(
    base: str, own: str, language: str, layers: Mapping[str, Sequence[Layer]]
) -> dict[str, Any]:
    """Return the list of collections."""
    links = self_and_alternate(f"{base}/collections", own, language)
    return {
        "links": as_json(links),
        "crs": [crs.uri for crs in ALL],
        "collections": [
            collection(base, own, language, name, found) for name, found in layers.items()
        ],
    }


def collection(
    base: str, own: str, language: str, name: str, layers: Sequence[Layer]
) -> dict[str, Any]:
    """Return the description of a collection; its extent covers all surveys served."""
    title, description = COLLECTIONS[name][language]
    url = address(base, "collections", name)
    links = [
        *self_and_alternate(url, own, language),
        Link(address(url, "items", query={"f": "json"}), "items", GEOJSON, f"{title}: GeoJSON"),
        Link(address(url, "items", query={"f": "html"}), "items", HTML, f"{title}: HTML"),
        *(
            Link(
                address(url, "items", query={"f": suffix}),
                "items",
                media_type,
                f"{title}: {suffix}",
            )
            for suffix, media_type in FILES.items()
        ),
        Link(address(url, "tiles"), TILESETS_REL, JSON, TEXTS[language]["tiles"]),
        Link(address(url, "feature-schema"), "describedby", SCHEMA, TEXTS[language]["schema"]),
        Link(address(url, "queryables"), QUERYABLES_REL, SCHEMA, TEXTS[language]["queryables"]),
    ]
    return {
        "id": name,
        "title": title,
        "description": description,
        "itemType": "feature",
        "extent": _extent(layers),
        "crs": [crs.uri for crs in ALL],
        "storageCrs": CRS84.uri,
        "surveys": [
            {
                "survey": layer.source.survey,
                "scheme": layer.source.scheme,
                "features": layer.features,
                "latest": iso_utc(layer.source.latest_s),
            }
            for layer in layers
        ],
        "links": as_json(links),
    }


def queryables(url: str, language: str, name: str) -> dict[str, Any]:
    """Return the queryables of a collection as JSON Schema."""
    meanings = meanings_of(name, language)
    properties: dict[str, Any] = {
        field: {"title": field, "description": meanings[field], **SCHEMAS[kind]}
        for field, kind in kinds_of(name).items()
    }
    properties[GEOMETRY] = {
        "title": GEOMETRY,
        "description": TEXTS[language]["geometry_meaning"],
        "format": _GEOMETRY_FORMATS[name],
        "x-ogc-role": "primary-geometry",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "type": "object",
        "title": COLLECTIONS[name][language][0],
        "properties": properties,
        "additionalProperties": False,
    }


def feature_schema(url: str, language: str, name: str) -> dict[str, Any]:
    """Return the JSON Schema of a collection's features in GeoJSON.

    GDAL takes the types of the columns from it, where the first features may have no values. It
    understands one type only, not ["number", "null"].
    """
    meanings = meanings_of(name, language)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "type": "object",
        "title": COLLECTIONS[name][language][0],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": "object"},
            "properties": {
                "type": "object",
                "properties": {
                    field: {"description": meanings[field], **SCHEMAS[kind]}
                    for field, kind in kinds_of(name).items()
                },
            },
        },
    }


def as_json(links: Iterable[Link]) -> list[dict[str, str]]:
    """Return links as in the JSON of OGC APIs."""
    return [link.as_json() for link in links]


def _extent(layers: Sequence[Layer]) -> dict[str, Any]:
    boxes = [layer.bounds_deg for layer in layers if layer.bounds_deg]
    spans = [layer.interval_s for layer in layers if layer.interval_s]
    extent: dict[str, Any] = {}
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        box = [min(west), min(south), max(east), max(north)]
        extent["spatial"] = {"bbox": [box], "crs": CRS84.uri}
    if spans:
        begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
        extent["temporal"] = {"interval": [[iso_utc(begin), iso_utc(end)]], "trs": _GREGORIAN}
    return extent
