"""`roadscan upload`: videos and their sidecars to a service."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from roadscan.errors import ExitCode, InputFault
from roadscan.pipeline.progress import BYTES, bars_on_stderr
from roadscan.serve.uploads.client import list_sources, send_files
from roadscan.serve.uploads.connection import Connection


def upload(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...",
            help="Videos and their tracks and camera files, or folders of them.",
            show_default=False,
        ),
    ],
    server: Annotated[str, typer.Option(help="Address of the service.", show_default=False)],
    key: Annotated[
        str,
        typer.Option(
            envvar="ROADSCAN_KEY",
            help="API key of a role that may upload; better given as ROADSCAN_KEY.",
            show_default=False,
        ),
    ] = "",
    survey: Annotated[
        str, typer.Option(help="Survey that the drives belong to. Default: the year.")
    ] = "",
) -> None:
    """Send drives to a service.

    Given again after a stop, the same command goes on where it was; what is there already is not
    sent twice.
    """
    sources, refused = list_sources(files), 0
    with closing(Connection(server, key)) as line, bars_on_stderr(BYTES) as progress:
        for result in send_files(line, sources, survey, progress):
            if isinstance(result, InputFault):
                refused += 1
                told = f"{result.code}: {result.message}. {result.hint}"
                typer.echo(f"roadscan: {result.source}: {told}", err=True)
            elif result.known_as:
                typer.echo(f"{result.source.relative}: was there already as {result.known_as}")
            else:
                typer.echo(f"{result.source.relative}: arrived")
    if refused:
        raise typer.Exit(ExitCode.BAD_INPUT)
