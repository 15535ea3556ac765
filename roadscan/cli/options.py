"""Options that several commands share."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from roadscan.model.road import Vehicle as VehicleKind

Network = Annotated[
    Path,
    typer.Option(
        "--network",
        help="Road network: GeoJSON, GeoPackage, Shapefile, OSM PBF or XML.",
        show_default=False,
    ),
]
Track = Annotated[
    Path | None,
    typer.Option(
        "--track",
        help="GNSS track: GPX, NMEA, CSV, GeoJSON, KML, TCX, FIT. Default: the file beside the "
        "video with the same name.",
        show_default=False,
    ),
]
Vehicle = Annotated[
    VehicleKind,
    typer.Option(
        "--vehicle",
        help="Car or truck, bicycle, on foot, or works: sweeper or refuse truck, also on tracks "
        "and against one-ways. Decides which links are driven.",
    ),
]
TrustPt = Annotated[
    bool,
    typer.Option(
        "--trust-pt",
        help="Allow torch to load weights other than the bundled models'. A .pt file is code.",
        show_default=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print only JSON, on stdout.", show_default=False)
]
Data = Annotated[
    Path,
    typer.Option("--data", help="Folder with all data of the town.", show_default=False),
]
ResultsFolder = Annotated[
    Path | None,
    typer.Option("--out", help="Results folder of roadscan run.", show_default=False),
]
TownFolder = Annotated[
    Path | None,
    typer.Option("--data", help="Instead: data folder of a served town.", show_default=False),
]
KeepDays = Annotated[
    float,
    typer.Option("--keep-days", min=0.0, max=30.0, help="Days to keep a video after its results."),
]
PictureEveryM = Annotated[
    float,
    typer.Option(
        "--picture-every-m",
        min=0.0,
        max=1000.0,
        help="Store one picture per so many metres, besides those of damages; 0: none.",
    ),
]
NoPurge = Annotated[
    bool,
    typer.Option(
        "--no-purge",
        help="Raw recordings are not deleted by workers, only by roadscan purge.",
        show_default=False,
    ),
]
Database = Annotated[
    str,
    typer.Option(
        "--database",
        help="postgresql://... for several machines. Default: SQLite in the data folder.",
        envvar="ROADSCAN_DATABASE",
        show_default=False,
    ),
]


class ServedLayer(StrEnum):
    """Layers that the service offers."""

    SEGMENTS = "segments"
    DAMAGES = "damages"
    DRIVES = "drives"
    CELLS = "cells"


PublicLayers = Annotated[
    bool, typer.Option("--public-layers", help="Make segments and damages public.")
]
PublicLayer = Annotated[
    list[ServedLayer] | None,
    typer.Option(
        "--public-layer",
        help="Make this layer public. May be repeated.",
        show_default=False,
    ),
]


def public_collections(*, usual: bool, named: Iterable[ServedLayer] | None) -> frozenset[str]:
    """Return the public layers."""
    both = (ServedLayer.SEGMENTS, ServedLayer.DAMAGES) if usual else ()
    return frozenset(layer.value for layer in (*both, *(named or ())))
