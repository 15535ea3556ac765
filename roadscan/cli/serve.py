"""`roadscan serve`: the service of a town, on this machine."""

from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra
from roadscan.cli.quantities import size_bytes, time_s, web_origin
from roadscan.errors import RoadscanError

DAY_S = 86400.0


def serve(  # noqa: PLR0913, PLR0917 -- typer makes an option of each
    data: options.Data,
    database: options.Database = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[
        int,
        typer.Option(
            min=0, max=64, help="Worker processes to start; add more with `roadscan work`."
        ),
    ] = 1,
    public_layers: options.PublicLayers = False,  # noqa: FBT002 -- how typer declares a switch
    public_layer: options.PublicLayer = None,
    cookie_secure: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool,
        typer.Option(
            "--cookie-secure",
            help="Send session cookies over HTTPS only; set it behind a proxy with TLS.",
        ),
    ] = False,
    session: Annotated[str, typer.Option(help="How long a login lasts, from 5min to 30d.")] = "12h",
    max_upload: Annotated[str, typer.Option(help="Largest file that is accepted.")] = "64GiB",
    upload_quota: Annotated[
        str,
        typer.Option(help="Limit for the files and unfinished uploads of one account together."),
    ] = "2TiB",
    disk_reserve: Annotated[
        str,
        typer.Option(
            help="Space to leave free on the disk; larger uploads are refused. 0B for none."
        ),
    ] = "5GiB",
    upload_expires: Annotated[
        str,
        typer.Option(
            help="Remove unfinished uploads after so long without a byte, from 1h to 30d."
        ),
    ] = "7d",
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Origin of other web pages that may read the layers (CORS), such as "
            "https://maps.town.example, or * for all. May be given more than once.",
            show_default=False,
        ),
    ] = None,
    basemap: Annotated[
        str,
        typer.Option(
            help="Background of the map: https address of a tile with {z}, {x}, {y}, or of a WMS "
            "with {bbox-epsg-3857}. Browsers contact that server. Default: none.",
            show_default=False,
        ),
    ] = "",
    basemap_attribution: Annotated[
        str, typer.Option(help="Attribution of that map, shown on it.", show_default=False)
    ] = "",
    oidc_issuer: Annotated[
        str,
        typer.Option(
            help="Issuer of the town's login service (OpenID Connect, such as Keycloak). Its "
            "secret: ROADSCAN_OIDC_SECRET or ROADSCAN_OIDC_SECRET_FILE.",
            show_default=False,
        ),
    ] = "",
    oidc_client_id: Annotated[
        str, typer.Option(help="Client id of this service there.", show_default=False)
    ] = "",
    oidc_role_claim: Annotated[
        str,
        typer.Option(
            help="Claim of its id token with the roles, such as realm_access.roles. Default: new "
            "users are viewers, and administrators here change that.",
            show_default=False,
        ),
    ] = "",
    oidc_role: Annotated[
        list[str] | None,
        typer.Option(
            help="Role there and role here, such as road-admin=admin. First match wins; users with "
            "no match are refused. May be given more than once.",
            show_default=False,
        ),
    ] = None,
    operator: Annotated[
        str,
        typer.Option(
            help="Name and contact of the operator, shown on the page on data protection. "
            "Default: none.",
            envvar="ROADSCAN_OPERATOR",
            show_default=False,
        ),
    ] = "",
    keep_days: options.KeepDays = 7.0,
    picture_every_m: options.PictureEveryM = 20.0,
    no_purge: options.NoPurge = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Serve uploads, layers and pages until stopped.

    The first start prints a link for the first administrator to create an account. Sizes are
    written as 500MB, 20GB or 2TiB, durations as 90min, 12h or 7d.
    """
    with needs_extra("serve"):
        from roadscan.serve.access.oidc_settings import read_oidc  # noqa: PLC0415 -- an extra
        from roadscan.serve.pages.basemap import read_basemap  # noqa: PLC0415 -- an extra
        from roadscan.serve.pages.notices import read_operator  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.start import serve as serve_town  # noqa: PLC0415 -- an extra
    settings = ServeSettings(
        data=data,
        database=database,
        public_collections=options.public_collections(usual=public_layers, named=public_layer),
        cookie_secure=cookie_secure,
        session_s=time_s("--session", session, "5min", "30d"),
        max_upload_bytes=size_bytes("--max-upload", max_upload),
        upload_quota_bytes=size_bytes("--upload-quota", upload_quota),
        free_disk_reserve_bytes=size_bytes("--disk-reserve", disk_reserve, least="0B"),
        upload_expires_s=time_s("--upload-expires", upload_expires, "1h", "30d"),
        allow_origins=tuple(web_origin("--allow-origin", each) for each in allow_origin or ()),
        basemap=read_basemap(basemap, basemap_attribution),
        oidc=read_oidc(oidc_issuer, oidc_client_id, oidc_role_claim, oidc_role or ()),
        operator=read_operator(operator),
        keep_raw_s=keep_days * DAY_S,
        deletes_raw=not no_purge,
        picture_every_m=picture_every_m,
    )
    if settings.upload_quota_bytes < settings.max_upload_bytes:
        raise RoadscanError(
            "option_invalid",
            f"--upload-quota {upload_quota} is less than --max-upload {max_upload}",
            "The quota of an account must allow at least one file",
        )
    serve_town(settings, host, port, workers, typer.echo)
