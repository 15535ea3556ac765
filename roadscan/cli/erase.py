"""`roadscan erase`: removes a drive with all that was made from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra
from roadscan.cli.screen import printable
from roadscan.errors import RoadscanError
from roadscan.model.time import iso_utc

if TYPE_CHECKING:
    from roadscan.store.surveys.list_drives import KnownDrive


def erase(
    drive_id: Annotated[
        str,
        typer.Argument(
            metavar="DRIVE",
            help="Its id as roadscan drives prints it, short or whole.",
            show_default=False,
        ),
    ],
    out: options.ResultsFolder = None,
    data: options.TownFolder = None,
    database: options.Database = "",
    delete: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--delete", help="Erase it. Default: only print what would be erased.")
    ] = False,
) -> None:
    """Erase a drive: what was seen on it, its pictures, and in a town its recordings and jobs.

    Its surveys are scored again without it; a survey with no other drive is removed.
    """
    if out is not None and data is None:
        _from_folder(out, drive_id, delete=delete)
    elif data is not None and out is None:
        _from_town(data, database, drive_id, delete=delete)
    else:
        raise RoadscanError("option_invalid", "it takes one of --out and --data", "Name one folder")


def _from_folder(folder: Path, drive_id: str, *, delete: bool) -> None:
    from roadscan.pipeline.erase import erase_from_folder, find_in_folder  # noqa: PLC0415 -- others start without it

    if not delete:
        _say_what_would_go(find_in_folder(folder, drive_id))
        return
    erased = erase_from_folder(folder, drive_id)
    _say_what_went(drive_id, erased.rescored, erased.ended, "scored without it")


def _from_town(data: Path, database: str, drive_id: str, *, delete: bool) -> None:
    with needs_extra("serve"):
        from roadscan.serve.drive_erasure import erase_drive  # noqa: PLC0415 -- an extra
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.town import open_existing_town  # noqa: PLC0415 -- an extra
        from roadscan.store.surveys.list_drives import find_drive  # noqa: PLC0415 -- an extra

    with open_existing_town(ServeSettings(data=data, database=database)) as town:
        known = find_drive(town.store.engine, drive_id)
        if not delete:
            _say_what_would_go(known)
            return
        erased = erase_drive(town, known.drive, "roadscan erase")
    _say_what_went(drive_id, erased.rescored, erased.ended, "to be scored without it by a worker")


def _say_what_would_go(known: "KnownDrive") -> None:
    drive, surveys = known.drive, ", ".join(known.surveys) or "none"
    about = f"{iso_utc(drive.started_s)}, {drive.length_m:.0f} m, {known.pictures} pictures"
    line = f"would erase {drive.drive_id} {drive.video.name} ({about}; surveys: {surveys})"
    typer.echo(f"{printable(line)}; --delete erases it")


def _say_what_went(drive_id: str, rescored: Sequence[str], ended: Sequence[str], how: str) -> None:
    parts = [f"erased {drive_id}"]
    parts += [f"{', '.join(rescored)}: {how}"] if rescored else []
    parts += [f"{', '.join(ended)}: ended with it"] if ended else []
    typer.echo(printable("; ".join(parts)))
