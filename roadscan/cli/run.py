"""`roadscan run`: from videos and a track to layers."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.screen import show, show_network, warn_of_network
from roadscan.cli.summary import summary_table
from roadscan.model.road import Vehicle
from roadscan.pipeline.progress import bars_on_stderr


def run(  # noqa: PLR0913, PLR0917 -- typer makes an option of each
    videos: Annotated[
        list[Path],
        typer.Argument(metavar="VIDEO...", help="Videos, or folders of them.", show_default=False),
    ],
    network: options.Network,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)],
    track: options.Track = None,
    survey: Annotated[
        str | None, typer.Option(help="Name of the survey. Default: the folder's name.")
    ] = None,
    vehicle: options.Vehicle = Vehicle.CAR,
    camera: Annotated[
        Path | None, typer.Option(help="Camera file (TOML). Default: a typical dash-cam.")
    ] = None,
    offset_s: Annotated[
        float | None,
        typer.Option(
            help="UTC = start of video + time in video + this, about: the pictures are searched "
            "around it. Default: estimated."
        ),
    ] = None,
    offset_within_s: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=3600.0,
            help="How far off --offset-s may be; counts where the pictures say nothing.",
        ),
    ] = 0.5,
    scheme: Annotated[str, typer.Option(help="Scoring scheme: a name or a TOML file.")] = "ap9k",
    model: Annotated[
        str,
        typer.Option(help="Model name, or replay:FILE. Default: the bundled one."),
    ] = "",
    every_m: Annotated[
        float, typer.Option(min=0.5, max=100.0, help="Metres driven between two frames.")
    ] = 3.0,
    privacy_model: Annotated[
        str,
        typer.Option(
            help="Network that finds people and vehicles, or none: then no photos are stored. "
            "Default: the bundled one."
        ),
    ] = "",
    context_photos: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool,
        typer.Option(
            "--context-photos",
            help="Photos show the whole frame instead of only the road; people whom the network "
            "missed are recognisable.",
        ),
    ] = False,
    objections: Annotated[
        Path | None,
        typer.Option(help="Areas (GeoJSON polygons) without stored photos.", show_default=False),
    ] = None,
    trust_pt: options.TrustPt = False,  # noqa: FBT002 -- how typer declares a switch
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Turn a drive into scored road segments.

    Repeating the command after a stop resumes at the chunk it was at.
    """
    from roadscan.pipeline.run import run as run_survey  # noqa: PLC0415 -- keeps other commands fast

    with bars_on_stderr() as progress:
        result = run_survey(
            videos,
            network=network,
            track=track,
            out=out,
            survey=survey,
            vehicle=vehicle,
            camera=camera,
            offset_s=offset_s,
            offset_within_s=offset_within_s,
            scheme=scheme,
            model=model,
            every_m=every_m,
            privacy_model=privacy_model,
            context_photos=context_photos,
            objections=objections,
            trust_pt=trust_pt,
            progress=progress,
            tell=warn_of_network,
        )
    if json:
        typer.echo(result.record.as_json(), nl=False)
    else:
        show_network(result.record.network.remarks)
        show(summary_table(result))
        typer.echo(f"Results: {result.out}")
