"""`roadscan serve`: the service of a town on this machine."""

from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra


def serve(
    data: options.Data,
    database: options.Database = "",
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="Workers beside it; more by roadscan work.")
    ] = 1,
    public_layers: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--public-layers", help="Anybody may read segments and damages.")
    ] = False,
    cookie_secure: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool,
        typer.Option("--cookie-secure", help="Behind a proxy with TLS: sessions by HTTPS only."),
    ] = False,
) -> None:
    """Serve uploads, layers and pages until stopped.

    The first start prints a link with which the first administrator makes an account.
    """
    with needs_extra("serve"):
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.start import serve as serve_town  # noqa: PLC0415 -- an extra
    public = frozenset({"segments", "damages"} if public_layers else ())
    settings = ServeSettings(
        data=data, database=database, public_collections=public, cookie_secure=cookie_secure
    )
    serve_town(settings, host, port, workers, typer.echo)
