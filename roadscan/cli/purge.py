"""`roadscan purge`: deletes raw recordings whose retention time is over."""

from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra

DAY_S = 86400.0
WHO = "roadscan purge"


def purge(
    data: options.Data,
    database: options.Database = "",
    keep_days: options.KeepDays = 7.0,
    delete: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool,
        typer.Option("--delete", help="Delete them. Default: only print what would be deleted."),
    ] = False,
    confirm_clock: Annotated[  # noqa: FBT002 -- the same
        bool,
        typer.Option(
            "--confirm-clock",
            help="Say that this machine's clock is right: time that passed while no worker was "
            "running counts too.",
        ),
    ] = False,
) -> None:
    """Delete videos and tracks whose results are in the store, or that are a month old.

    The audit log records each file with name, checksum and reason. Pictures of damages, cells and
    scores stay.
    """
    with needs_extra("serve"):
        from roadscan.serve.retention import Retention, count_unseen_time  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.town import open_town  # noqa: PLC0415 -- an extra
    settings = ServeSettings(data=data, database=database, keep_raw_s=keep_days * DAY_S)
    with open_town(settings) as town:
        if confirm_clock:
            count_unseen_time(town, WHO)
        unseen_days = town.shared_clock.read().unconfirmed_s / DAY_S
        retention = Retention(town, WHO)
        due = retention.due()
        for item in due:
            if delete and not retention.delete(item):
                continue
            what = "deleted" if delete else "would delete"
            typer.echo(f"{what} {item.file.name} {item.file.sha256} ({item.why.value})")
    size = sum(item.file.size_bytes for item in due)
    typer.echo(
        f"{len(due)} files, {size / 1e6:.1f} MB{'' if delete else '; --delete deletes them'}"
    )
    if unseen_days > 0:
        typer.echo(
            f"{unseen_days:.1f} days do not count: the clock moved on while no worker was running. "
            "If it is right, --confirm-clock counts them"
        )
