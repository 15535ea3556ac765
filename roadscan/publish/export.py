"""Writes all layers of a survey into a folder: each file is there whole, or as it was before."""

import os
import shutil
from pathlib import Path

from roadscan.errors import RoadscanError
from roadscan.model.time import iso_utc
from roadscan.publish.damage_photos import PHOTOS, remove_stale_photos, write_photos
from roadscan.publish.geojson import write_geojson
from roadscan.publish.geopackage import GeoPackageLayer, write_geopackage
from roadscan.publish.layer_fields import GEOMETRY_TYPES, LAYERS
from roadscan.publish.layer_frames import (
    Results,
    cells_layers,
    damages_layer,
    drives_layer,
    load_results,
    segments_layer,
)
from roadscan.publish.map_page import write_map_page
from roadscan.publish.map_picture import write_map_picture
from roadscan.publish.styles import qgis_styles
from roadscan.store.lanes import judged_grids
from roadscan.store.store import Store

PARTIAL = ".export-partial"


def export_all(store: Store, survey: str, out: Path) -> None:
    """Write layers/*.geojson, roadscan.gpkg, photos/*.jpg, map.png and map.html.

    Raises
    ------
    RoadscanError
        `output_disk_full`, `output_not_writable`: what was there before stays.
    """
    partial = out / PARTIAL
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "layers").mkdir(parents=True)
        results = load_results(store, survey)
        _write(store, results, partial)
        for folder in ("layers", PHOTOS):
            (out / folder).mkdir(exist_ok=True)
        for path in sorted(p for p in partial.rglob("*") if p.is_file()):
            os.replace(path, out / path.relative_to(partial))  # noqa: PTH105 -- the atomic one
        remove_stale_photos(results, out)
    except (OSError, RuntimeError) as error:  # GDAL's own errors are RuntimeErrors
        raise _told(error, out) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(store: Store, results: Results, folder: Path) -> None:
    layers = {
        "segments": segments_layer(results),
        "damages": damages_layer(results),
        "drives": drives_layer(results),
    }
    for name, layer in layers.items():
        write_geojson(folder / "layers" / f"{name}.geojson", layer, GEOMETRY_TYPES[name])
    grids = judged_grids(store, results.survey.name, results.network, results.scheme)
    cells = cells_layers(results, grids)
    parts = {name: iter([layer]) for name, layer in layers.items()} | {"cells": cells}
    write_geopackage(
        folder / "roadscan.gpkg",
        [GeoPackageLayer(name, GEOMETRY_TYPES[name], part) for name, part in parts.items()],
        LAYERS,
        qgis_styles(results.scheme),
        iso_utc(max(drive.ended_s for drive in results.drives)),
    )
    write_photos(store, results, folder)
    write_map_picture(folder / "map.png", results, **layers)
    write_map_page(folder / "map.html", results, **layers)


def _told(error: OSError | RuntimeError, out: Path) -> RoadscanError:
    """Say what stopped the writing; GDAL tells of a full disk in words only, if at all."""
    if shutil.disk_usage(out).free < 1 << 20 if out.exists() else False:
        return RoadscanError(
            "output_disk_full", f"no room left for the layers in {out}", "Make room, run again"
        )
    return RoadscanError(
        "output_not_writable", f"{out} cannot be written ({error})", "Name another folder"
    )
