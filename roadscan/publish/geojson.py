"""Writes a layer as GeoJSON (RFC 7946)."""

from pathlib import Path

import geopandas
import pyogrio

DECIMALS = 7
"""About a centimetre."""


def write_geojson(path: Path, layer: geopandas.GeoDataFrame, geometry_type: str) -> None:
    """Write a layer in WGS84, longitude first, seven decimals, without a crs member."""
    pyogrio.write_dataframe(
        layer.to_crs("EPSG:4326"),
        path,
        driver="GeoJSON",
        layer=path.stem,
        geometry_type=geometry_type,
        RFC7946="YES",
        COORDINATE_PRECISION=str(DECIMALS),
    )
