"""Put the layers of a survey into the store as ready-made features for the service."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

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

FRONT: Final = 10
"""As many features as QGIS looks at for the types of a layer's columns."""


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
        "segments": [scored_first(segments_layer(results), layers.first_ids(source.survey, FRONT))],
        "damages": [damages_layer(results)],
        "drives": [drives_layer(results)],
        "cells": cells_layers(results, combined_lanes(store, results)),
    }
    layers.put_features(source, {name: feature_rows(name, own) for name, own in frames.items()})


def scored_first(segments: geopandas.GeoDataFrame, front: Sequence[str]) -> geopandas.GeoDataFrame:
    """Return the segments with a few that have a score in front of the others.

    QGIS takes a column for text if none of the first features has a value in it. The segments that
    were in front before stay there, as long as one of them has a score.
    """
    scores = segments.set_index("segment_id")["score"]
    known = [one for one in front if one in scores.index]
    if not scores.reindex(known).notna().any():
        known = scores.index[scores.notna()][:FRONT].tolist()
    rank = {segment_id: place for place, segment_id in enumerate(known)}
    places = segments["segment_id"].map(rank).fillna(len(rank))
    return segments.iloc[np.argsort(places.to_numpy(), kind="stable")].reset_index(drop=True)


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
