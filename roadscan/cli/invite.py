"""`roadscan invite`: a link that makes one account, also when no administrator can log in."""

from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra
from roadscan.model.access import Role

DAY_S = 86400.0


def invite(
    data: options.Data,
    database: options.Database = "",
    role: Annotated[
        Role,
        typer.Option(help="What the account may do: viewer, uploader, reviewer, planner or admin."),
    ] = Role.VIEWER,
    server: Annotated[
        str, typer.Option(help="Address at which the pages are opened.")
    ] = "http://127.0.0.1:8000",
    days: Annotated[float, typer.Option(min=0.01, max=30.0, help="How long it holds.")] = 1.0,
) -> None:
    """Print a link with which one account can be made, once.

    Whoever may write to the town's folder may do this: it is the way back in for administrators
    who have lost their passwords. It stands in the audit log.
    """
    with needs_extra("serve"):
        from roadscan.serve.invite import invite as invite_to  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
    token = invite_to(ServeSettings(data=data, database=database), role, days * DAY_S)
    typer.echo(f"{server.rstrip('/')}/welcome#{token}")
