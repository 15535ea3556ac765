"""Write all layers, photos and maps of a survey to a folder, each file atomically."""

import os
import shutil
from pathlib import Path
from typing import Final

from roadscan.detect.redaction import with_labelled_box
from roadscan.errors import RoadscanError
from roadscan.model.time import iso_utc
from roadscan.publish.layer_frames import (
    Results,
    cells_layers,
    combined_lanes,
    damages_layer,
    drives_layer,
    segments_layer,
)
from roadscan.publish.map_page import write_map_page
from roadscan.publish.map_picture import write_map_picture
from roadscan.publish.styles import qgis_styles
from roadscan.publish.vector_files import GeoPackageLayer, write_geojson, write_geopackage
from roadscan.store.store import Store

PARTIAL: Final = ".export-partial"
PHOTOS: Final = "photos"


def export_all(store: Store, results: Results, out: Path) -> None:
    """Write layers/*.geojson, roadscan.gpkg, photos/*.jpg, map.png and map.html.

    Raises
    ------
    RoadscanError
        `output_disk_full`, `output_not_writable`: existing files are left as they were.
    """
    partial = out / PARTIAL
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "layers").mkdir(parents=True)
        _write(store, results, partial)
        for folder in ("layers", PHOTOS):
            (out / folder).mkdir(exist_ok=True)
        for path in sorted(p for p in partial.rglob("*") if p.is_file()):
            os.replace(path, out / path.relative_to(partial))  # noqa: PTH105 -- the atomic one
        _remove_stale_photos(results, out)
    except (OSError, RuntimeError) as error:  # GDAL's own errors are RuntimeErrors
        raise _cannot_write(error, out) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(store: Store, results: Results, folder: Path) -> None:
    layers = {
        "segments": segments_layer(results),
        "damages": damages_layer(results),
        "drives": drives_layer(results),
    }
    for name, layer in layers.items():
        write_geojson(folder / "layers" / f"{name}.geojson", layer)
    cells = cells_layers(results, combined_lanes(store, results))
    parts = {name: iter([layer]) for name, layer in layers.items()} | {"cells": cells}
    write_geopackage(
        folder / "roadscan.gpkg",
        [GeoPackageLayer(name, part) for name, part in parts.items()],
        qgis_styles(results.scheme),
        iso_utc(max(drive.ended_s for drive in results.drives)),
    )
    _write_photos(store, results, folder)
    write_map_picture(folder / "map.png", results, **layers)
    write_map_page(folder / "map.html", results, **layers)


def _write_photos(store: Store, results: Results, folder: Path) -> None:
    """Write the best picture of each damage with its box drawn in, one at a time."""
    (folder / PHOTOS).mkdir(exist_ok=True)
    for damage in results.assessment.damages:
        name = results.photos.get(damage.damage_id)
        picture = store.pictures.of(results.survey.name, damage.best) if name else None
        if name and picture:
            verdict = f" {damage.review.value}" if damage.review else ""
            caption = f"{damage.kind} {damage.best.confidence:.2f}{verdict}"
            made = with_labelled_box(picture, damage.best.box_xyxy, caption)
            (folder / name).write_bytes(made.jpeg)


def _remove_stale_photos(results: Results, folder: Path) -> None:
    """Remove photos of damages that no longer exist, or whose picture was removed."""
    kept = set(results.photos.values())
    for path in sorted((folder / PHOTOS).glob("*.jpg")):
        if f"{PHOTOS}/{path.name}" not in kept:
            path.unlink()


def _cannot_write(error: OSError | RuntimeError, out: Path) -> RoadscanError:
    """Return why writing failed; GDAL reports a full disk only in its message, if at all."""
    if shutil.disk_usage(out).free < 1 << 20 if out.exists() else False:
        return RoadscanError(
            "output_disk_full", f"no room left for the layers in {out}", "Make room, run again"
        )
    return RoadscanError(
        "output_not_writable", f"{out} cannot be written ({error})", "Name another folder"
    )
