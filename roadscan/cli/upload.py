"""`roadscan upload`: videos and their sidecars to a service."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.screen import printable
from roadscan.errors import ExitCode, InputFault
from roadscan.model.road import Vehicle
from roadscan.pipeline.progress import BYTES, bars_on_stderr
from roadscan.serve.uploads.client import list_sources, send_files
from roadscan.serve.uploads.connection import Connection


def upload(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...",
            help="Videos with their tracks and camera files, or folders of them.",
            show_default=False,
        ),
    ],
    server: Annotated[str, typer.Option(help="Address of the service.", show_default=False)],
    key: Annotated[
        str,
        typer.Option(
            envvar="ROADSCAN_KEY",
            help="API key with a role that may upload, made on the service's page Account; "
            "safer as ROADSCAN_KEY.",
            show_default=False,
        ),
    ] = "",
    survey: Annotated[
        str, typer.Option(help="Survey that the drives belong to. Default: the year.")
    ] = "",
    vehicle: options.Vehicle = Vehicle.CAR,
) -> None:
    """Upload drives to a service.

    After an interruption the same command resumes where it stopped. Files that the service already
    has are not sent again.
    """
    sources, refused = list_sources(files), 0
    with closing(Connection(server, key)) as connection, bars_on_stderr(BYTES) as progress:
        for result in send_files(connection, sources, survey, progress, _tell, vehicle=vehicle):
            if isinstance(result, InputFault):
                refused += 1
                problem = f"{result.code}: {result.message}. {result.hint}"
                typer.echo(f"roadscan: {result.source}: {problem}", err=True)
            elif result.known_as:
                typer.echo(f"{result.source.relative}: was there already as {result.known_as}")
            else:
                typer.echo(f"{result.source.relative}: arrived")
    if refused:
        raise typer.Exit(ExitCode.BAD_INPUT)


def _tell(what: str) -> None:
    typer.echo(f"roadscan: {printable(what)}", err=True)
