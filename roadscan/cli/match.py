"""`roadscan match`: map matching of a track, without a video."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from roadscan.cli import options
from roadscan.cli.screen import add_row, show, show_network, warn_of_network
from roadscan.model.road import Vehicle

if TYPE_CHECKING:
    from roadscan.model.road import Network
    from roadscan.pipeline.match_track import TrackOnNetwork


def match(
    track: Annotated[
        Path,
        typer.Argument(
            metavar="TRACK", help="GPX, NMEA, CSV, GeoJSON, KML, TCX or FIT.", show_default=False
        ),
    ],
    network: options.Network,
    vehicle: options.Vehicle = Vehicle.CAR,
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Match a track to the road network and show which streets were driven."""
    from roadscan.pipeline.match_track import match_track  # noqa: PLC0415 -- keeps other commands fast
    from roadscan.read.network import read_network  # noqa: PLC0415 -- keeps other commands fast

    roads = read_network(network, paths=vehicle is not Vehicle.CAR)
    warn_of_network(roads.remarks)
    result = match_track(track, roads, vehicle)
    if json:
        answer = result.as_json() | {"remarks": roads.remarks}
        typer.echo(json_format.dumps(answer, ensure_ascii=False))
    else:
        show_network(roads.remarks)
        show(_table(result, roads))


def _table(result: "TrackOnNetwork", network: "Network") -> Table:
    street_of = {link.link_id: link.street for link in network.links}
    table = Table(
        title="Driven",
        caption=f"{len(result.matched)} fixes matched, {len(result.unmatched)} gaps unmatched",
    )
    table.add_column("link")
    table.add_column("street")
    table.add_column("metres driven", justify="right")
    for link_id, metres in result.credited_m.items():
        add_row(table, link_id, street_of[link_id], f"{metres:.1f}")
    for gap in result.unmatched:
        add_row(table, "–", gap.reason, f"{gap.to_s - gap.from_s:.1f} s")
    for warning in result.warnings:
        add_row(table, "warning", warning, "")
    return table
