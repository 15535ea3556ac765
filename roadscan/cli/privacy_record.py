"""`roadscan privacy-record`: a draft for the register of processing activities."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra
from roadscan.errors import RoadscanError

DAY_S = 86400.0


class Language(StrEnum):
    """The languages of the template."""

    DE = "de"
    EN = "en"


def privacy_record(  # noqa: PLR0913, PLR0917 -- typer makes an option of each
    data: options.Data,
    database: options.Database = "",
    lang: Annotated[Language, typer.Option(help="Language of the text: de or en.")] = Language.DE,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new file. Default: stdout.", show_default=False)
    ] = None,
    keep_days: Annotated[
        float, typer.Option(min=0.0, max=30.0, help="The same as for roadscan serve or work.")
    ] = 7.0,
    picture_every_m: options.PictureEveryM = 20.0,
    no_purge: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--no-purge", help="The same as for roadscan serve or work.")
    ] = False,
    public_layers: options.PublicLayers = False,  # noqa: FBT002 -- how typer declares a switch
    public_layer: options.PublicLayer = None,
    cookie_secure: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--cookie-secure", help="The same as for roadscan serve.")
    ] = False,
) -> None:
    """Write a draft for the register of processing activities (Art. 30 GDPR) from the settings.

    No legal advice: the data protection officer decides. What the program cannot know is left in
    brackets.
    """
    with needs_extra("serve"):
        from roadscan.serve.privacy_record import privacy_record as record_of  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.town import open_existing_town  # noqa: PLC0415 -- an extra
    settings = ServeSettings(
        data=data,
        database=database,
        public_collections=options.public_collections(usual=public_layers, named=public_layer),
        cookie_secure=cookie_secure,
        keep_raw_s=keep_days * DAY_S,
        deletes_raw=not no_purge,
        picture_every_m=picture_every_m,
    )
    with open_existing_town(settings) as town:
        text = record_of(town, lang.value)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise RoadscanError(
            "output_not_writable", f"{out} cannot be made ({error.strerror})", "Name a new file"
        ) from error
