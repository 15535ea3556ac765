"""`roadscan objections`: areas of which no picture is kept."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra
from roadscan.errors import RoadscanError


def objections(
    areas: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Polygons as GeoJSON, WGS84.", show_default=False),
    ],
    out: options.ResultsFolder = None,
    data: options.TownFolder = None,
    database: options.Database = "",
) -> None:
    """Remove stored pictures of areas, and keep none of them from now on."""
    if out is not None and data is None:
        from roadscan.pipeline.objections import object_in_folder  # noqa: PLC0415 -- other commands start without it

        done = object_in_folder(out, areas)
        written = f", layers and photos in {out} written anew"
    elif data is not None and out is None:
        with needs_extra("serve"):
            from roadscan.serve.objections import object_in_town  # noqa: PLC0415 -- an extra
            from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        done = object_in_town(ServeSettings(data=data, database=database), areas)
        written = ""
    else:
        raise RoadscanError("option_invalid", "it takes one of --out and --data", "Name one folder")
    typer.echo(f"{done.new} new areas of {done.areas}; {done.removed} pictures removed{written}")
