"""Put the layers of a survey into the store as ready-made features for the service."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import geopandas
import numpy as np
import shapely

from roadscan.model.layers import LAYERS
from roadscan.publish.layer_frames import (
    Results,
    cells_layers,
    combined_lanes,
    damages_layer,
    drives_layer,
    segments_layer,
)
from roadscan.publish.vector_files import DECIMALS
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import FeatureRow, Source
from roadscan.store.store import Store


def publish_features(store: Store, layers: LayerStore, results: Results) -> None:
    """Publish a new edition of the layers of a survey, replacing the one served before."""
    scheme = results.scheme
    source = Source(
        results.survey.name,
        scheme.id,
        scheme.version,
        results.network.crs_epsg,
        max((drive.ended_s for drive in results.drives), default=0.0),
    )
    frames = {
        "segments": [segments_layer(results)],
        "damages": [damages_layer(results)],
        "drives": [drives_layer(results)],
        "cells": cells_layers(results, combined_lanes(store, results)),
    }
    layers.put_features(source, {name: feature_rows(name, own) for name, own in frames.items()})


def feature_rows(layer: str, frames: Iterable[geopandas.GeoDataFrame]) -> Iterator[FeatureRow]:
    """Yield the features of a layer, given in parts: GeoJSON in CRS84 as in the exported files."""
    for frame in frames:
        yield from _rows(layer, frame)


def _rows(layer: str, frame: geopandas.GeoDataFrame) -> Iterator[FeatureRow]:
    schema = LAYERS[layer]
    shapes = shapely.orient_polygons(frame.geometry.to_crs("EPSG:4326").to_numpy())
    empty = shapely.is_empty(shapes)
    geometries = geometries_json(shapes, DECIMALS)
    columns = {field.name: _plain(frame[field.name]) for field in schema.fields}
    for k in range(len(frame)):
        values = {name: column[k] for name, column in columns.items()}
        feature_id = values[schema.id_field]
        feature = {"type": "Feature", "id": feature_id, "properties": values}
        head = json.dumps(feature, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        yield FeatureRow(
            feature_id,
            f'{head[:-1]},"geometry":{"null" if empty[k] else geometries[k]}}}',
            None if empty[k] else shapely.to_wkb(shapes[k]),
            values,
        )


def geometries_json(shapes: Any, decimals: int) -> list[str | None]:
    """Return an array of geometries as GeoJSON texts, with rounded coordinates; None stays None."""
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, decimals))
    texts: list[str | None] = shapely.to_geojson(rounded).tolist()
    return texts


def _plain(column: Any) -> list[Any]:
    """Return the values of a column as JSON types."""
    return [
        None if missing else value
        for value, missing in zip(column.tolist(), column.isna(), strict=True)
    ]
