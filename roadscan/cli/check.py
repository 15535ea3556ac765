"""`roadscan check`: whether a recording is usable, before a run."""

import json as json_format
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from roadscan.cli import options
from roadscan.cli.screen import add_row, printable, show, show_network, warn_of_network
from roadscan.model.road import Vehicle

if TYPE_CHECKING:
    from roadscan.model.drive_check import DriveCheck


def check(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", show_default=False)],
    track: Annotated[
        Path | None,
        typer.Option(
            "--track",
            help="GNSS track: GPX, NMEA, CSV, GeoJSON, KML, TCX, FIT.",
            show_default=False,
        ),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            "--network",
            help="Road network: tells what its columns are taken for, what is wrong with its "
            "lines, and how much of the drive is on it.",
            show_default=False,
        ),
    ] = None,
    camera: Annotated[
        Path | None, typer.Option(help="Camera file (TOML). Default: a typical dash-cam.")
    ] = None,
    vehicle: options.Vehicle = Vehicle.CAR,
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Check a video, its track and the network, without running the detector."""
    from roadscan.pipeline.check_drive import check_drive  # noqa: PLC0415 -- keeps other commands fast
    from roadscan.read.camera_file import read_camera  # noqa: PLC0415 -- keeps other commands fast

    roads = None
    if network is not None:
        from roadscan.read.network import read_network  # noqa: PLC0415 -- keeps other commands fast

        roads = read_network(network, paths=vehicle is not Vehicle.CAR)
        warn_of_network(roads.remarks)
    result = check_drive(video, track, roads, read_camera(camera), vehicle)
    if json:
        remarks = {} if roads is None else {"remarks": roads.remarks}
        typer.echo(json_format.dumps(result.as_json() | remarks, ensure_ascii=False))
    else:
        show_network(() if roads is None else roads.remarks)
        show(_table(result))


def _table(result: "DriveCheck") -> Table:
    table = Table(title=printable(result.video.name), show_header=False)
    for room, values in result.as_json().items():
        if isinstance(values, dict):
            for name, value in _flat(values):
                add_row(table, room, name, value)
            table.add_section()
    for warning in result.warnings:
        add_row(table, "warning", "", warning)
    return table


def _flat(values: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", text) for key, text in _flat(value))
        elif isinstance(value, list | tuple):
            yield name, ", ".join(str(item) for item in value) or "–"
        else:
            yield name, "–" if value is None else str(value)
