"""`roadscan backup` and `roadscan restore`: the data of a town, copied while its service runs."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra


def backup(
    data: options.Data,
    out: Annotated[Path, typer.Option("--out", help="A new folder.", show_default=False)],
    database: options.Database = "",
    without_raw: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--without-raw", help="Leave out videos and tracks.")
    ] = False,
) -> None:
    """Copy a town's databases and files into a folder; the service may keep running."""
    with needs_extra("serve"):
        from roadscan.serve.backup import backup as back_up  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
    manifest = back_up(ServeSettings(data=data, database=database), out, raw=not without_raw)
    typer.echo(f"{out}: {len(manifest.files)} files")


def restore(
    source: Annotated[
        Path, typer.Argument(metavar="BACKUP", help="Folder of a backup.", show_default=False)
    ],
    data: options.Data,
    database: options.Database = "",
) -> None:
    """Restore a backup into an empty folder, and into an empty database if it was in one."""
    with needs_extra("serve"):
        from roadscan.serve.backup import restore as bring_back  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
    manifest = bring_back(source, ServeSettings(data=data, database=database))
    typer.echo(f"{data}: {len(manifest.files)} files")
