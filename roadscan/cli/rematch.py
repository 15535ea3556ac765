"""`roadscan rematch`: match a survey's drives to another road network."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.screen import printable, show_network, warn_of_network


def rematch(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Results of a run.", show_default=False)
    ],
    network: options.Network,
    survey: Annotated[
        str | None, typer.Option(help="Name of the survey. Default: the only one.")
    ] = None,
) -> None:
    """Match a survey to another network and rewrite its layers, without video or detector."""
    from roadscan.pipeline.rematch import rematch_in_folder  # noqa: PLC0415 -- starts faster

    done = rematch_in_folder(folder, network, survey)
    warn_of_network(done.network.remarks)
    show_network(done.network.remarks)
    found = f"{done.drives} drives on {done.network.source}, {done.summary.scored} segments"
    typer.echo(printable(f"{done.survey}: {found}"))
