"""`roadscan drives`: lists drives with the ids that other commands take."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Column, Table

from roadscan.cli import options
from roadscan.cli.extras import needs_extra
from roadscan.cli.screen import add_row, show
from roadscan.errors import RoadscanError
from roadscan.model.time import iso_utc

if TYPE_CHECKING:
    from roadscan.store.surveys.list_drives import KnownDrive


def drives(
    out: options.ResultsFolder = None,
    data: options.TownFolder = None,
    database: options.Database = "",
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """List the drives of a results folder or of a town."""
    found = _known(out, data, database)
    if json:
        typer.echo(json_format.dumps([_plain(known) for known in found], ensure_ascii=False))
        return
    from roadscan.store.surveys.list_drives import short_ids  # noqa: PLC0415 -- others start without it

    names = ("video", "began (UTC)", "metres", "pictures", "surveys")
    table = Table(Column("drive", no_wrap=True), *names)
    short = short_ids([known.drive.drive_id for known in found])
    for known in found:
        row = _plain(known) | {"drive_id": short[known.drive.drive_id]}
        surveys = ", ".join(known.surveys) or "–"
        add_row(table, *(str(value) for name, value in row.items() if name != "surveys"), surveys)
    show(table)


def _known(out: Path | None, data: Path | None, database: str) -> "tuple[KnownDrive, ...]":
    if out is not None and data is None:
        from roadscan.pipeline.erase import drives_in_folder  # noqa: PLC0415 -- others start without it

        return drives_in_folder(out)
    if data is not None and out is None:
        with needs_extra("serve"):
            from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
            from roadscan.serve.town import open_existing_town  # noqa: PLC0415 -- an extra
            from roadscan.store.surveys.list_drives import known_drives  # noqa: PLC0415 -- an extra
        with open_existing_town(ServeSettings(data=data, database=database)) as town:
            return known_drives(town.store.engine)
    raise RoadscanError("option_invalid", "it takes one of --out and --data", "Name one folder")


def _plain(known: "KnownDrive") -> dict[str, object]:
    drive = known.drive
    return {
        "drive_id": drive.drive_id,
        "video": drive.video.name,
        "started_at": iso_utc(drive.started_s),
        "length_m": round(drive.length_m, 1),
        "pictures": known.pictures,
        "surveys": list(known.surveys),
    }
