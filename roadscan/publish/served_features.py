"""From the layers of a survey to the features that the service hands out as they are."""

import json
from collections.abc import Iterator
from typing import Any

import geopandas
import numpy as np
import shapely

from roadscan.publish.geojson import DECIMALS
from roadscan.publish.layer_fields import LAYERS
from roadscan.publish.layer_frames import (
    cells_layers,
    damages_layer,
    drives_layer,
    load_results,
    segments_layer,
)
from roadscan.store.lanes import judged_grids
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import FeatureRow, Source
from roadscan.store.store import Store


def publish_features(store: Store, features: LayerStore, survey: str) -> None:
    """Serve the layers of a survey as they are in the store now.

    Raises KeyError without a survey of this name.
    """
    results = load_results(store, survey)
    source = Source(
        survey,
        results.scheme.id,
        results.scheme.version,
        results.network.crs_epsg,
        max((drive.ended_s for drive in results.drives), default=0.0),
    )
    grids = judged_grids(store, survey, results.network, results.scheme)
    cells = cells_layers(results, grids)
    features.put_features(
        source,
        {
            "segments": feature_rows("segments", segments_layer(results)),
            "damages": feature_rows("damages", damages_layer(results)),
            "drives": feature_rows("drives", drives_layer(results)),
            "cells": (row for layer in cells for row in feature_rows("cells", layer)),
        },
    )


def feature_rows(collection: str, layer: geopandas.GeoDataFrame) -> Iterator[FeatureRow]:
    """Yield the features of a layer: GeoJSON in CRS84 as in the exported files."""
    names = [field.name for field in LAYERS[collection]]
    shapes = shapely.orient_polygons(layer.geometry.to_crs("EPSG:4326").to_numpy())
    nowhere = shapely.is_empty(shapes)
    geometries = geometries_json(shapes, DECIMALS)
    columns = [_plain(layer[name]) for name in names]
    for k, values in enumerate(zip(*columns, strict=True)):
        feature = {
            "type": "Feature",
            "id": values[0],
            "properties": dict(zip(names, values, strict=True)),
        }
        head = json.dumps(feature, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        yield FeatureRow(
            f'{head[:-1]},"geometry":{"null" if nowhere[k] else geometries[k]}}}',
            None if nowhere[k] else shapely.to_wkb(shapes[k]),
            values,
        )


def geometries_json(shapes: Any, decimals: int) -> list[str | None]:
    """Return an array of geometries as GeoJSON texts, their coordinates rounded; None as None."""
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, decimals))
    texts: list[str | None] = shapely.to_geojson(rounded).tolist()
    return texts


def _plain(column: Any) -> list[Any]:
    """Return the values of a column as JSON knows them."""
    return [
        None if missing else value
        for value, missing in zip(column.tolist(), column.isna(), strict=True)
    ]
