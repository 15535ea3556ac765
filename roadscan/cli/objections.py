"""`roadscan objections`: areas of which no picture is kept."""

from pathlib import Path
from typing import Annotated

import typer


def objections(
    areas: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Polygons as GeoJSON, WGS84.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of results of roadscan run.", show_default=False)
    ],
) -> None:
    """Remove stored pictures of areas, and keep none of them from now on."""
    from roadscan.pipeline.objections import object_in_folder  # noqa: PLC0415 -- other commands start without it

    done = object_in_folder(out, areas)
    typer.echo(
        f"{done.new} new areas of {done.areas}; {done.removed} pictures removed, "
        f"layers and photos in {out} written anew"
    )
