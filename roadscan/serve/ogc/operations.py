"""Parameters and responses of the operations on the layers, for the API description.

FastAPI describes the routes; this module adds what it cannot see, because the routes read their
parameters themselves. `describe_layers` then spells out the paths of each collection, because its
fields are parameters of their own. `/ogc/api` returns the same operations as OpenAPI 3.0, which the
claimed conformance class (oas30) demands; the service's own description is OpenAPI 3.1.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Final, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Response

from roadscan.serve.access.guard import authentication
from roadscan.serve.api_description import Answers, Described, problems
from roadscan.serve.ogc.cql2 import MAX_DEPTH, MAX_LENGTH
from roadscan.serve.ogc.crs import ALL, CRS84
from roadscan.serve.ogc.negotiation import FILES, PAGES
from roadscan.serve.ogc.queryables import SCHEMAS, kinds_of, meanings_of
from roadscan.serve.ogc.request_parameters import DEFAULT_LIMIT, FILTER_LANG, MAX_LIMIT, OF_SURVEY
from roadscan.serve.ogc.texts import COLLECTIONS, LANGUAGES, TEXTS

PREFIX: Final = "/ogc"
ITEMS_ID: Final = "{collection}.items"
TILING: Final = "WebMercatorQuad"
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Response])

_TEXT: Final[Described] = {"type": "string"}
OBJECT: Final[Described] = {"type": "object"}
_BINARY: Final[Described] = {"type": "string", "format": "binary"}


def _schema(name: str) -> Described:
    return {"$ref": f"#/components/schemas/{name}"}


def _array(items: Described) -> Described:
    return {"type": "array", "items": items}


def _one_of(names: Iterable[str]) -> Described:
    return {"type": "string", "enum": [*names]}


def _object(required: str, **properties: Described) -> Described:
    return {"type": "object", "required": required.split(), "properties": properties}


_LINKS: Final = _array(_schema("Link"))
_SCHEMAS: Final[Described] = {
    "Link": _object("href rel", href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT),
    "LandingPage": _object("links", title=_TEXT, description=_TEXT, links=_LINKS),
    "Conformance": _object("conformsTo", conformsTo=_array(_TEXT)),
    "Collection": _object(
        "id links",
        **dict.fromkeys(("id", "title", "description", "itemType", "storageCrs"), _TEXT),
        extent=OBJECT,
        crs=_array(_TEXT),
        links=_LINKS,
    ),
    "Collections": _object(
        "links collections",
        links=_LINKS,
        crs=_array(_TEXT),
        collections=_array(_schema("Collection")),
    ),
    "Geometry": _object("type coordinates", type=_TEXT, coordinates=_array({}))
    | {"type": ["object", "null"]},
}
LANDING_PAGE, CONFORMANCE = _schema("LandingPage"), _schema("Conformance")
COLLECTIONS_PAGE, COLLECTION = _schema("Collections"), _schema("Collection")
FEATURE, FEATURES = _schema("{collection}Feature"), _schema("{collection}Features")
_CRS: Final = _one_of(crs.uri for crs in ALL) | {"format": "uri", "default": CRS84.uri}
_FORMAT: Final = (
    "Format; without it the Accept header decides. csv, gpkg and fgb hold all requested features, "
    "not one page of them"
)


def _query(name: str, schema: Described, description: str) -> Described:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


_PARAMETERS: Final[Described] = {
    name: _query(name, schema, description)
    for name, schema, description in (
        ("f", _one_of([*PAGES, *FILES]), _FORMAT),
        ("lang", _one_of(LANGUAGES), "Language; without it the Accept-Language header decides"),
        (
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            "Features per page; more than the maximum counts as the maximum",
        ),
        ("cursor", _TEXT, "Start of the page, from the `next` link of the page before"),
        ("crs", _CRS, "CRS of the coordinates in the response"),
        (
            "bbox",
            _array({"type": "number"})
            | {"oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}]},
            "Only features that touch this box: lower left corner, upper right corner",
        ),
        ("bbox-crs", _CRS, "CRS of bbox"),
        (
            "datetime",
            _TEXT,
            "Only features of this time: an RFC 3339 date-time, or two separated by /, "
            "either of which may be .. or empty",
        ),
        (
            "filter",
            _TEXT | {"maxLength": MAX_LENGTH},
            "CQL2 text over the queryables, with parentheses nested at most "
            f"{MAX_DEPTH} deep: condition_class >= 3 AND street = 'Markt'",
        ),
        ("filter-lang", _one_of([FILTER_LANG]) | {"default": FILTER_LANG}, "Language of filter"),
        ("filter-crs", _CRS, "CRS of the coordinates in filter"),
        ("survey", _TEXT, "Survey; without it the newest"),
        ("scheme", _TEXT, "Scoring scheme; without it any"),
    )
}


def operation(
    name: str,
    formats: Mapping[str, str],
    schema: Described,
    parameters: Collection[str],
    *codes: str,
    empty: str = "",
) -> Described:
    """Return an operation as FastAPI's decorators take it; `{collection}` stands for any.

    Parameters
    ----------
    name
        The operation's id.
    formats
        Media type for each value of `f`.
    schema
        Schema of the JSON format; the other formats are text or binary.
    parameters
        Names of query parameters.
    codes
        The operation's own errors, apart from `query_invalid`. An operation with any reads layers,
        for which callers may have to log in.
    empty
        Meaning of a response without a body (204); "" if there is none.
    """
    by_type = {"json": schema, "html": _TEXT}
    content = {
        media_type if key in by_type else media_type.split(";")[0]: {
            "schema": by_type.get(key, _BINARY)
        }
        for key, media_type in formats.items()
    }
    responses: Answers = {
        200: {"description": "OK", "content": content},
        304: {"description": "If-None-Match"},
        **({204: {"description": empty}} if empty else {}),
        **problems(
            "query_invalid", *(("survey_unknown",) if "survey" in parameters else ()), *codes
        ),
    }
    extra: Described = {
        "parameters": [
            _query("f", _one_of(formats), _FORMAT),
            *(
                {"$ref": f"#/components/parameters/{one}"}
                for one in _PARAMETERS
                if one in parameters and one != "f"
            ),
        ]
    }
    if codes:
        extra["security"] = [{}]  # public layers need no login
    return {
        "operation_id": name,
        "summary": _summary(name, LANGUAGES[0]),
        "response_class": Response,
        "responses": responses,
        "openapi_extra": extra,
        "dependencies": [Depends(authentication)] if codes else [],
    }


def read_route(
    router: APIRouter, path: str, described: Described
) -> Callable[[_Endpoint], _Endpoint]:
    """Register a function for GET and HEAD, and describe its GET.

    FastAPI would describe HEAD as a second operation with the same id. The route that answers is
    therefore left out of the description, and the described one behind it is never reached.
    """

    def register(function: _Endpoint) -> _Endpoint:
        router.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(function)
        router.get(path, **described)(function)
        return function

    return register


def describe_layers(app: FastAPI) -> None:
    """Describe the paths of each collection of an app in place of those with `{collection}`."""
    make = app.openapi

    @cache
    def openapi() -> Described:
        made = make()
        paths: Described = {}
        for path, methods in made["paths"].items():
            if path.startswith(f"{PREFIX}/collections/{{collection}}"):
                paths |= _of_each_collection(path, methods["get"])
            else:
                paths[path] = methods
        schemas = {
            f"{name}{kind}": schema
            for name in COLLECTIONS
            for kind, schema in (("Feature", _feature(name)), ("Features", _features(name)))
        }
        made["paths"] = paths
        made["components"]["schemas"] |= _SCHEMAS | schemas
        made["components"]["parameters"] = _PARAMETERS
        return made

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's guide does it


def layers_description(document: Described, base: str, language: str) -> Described:
    """Return the operations on the layers from a description, as OpenAPI 3.0 in a language."""
    text = TEXTS[language]
    paths = {
        path.removeprefix(PREFIX): {"get": _translated(methods["get"], language)}
        for path, methods in document["paths"].items()
        if path.startswith(f"{PREFIX}/")
    }
    components = document["components"]
    found = {
        "openapi": "3.0.3",
        "info": {
            "title": text["title"],
            "description": text["about"],
            "version": document["info"]["version"],
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": components | {"schemas": _used_schemas(paths, components["schemas"])},
    }
    as_3_0: Described = json.loads(json.dumps(found), object_hook=_as_3_0)
    return as_3_0


def _of_each_collection(path: str, described: Described) -> Described:
    text = json.dumps(described)
    paths: Described = {}
    for name in COLLECTIONS:
        own: Described = json.loads(text.replace("{collection}", name))
        own["parameters"] = [one for one in own["parameters"] if one.get("name") != "collection"]
        if described["operationId"] == ITEMS_ID:
            own["parameters"] += _field_parameters(name)
        own["summary"] = _summary(own["operationId"], LANGUAGES[0])
        paths[path.replace("{collection}", name)] = {"get": own}
    return paths


def _field_parameters(collection: str) -> list[Described]:
    meanings = meanings_of(collection, LANGUAGES[0])
    return [
        {"name": name, "in": "query", "description": meanings[name], "schema": SCHEMAS[kind]}
        for name, kind in kinds_of(collection).items()
        if name not in OF_SURVEY
    ]


def _translated(described: Described, language: str) -> Described:
    """Return an operation with its summary and its fields' meanings in a language."""
    operation_id = described["operationId"]
    meanings = {}
    if "." in operation_id:
        meanings = meanings_of(operation_id.partition(".")[0], language)
    parameters = [
        one | {"description": meanings[one["name"]]} if one.get("name") in meanings else one
        for one in described["parameters"]
    ]
    return described | {"summary": _summary(operation_id, language), "parameters": parameters}


def _summary(operation_id: str, language: str) -> str:
    text = TEXTS[language]
    collection, _, kind = operation_id.rpartition(".")
    if not collection:
        return text["title" if kind == "landingPage" else kind]
    title = COLLECTIONS[collection][language][0] if collection in COLLECTIONS else collection
    match kind:
        case "collection":
            return title
        case "tileset" | "tile":
            return f"{title}: {text['tiles']}, {TILING}"
        case "tilesets":
            return f"{title}: {text['tiles']}"
    return f"{title}: {text[kind]}"


def _used_schemas(paths: Described, schemas: Described) -> Described:
    """Return the schemas that paths refer to, directly or through others."""
    used: Described = {}
    new = _referred(paths)
    while new:
        used |= {name: schemas[name] for name in sorted(new)}
        new = _referred(used) - used.keys()
    return used


def _referred(part: Described) -> set[str]:
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(part)))


def _as_3_0(part: Described) -> Described:
    """Write a type that may be null as OpenAPI 3.0 does."""
    match part.get("type"):
        case [one, "null"]:
            return part | {"type": one, "nullable": True}
    return part


def _feature(collection: str) -> Described:
    properties = {
        field: {**SCHEMAS[kind], "type": [SCHEMAS[kind]["type"], "null"]}
        for field, kind in kinds_of(collection).items()
    }
    return _object(
        "type id geometry properties",
        type=_one_of(["Feature"]),
        id=_TEXT,
        geometry=_schema("Geometry"),
        properties={"type": "object", "properties": properties},
        links=_LINKS,
    )


def _features(collection: str) -> Described:
    return _object(
        "type features",
        type=_one_of(["FeatureCollection"]),
        numberMatched={"type": "integer"},
        numberReturned={"type": "integer"},
        links=_LINKS,
        features=_array(_schema(f"{collection}Feature")),
    )
