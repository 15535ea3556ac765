"""Write layers as GeoJSON (RFC 7946) and as a GeoPackage with QGIS styles."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import geopandas
import pyogrio

from roadscan.model.layers import LAYERS

DECIMALS = 7
"""Decimals of a degree in GeoJSON: about a centimetre."""
GEOMETRY = "geom"

# The table as QGIS itself creates it; QGIS finds styles with an empty catalogue and schema.
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT CURRENT_TIMESTAMP)
"""
# GeoPackage 1.3, extension gpkg_schema.
_DATA_COLUMNS = """
CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
    mime_type TEXT, constraint_name TEXT,
    CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name))
"""
_CONSTRAINTS = """
CREATE TABLE gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
    min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))
"""
_EXTENSIONS = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
    scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
"""
_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"


@dataclass(frozen=True, slots=True)
class GeoPackageLayer:
    """A layer to be written, in at least one part; each part fits into memory."""

    name: str
    parts: Iterable[geopandas.GeoDataFrame]


def write_geojson(path: Path, layer: geopandas.GeoDataFrame) -> None:
    """Write the layer that the file is named after, longitude first, without a crs member."""
    pyogrio.write_dataframe(
        layer.to_crs("EPSG:4326"),
        path,
        driver="GeoJSON",
        layer=path.stem,
        geometry_type=LAYERS[path.stem].geometry_type,
        RFC7946="YES",
        COORDINATE_PRECISION=str(DECIMALS),
    )


def write_geopackage(
    path: Path,
    layers: Iterable[GeoPackageLayer],
    styles: Mapping[str, str],
    changed_at: str,
) -> None:
    """Write layers in their own CRS, with `changed_at` (ISO 8601) as the time of writing.

    With the machine's clock, the file would differ each time it is written.
    """
    path.unlink(missing_ok=True)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": changed_at})
    try:
        names = [_write_layer(path, layer) for layer in layers]
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    with closing(sqlite3.connect(path)) as db, db:
        _add_styles(db, {name: styles[name] for name in names}, changed_at)
        _describe_fields(db, names)


def _write_layer(path: Path, layer: GeoPackageLayer) -> str:
    for number, part in enumerate(layer.parts):
        pyogrio.write_dataframe(
            part,
            path,
            driver="GPKG",
            layer=layer.name,
            geometry_type=LAYERS[layer.name].geometry_type,
            append=number > 0,
            layer_options={"GEOMETRY_NAME": GEOMETRY} if number == 0 else {},
        )
    return layer.name


def _add_styles(db: sqlite3.Connection, styles: Mapping[str, str], changed_at: str) -> None:
    db.execute(_STYLES)
    db.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
        "update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, 'roadscan', '', ?)",
        [(name, GEOMETRY, name, qml, changed_at) for name, qml in styles.items()],
    )
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', ?)",
        (changed_at,),
    )


def _describe_fields(db: sqlite3.Connection, layers: Iterable[str]) -> None:
    for table in (_DATA_COLUMNS, _CONSTRAINTS, _EXTENSIONS):
        db.execute(table)
    db.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
        [
            (table, _SCHEMA_EXTENSION)
            for table in ("gpkg_data_columns", "gpkg_data_column_constraints")
        ],
    )
    db.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, description) "
        "VALUES (?, ?, ?, ?)",
        [
            (layer, field.name, field.name, field.description.en)
            for layer in layers
            for field in LAYERS[layer].fields
        ],
    )
