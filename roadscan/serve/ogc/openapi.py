"""The API description (OpenAPI 3.0) of the layers."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from roadscan.serve.errors import PROBLEM, Problem
from roadscan.serve.ogc.cql2 import MAX_DEPTH, MAX_LENGTH
from roadscan.serve.ogc.crs import ALL, CRS84
from roadscan.serve.ogc.formats import (
    DOCUMENTS,
    FILES,
    GEOJSON,
    HTML,
    JSON,
    OPENAPI,
    PAGES,
    SCHEMA,
)
from roadscan.serve.ogc.queryables import SCHEMAS, kinds_of, meanings_of
from roadscan.serve.ogc.request_parameters import DEFAULT_LIMIT, FILTER_LANG, MAX_LIMIT, OF_SURVEY
from roadscan.serve.ogc.texts import COLLECTIONS, LANGUAGES, TEXTS
from roadscan.serve.ogc.tiles import MVT, TILING

_TEXT: Final = {"type": "string"}
_CRS: Final = {
    "type": "string",
    "format": "uri",
    "enum": [crs.uri for crs in ALL],
    "default": CRS84.uri,
}
_LINK: Final = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {
        "href": _TEXT,
        "rel": _TEXT,
        "type": _TEXT,
        "title": _TEXT,
    },
}
_SCHEMAS: Final[dict[str, Any]] = {
    "link": _LINK,
    "landingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {
            "title": _TEXT,
            "description": _TEXT,
            "links": {"$ref": "#/components/schemas/links"},
        },
    },
    "links": {"type": "array", "items": {"$ref": "#/components/schemas/link"}},
    "conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": _TEXT}},
    },
    "collection": {
        "type": "object",
        "required": ["id", "links"],
        "properties": {
            "id": _TEXT,
            "title": _TEXT,
            "description": _TEXT,
            "itemType": _TEXT,
            "extent": {"type": "object"},
            "crs": {"type": "array", "items": _TEXT},
            "storageCrs": _TEXT,
            "links": {"$ref": "#/components/schemas/links"},
        },
    },
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": {"$ref": "#/components/schemas/links"},
            "crs": {"type": "array", "items": _TEXT},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        },
    },
    "geometry": {
        "type": "object",
        "nullable": True,
        "required": ["type", "coordinates"],
        "properties": {"type": _TEXT, "coordinates": {"type": "array", "items": {}}},
    },
    "problem": Problem.model_json_schema(),
}


def openapi(base: str, language: str) -> dict[str, Any]:
    """Return the description of the API at this address."""
    text = TEXTS[language]
    paths: dict[str, Any] = {
        "/": _get("landingPage", text["title"], _documents("landingPage"), _DOCUMENT),
        "/conformance": _get(
            "conformance", text["conformance"], _documents("conformance"), _DOCUMENT
        ),
        "/api": _get(
            "api",
            text["api"],
            {OPENAPI: {"schema": {"type": "object"}}, HTML: {"schema": _TEXT}},
            _DOCUMENT,
        ),
        "/collections": _get(
            "collections", text["collections"], _documents("collections"), _DOCUMENT, secured=True
        ),
    }
    for name in COLLECTIONS:
        paths |= _collection_paths(name, language)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": text["title"],
            "description": text["about"],
            "version": version("roadscan"),
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "parameters": _parameters(),
            "schemas": _SCHEMAS | {f"{name}Feature": _feature(name) for name in COLLECTIONS},
            "responses": {"problem": {"description": "RFC 9457", "content": _PROBLEM}},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


_PROBLEM: Final = {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}}
_DOCUMENT: Final = ("f", "lang")
_SELECTION: Final = (
    "bbox",
    "bbox-crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "survey",
    "scheme",
)


def _collection_paths(name: str, language: str) -> dict[str, Any]:
    title = COLLECTIONS[name][language][0]
    text = TEXTS[language]
    feature = {"$ref": f"#/components/schemas/{name}Feature"}
    page = {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "numberMatched": {"type": "integer"},
            "numberReturned": {"type": "integer"},
            "links": {"$ref": "#/components/schemas/links"},
            "features": {"type": "array", "items": feature},
        },
    }
    kinds, meanings = kinds_of(name), meanings_of(name, language)
    own = [
        {
            "name": field,
            "in": "query",
            "description": meanings[field],
            "schema": SCHEMAS[kind],
        }
        for field, kind in kinds.items()
        if field not in OF_SURVEY
    ]
    files = {
        media_type.split(";")[0]: {"schema": {"type": "string", "format": "binary"}}
        for media_type in FILES.values()
    }
    feature_id = {"name": "featureId", "in": "path", "required": True, "schema": _TEXT}
    url = f"/collections/{name}"
    return {
        url: _get(f"{name}.collection", title, _documents("collection"), _DOCUMENT, secured=True),
        f"{url}/queryables": _get(
            f"{name}.queryables",
            f"{title}: {text['queryables']}",
            {SCHEMA: {"schema": {"type": "object"}}, HTML: {"schema": _TEXT}},
            _DOCUMENT,
            secured=True,
        ),
        f"{url}/items": _get(
            f"{name}.items",
            f"{title}: {text['items']}",
            {GEOJSON: {"schema": page}, HTML: {"schema": _TEXT}, **files},
            ("f-items", "lang", "limit", "cursor", "crs", *_SELECTION),
            own,
            secured=True,
        ),
        f"{url}/tiles": _get(
            f"{name}.tilesets",
            f"{title}: {text['tiles']}",
            {JSON: {"schema": {"type": "object"}}},
            ("f-json", "lang"),
            secured=True,
        ),
        f"{url}/tiles/{TILING}": _get(
            f"{name}.tileset",
            f"{title}: {text['tiles']}, {TILING}",
            {JSON: {"schema": {"type": "object"}}},
            ("f-json", "lang"),
            secured=True,
        ),
        f"{url}/tiles/{TILING}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(
            f"{name}.tile",
            f"{title}: {text['tiles']}, {TILING}",
            {MVT: {"schema": {"type": "string", "format": "binary"}}},
            ("f-mvt", "survey", "scheme"),
            [
                {"name": part, "in": "path", "required": True, "schema": _TEXT}
                for part in ("tileMatrix", "tileRow", "tileCol")
            ],
            secured=True,
        ),
        f"{url}/items/{{featureId}}": _get(
            f"{name}.item",
            f"{title}: {text['item']}",
            {GEOJSON: {"schema": feature}, HTML: {"schema": _TEXT}},
            ("f", "lang", "crs", "survey", "scheme"),
            [feature_id],
            secured=True,
        ),
    }


def _get(
    operation: str,
    summary: str,
    content: dict[str, Any],
    parameters: Iterable[str],
    own: Iterable[dict[str, Any]] = (),
    *,
    secured: bool = False,
) -> dict[str, Any]:
    problems = ("400", "401", "403", "404", "500") if secured else ("400", "500")
    found: dict[str, Any] = {
        "operationId": operation,
        "summary": summary,
        "parameters": [
            *({"$ref": f"#/components/parameters/{name}"} for name in parameters),
            *own,
        ],
        "responses": {
            "200": {"description": summary, "content": content},
            "204": {"description": "An empty tile"},
            "304": {"description": "If-None-Match"},
            **{status: {"$ref": "#/components/responses/problem"} for status in problems},
        },
    }
    if secured:
        found["security"] = [{}, {"key": []}, {"bearer": []}, {"basic": []}]
    return {"get": found}


def _documents(schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {JSON: {"schema": reference}, HTML: {"schema": _TEXT}}


def _feature(name: str) -> dict[str, Any]:
    properties = {
        field: SCHEMAS[kind] | {"nullable": True} for field, kind in kinds_of(name).items()
    }
    return {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": _TEXT,
            "geometry": {"$ref": "#/components/schemas/geometry"},
            "properties": {"type": "object", "properties": properties},
            "links": {"$ref": "#/components/schemas/links"},
        },
    }


def _parameters() -> dict[str, Any]:
    numbers = {"type": "number"}
    schemas: dict[str, tuple[dict[str, Any], str]] = {
        "f": ({"type": "string", "enum": [*DOCUMENTS]}, "Format; otherwise by Accept"),
        "f-items": (
            {"type": "string", "enum": [*PAGES, *FILES]},
            "Format; csv, gpkg and fgb hold all features that were asked for, not a page of them",
        ),
        "f-json": ({"type": "string", "enum": ["json"]}, "Format"),
        "f-mvt": ({"type": "string", "enum": ["mvt"]}, "Format"),
        "lang": ({"type": "string", "enum": [*LANGUAGES]}, "Language; else by Accept-Language"),
        "limit": (
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            "Features of a page; more than the maximum counts as the maximum",
        ),
        "cursor": (_TEXT, "Where the page begins, as a next link has it"),
        "crs": (_CRS, "CRS of the coordinates in the answer"),
        "bbox": (
            {
                "type": "array",
                "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
                "items": numbers,
            },
            "Only features whose geometry touches the box: lower left corner, upper right corner",
        ),
        "bbox-crs": (_CRS, "CRS of bbox"),
        "datetime": (
            _TEXT,
            "Only features of that time: an RFC 3339 date-time, or two with / between, "
            "either of which may be .. or empty",
        ),
        "filter": (
            {"type": "string", "maxLength": MAX_LENGTH},
            "CQL2 text over the queryables, parentheses at most "
            f"{MAX_DEPTH} deep: condition_class >= 3 AND street = 'Markt'",
        ),
        "filter-lang": (
            {"type": "string", "enum": [FILTER_LANG], "default": FILTER_LANG},
            "Language of filter",
        ),
        "filter-crs": (_CRS, "CRS of the coordinates in filter"),
        "survey": (_TEXT, "Survey; without it the newest"),
        "scheme": (_TEXT, "Scoring scheme; without it any"),
    }
    return {
        name: {
            "name": "f" if name.startswith("f-") else name,
            "in": "query",
            "required": False,
            "description": description,
            "schema": schema,
            "style": "form",
            "explode": False,
        }
        for name, (schema, description) in schemas.items()
    }
