"""`roadscan objections`: areas of which no picture is stored."""

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
    """Remove the stored pictures of areas, and store none of them from now on."""
    if out is not None and data is None:
        from roadscan.pipeline.objections import object_in_folder  # noqa: PLC0415 -- other commands start without it

        done = object_in_folder(out, areas)
        written = f", layers and photos in {out} rewritten"
    elif data is not None and out is None:
        with needs_extra("serve"):
            from roadscan.pipeline.objections import object_to_pictures  # noqa: PLC0415 -- the same
            from roadscan.read.objection_areas import read_objections  # noqa: PLC0415 -- the same
            from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
            from roadscan.serve.town import open_existing_town  # noqa: PLC0415 -- an extra
        masks = read_objections(areas)
        with open_existing_town(ServeSettings(data=data, database=database)) as town:
            done = object_to_pictures(town.store, masks, "roadscan objections")
        written = ""
    else:
        raise RoadscanError("option_invalid", "it takes one of --out and --data", "Name one folder")
    typer.echo(f"{done.new} new areas of {done.areas}; {done.removed} pictures removed{written}")
