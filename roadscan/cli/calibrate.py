"""`roadscan calibrate`: a camera file from videos of drives."""

import json as json_format
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from roadscan.cli import options
from roadscan.cli.screen import show


def calibrate(
    videos: Annotated[
        list[Path],
        typer.Argument(metavar="VIDEO...", help="Videos of one camera.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", help="Camera file to write.", show_default=False)],
    track: Annotated[
        Path | None,
        typer.Option(
            "--track",
            help="GNSS track of the videos; without it angle of view and height are not measured.",
            show_default=False,
        ),
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option(help="Camera file with what is known already; it is kept."),
    ] = None,
    offset_s: Annotated[
        float | None,
        typer.Option(
            help="UTC = start of video + time in video + this, about. Default: estimated."
        ),
    ] = None,
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Measure a camera by its own videos and write its camera file."""
    from roadscan.pipeline.calibrate import VALUES, calibrate_camera  # noqa: PLC0415 -- keeps other commands fast
    from roadscan.pipeline.camera_warnings import camera_warnings  # noqa: PLC0415 -- the same

    found = calibrate_camera(videos, out, track, camera, offset_s)
    warnings = camera_warnings(found.camera)
    if json:
        typer.echo(json_format.dumps(asdict(found) | {"warnings": warnings}, ensure_ascii=False))
        return
    table = Table("value", "", "one standard deviation", "how known")
    for name in VALUES:
        known = getattr(found.camera.known, name)
        value = f"{getattr(found.camera, name):g}"
        table.add_row(name, value, f"{known.sigma:g}", known.basis.value)
    show(table)
    seen = f"{found.straight_s:.0f} s of straight driving, {found.bends} bends with a track"
    typer.echo(f"From {found.videos} videos: {seen}")
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"Written: {out}")
