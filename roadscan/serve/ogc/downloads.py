"""Whole layers as files: CSV, GeoPackage, FlatGeobuf, built in a temporary folder."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, Final

import geopandas
import pandas as pd
import pyogrio
import shapely

from roadscan.errors import RoadscanError
from roadscan.model.layers import LAYERS
from roadscan.model.time import iso_utc
from roadscan.publish.layer_frames import DTYPES
from roadscan.publish.vector_files import GeoPackageLayer, write_geopackage
from roadscan.serve.ogc.crs import CRS84, Crs, from_crs84
from roadscan.store.layers.selection import Layer

ROWS_AT_ONCE: Final = 50_000
MAX_AT_ONCE: Final = 250_000
"""Features of a file that can only be written in one go, and so lies in memory."""
_ONE_AT_A_TIME: Final = Lock()
"""The date that GDAL writes into a GeoPackage is a setting of the process."""

Rows = Iterator[Sequence[Any]]
"""Geometry (WKB in CRS84) and fields of features, in their order."""


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a file."""

    layer: Layer
    rows: Rows
    crs: Crs
    styles: Callable[[], dict[str, str]]
    """Makes the QGIS style of each layer."""


def write_csv(path: Path, content: Content) -> None:
    """Write a table with the geometry as WKT in its last column.

    Text that a spreadsheet would take for a formula gets a ' in front.
    """
    names = [field.name for field in LAYERS[content.layer.collection].fields]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*names, "geometry_wkt"])
        while part := list(islice(content.rows, ROWS_AT_ONCE)):
            shapes = from_crs84(shapely.from_wkb([wkb for wkb, *_ in part]), content.crs)
            texts = shapely.to_wkt(shapes, rounding_precision=content.crs.decimals)
            for (_, *values), wkt in zip(part, texts, strict=True):
                table.writerow([*map(_cell, values), wkt])


def write_gpkg(path: Path, content: Content) -> None:
    """Write a GeoPackage with the layer's style and the meanings of its fields."""
    name = content.layer.collection
    parts = _frames(name, content.rows, content.crs, ROWS_AT_ONCE)
    with _ONE_AT_A_TIME:
        write_geopackage(
            path,
            [GeoPackageLayer(name, parts)],
            content.styles(),
            iso_utc(content.layer.source.latest_s),
        )


def write_fgb(path: Path, content: Content) -> None:
    """Write a FlatGeobuf with its index; `query_invalid` for more than fit into memory."""
    frame = next(_frames(content.layer.collection, content.rows, content.crs, MAX_AT_ONCE + 1))
    if len(frame) > MAX_AT_ONCE:
        raise RoadscanError(
            "query_invalid",
            f"more than {MAX_AT_ONCE} features do not go into one FlatGeobuf",
            "Narrow it by bbox or filter, or take f=gpkg",
        )
    pyogrio.write_dataframe(
        frame,
        path,
        driver="FlatGeobuf",
        layer=content.layer.collection,
        geometry_type=LAYERS[content.layer.collection].geometry_type,
    )


WRITERS: Final = {"csv": write_csv, "gpkg": write_gpkg, "fgb": write_fgb}


def _frames(
    collection: str, rows: Rows, crs: Crs, at_once: int
) -> Iterator[geopandas.GeoDataFrame]:
    """Yield features as tables, at least one."""
    fields = LAYERS[collection].fields
    first: Iterable[list[Sequence[Any]]] = [list(islice(rows, at_once))]
    rest = iter(lambda: list(islice(rows, at_once)), [])
    for part in chain(first, rest):
        wkb, *columns = zip(*part, strict=True) if part else [()] * (len(fields) + 1)
        shapes = from_crs84(shapely.from_wkb(list(wkb)), crs)
        yield geopandas.GeoDataFrame(
            {
                field.name: pd.Series(values, dtype=DTYPES[field.type])
                for field, values in zip(fields, columns, strict=True)
            },
            geometry=shapes,
            crs="EPSG:4326" if crs is CRS84 else crs.authority,
        )


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
