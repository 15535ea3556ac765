"""Downloads of whole layers: CSV, GeoPackage, FlatGeobuf, each recorded in the audit log."""

import csv
import shutil
import tempfile
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
from fastapi import Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.layers import LAYERS
from roadscan.model.time import iso_utc
from roadscan.pipeline.scheme import load_scheme
from roadscan.publish.layer_frames import DTYPES
from roadscan.publish.styles import qgis_styles
from roadscan.publish.vector_files import GeoPackageLayer, write_geopackage
from roadscan.serve.access.guard import Guard
from roadscan.serve.ogc.crs import CRS84, Crs, from_crs84
from roadscan.serve.ogc.negotiation import FILES
from roadscan.store.layers.selection import Layer
from roadscan.store.store import Store

ROWS_AT_ONCE: Final = 50_000
MAX_AT_ONCE: Final = 250_000
"""Maximum number of features for a format that must be written at once, from memory."""
_ONE_AT_A_TIME: Final = Lock()
"""The date that GDAL writes into a GeoPackage is a setting of the whole process."""
USUAL_SCHEME: Final = "ap9k"
EXPORTED: Final = "layer_exported"
"""The action in the audit log."""

Rows = Iterator[Sequence[Any]]
"""Geometry (WKB in CRS84) and fields of features, in their order."""
RecordDownload = Callable[[Request, Layer, str, int], None]
"""Records a download before it is sent: the request, the layer, the format, the features."""


@dataclass(frozen=True, slots=True)
class Content:
    """Contents of a file."""

    layer: Layer
    rows: Rows
    crs: Crs
    styles: Callable[[], dict[str, str]]
    """Returns the QGIS style of each layer."""


def audited_downloads(guard: Guard) -> RecordDownload:
    """Return a function that writes downloads into the audit log; without login by "anonymous"."""

    def record(request: Request, layer: Layer, file_format: str, count: int) -> None:
        subject = (
            f"{layer.collection}.{file_format}, {count} features, survey {layer.source.survey!r}"
        )
        guard.accounts.record(guard.caller(request).name, EXPORTED, subject)

    return record


def download(
    rows: Rows,
    layer: Layer,
    crs: Crs,
    store: Store,
    file_format: str,
    record: Callable[[Layer, str, int], None],
) -> FileResponse:
    """Return a file of features, built in a temporary folder that is deleted once it is sent."""
    counted = _Counted(rows)

    def styles() -> dict[str, str]:
        try:
            scheme = parse_scheme(store.survey(layer.source.survey).scheme_text)
        except KeyError:  # nothing is assessed yet: an empty file is enough to set up a project
            scheme = load_scheme(USUAL_SCHEME)
        return qgis_styles(scheme)

    folder = Path(tempfile.mkdtemp(prefix="roadscan-layer-"))
    name = f"{layer.collection}.{file_format}"
    try:
        WRITERS[file_format](folder / name, Content(layer, counted, crs, styles))
        record(layer, file_format, counted.count)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        folder / name,
        headers={"Content-Crs": f"<{crs.uri}>"},
        media_type=FILES[file_format],
        filename=name,
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )


def write_csv(path: Path, content: Content) -> None:
    """Write a table with the geometry as WKT in its last column.

    Text that a spreadsheet would run as a formula is prefixed with '.
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
    """Write a FlatGeobuf with its index; `query_invalid` if there are too many features."""
    frame = next(_frames(content.layer.collection, content.rows, content.crs, MAX_AT_ONCE + 1))
    if len(frame) > MAX_AT_ONCE:
        raise RoadscanError(
            "query_invalid",
            f"a FlatGeobuf holds at most {MAX_AT_ONCE} features",
            "Narrow the request by bbox or filter, or use f=gpkg",
        )
    pyogrio.write_dataframe(
        frame,
        path,
        driver="FlatGeobuf",
        layer=content.layer.collection,
        geometry_type=LAYERS[content.layer.collection].geometry_type,
    )


WRITERS: Final = {"csv": write_csv, "gpkg": write_gpkg, "fgb": write_fgb}


class _Counted:
    """An iterator that counts rows as they are written, which saves a query."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = iter(rows)
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return self

    def __next__(self) -> Sequence[Any]:
        """Return the next row."""
        row = next(self._rows)
        self.count += 1
        return row


def _frames(
    collection: str, rows: Rows, crs: Crs, at_once: int
) -> Iterator[geopandas.GeoDataFrame]:
    """Yield features as tables, at least one table."""
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
