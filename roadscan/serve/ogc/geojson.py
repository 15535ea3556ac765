"""GeoJSON as it leaves: the stored text of the features, put together without reading it."""

import json
from collections.abc import Sequence
from typing import Any

import shapely

from roadscan.publish.served_features import geometries_json
from roadscan.serve.ogc.crs import CRS84, Crs, from_crs84
from roadscan.serve.ogc.documents import as_json
from roadscan.serve.ogc.links import Link
from roadscan.store.layers.selection import Placed

_GEOMETRY = ',"geometry":'


def collection_body(features: str, returned: int, matched: int, links: Sequence[Link]) -> bytes:
    """Return a page as a FeatureCollection; `features` are their texts with commas between."""
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "numberMatched": matched,
        "numberReturned": returned,
        "links": as_json(links),
    }
    return f'{json.dumps(head)[:-1]}, "features": [{features}]}}'.encode()


def feature_body(placed: Placed, links: Sequence[Link], crs: Crs) -> bytes:
    """Return one feature with its links."""
    feature = in_crs([placed], crs)[0]
    return f'{feature[:-1]},"links":{json.dumps(as_json(links))}}}'.encode()


def in_crs(page: Sequence[Placed], crs: Crs) -> list[str]:
    """Return the text of each feature with its geometry in a CRS."""
    if crs is CRS84:
        return [placed.geojson for placed in page]
    shapes = from_crs84(shapely.from_wkb([placed.geometry_wkb for placed in page]), crs)
    geometries = geometries_json(shapes, crs.decimals)
    return [
        with_geometry(placed.geojson, geometry or "null")
        for placed, geometry in zip(page, geometries, strict=True)
    ]


def with_geometry(feature: str, geometry: str) -> str:
    """Return a stored feature with another geometry, which is its last member.

    Quotes within a value are escaped, so no value can look like the member's name.
    """
    return f"{feature[: feature.rindex(_GEOMETRY)]}{_GEOMETRY}{geometry}}}"
