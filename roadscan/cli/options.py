"""Options that several commands share."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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
        help="GNSS track: GPX, NMEA, CSV, GeoJSON. Default: the file beside the video that shares "
        "its name.",
        show_default=False,
    ),
]
TrustPt = Annotated[
    bool,
    typer.Option(
        "--trust-pt",
        help="Let torch load weights from elsewhere than roadscan's own models. A .pt is code.",
        show_default=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON on stdout and nothing else.", show_default=False)
]
Data = Annotated[
    Path,
    typer.Option("--data", help="Folder for everything of this town.", show_default=False),
]
ResultsFolder = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of results of roadscan run.", show_default=False),
]
TownFolder = Annotated[
    Path | None,
    typer.Option("--data", help="Instead: folder of a town that is served.", show_default=False),
]
KeepDays = Annotated[
    float,
    typer.Option(
        "--keep-days", min=0.0, max=30.0, help="Days that a video is kept after its results."
    ),
]
PictureEveryM = Annotated[
    float,
    typer.Option(
        "--picture-every-m",
        min=0.0,
        max=1000.0,
        help="Metres driven for which one picture is kept besides those of damages; 0: none.",
    ),
]
NoPurge = Annotated[
    bool,
    typer.Option(
        "--no-purge",
        help="Let no worker delete raw recordings: only roadscan purge does.",
        show_default=False,
    ),
]
Database = Annotated[
    str,
    typer.Option(
        "--database",
        help="postgresql://... for several machines. Default: SQLite in the folder.",
        envvar="ROADSCAN_DATABASE",
        show_default=False,
    ),
]


class ServedLayer(StrEnum):
    """The layers that the service hands out."""

    SEGMENTS = "segments"
    DAMAGES = "damages"
    DRIVES = "drives"
    CELLS = "cells"


PublicLayers = Annotated[
    bool, typer.Option("--public-layers", help="Anybody may read segments and damages.")
]
PublicLayer = Annotated[
    list[ServedLayer] | None,
    typer.Option(
        "--public-layer",
        help="Anybody may read this layer. May be given more than once.",
        show_default=False,
    ),
]


def public_collections(*, usual: bool, named: Iterable[ServedLayer] | None) -> frozenset[str]:
    """Return the layers that anybody may read."""
    both = (ServedLayer.SEGMENTS, ServedLayer.DAMAGES) if usual else ()
    return frozenset(layer.value for layer in (*both, *(named or ())))
