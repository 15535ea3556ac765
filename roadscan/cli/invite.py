"""`roadscan invite`: a link to create one account, also when no administrator can log in."""

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
        str, typer.Option(help="Address of the web pages.")
    ] = "http://127.0.0.1:8000",
    days: Annotated[
        float, typer.Option(min=0.01, max=30.0, help="Days that the link is valid.")
    ] = 1.0,
) -> None:
    """Print a link with which one account can be created, once.

    Anyone who may write to the town's folder may do this: it is the way back in for administrators
    who have lost their passwords. The audit log records it.
    """
    with needs_extra("serve"):
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.town import open_existing_town  # noqa: PLC0415 -- an extra
    with open_existing_town(ServeSettings(data=data, database=database)) as town:
        token = town.accounts.invite(role, days * DAY_S)
        town.accounts.record("roadscan invite", "invited", role.value)
    typer.echo(f"{server.rstrip('/')}/welcome#{token}")
