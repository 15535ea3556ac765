"""`roadscan doctor`: checks this installation, and a town."""

import json as json_format
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.screen import printable
from roadscan.errors import ExitCode


def doctor(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of a town.", show_default=False)
    ] = None,
    database: options.Database = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the service.")] = 8000,
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Check the installation and a town: a line per check, with what to do. Changes nothing.

    Exit code 3 if something fails; warnings do not count.
    """
    from roadscan.serve.doctor import (  # noqa: PLC0415 -- others start without it
        Verdict,
        examine_installation,
        examine_town,
    )
    from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- others start without it

    findings = list(examine_installation(port, time.time()))
    if data is not None:
        findings += examine_town(ServeSettings(data=data, database=database))
    if json:
        typer.echo(json_format.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            to_do = f". {finding.to_do}" if finding.to_do else ""
            line = f"{finding.verdict:4}  {finding.what}: {finding.found}{to_do}"
            typer.echo(printable(line))
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(ExitCode.BAD_INPUT)
