"""`roadscan work`: one more worker for a service."""

from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra


def work(
    data: options.Data,
    database: options.Database = "",
    once: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--once", help="Stop when nothing is left to do.")
    ] = False,
) -> None:
    """Work on uploaded drives until stopped; a stop lets the chunk that was begun end.

    Several workers may share a service, on one machine or on many.
    """
    with needs_extra("serve"):
        from roadscan.serve.jobs.worker import work as work_for  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
    work_for(ServeSettings(data=data, database=database), typer.echo, until_idle=once)
