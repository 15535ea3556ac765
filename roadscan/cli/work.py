"""`roadscan work`: an additional worker for a service."""

from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra

DAY_S = 86400.0


def work(
    data: options.Data,
    database: options.Database = "",
    once: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--once", help="Stop when no jobs are left.")
    ] = False,
    keep_days: options.KeepDays = 7.0,
    picture_every_m: options.PictureEveryM = 20.0,
    no_purge: options.NoPurge = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Process uploaded drives and other jobs until stopped; a chunk that was begun is finished.

    Several workers may serve one town, on one machine or on many. Once a day one of them deletes
    the raw recordings whose retention time is over, as roadscan purge does.
    """
    with needs_extra("serve"):
        from roadscan.serve.jobs.worker import work as work_for  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
    settings = ServeSettings(
        data=data,
        database=database,
        keep_raw_s=keep_days * DAY_S,
        deletes_raw=not no_purge,
        picture_every_m=picture_every_m,
    )
    work_for(settings, typer.echo, until_idle=once)
