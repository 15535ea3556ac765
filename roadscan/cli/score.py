"""`roadscan score`: indicators in, the steps to a condition class out."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from roadscan.cli import options
from roadscan.cli.screen import add_row, printable, show
from roadscan.errors import RoadscanError
from roadscan.model.score import STATEMENT, Indicators
from roadscan.pipeline.scheme import load_scheme
from roadscan.pipeline.score_steps import ScoreSteps, score_steps
from roadscan.read.score_input import (
    ScoreInput,
    parse_road_class,
    parse_surface,
    read_score_input,
)

Share = Annotated[
    float | None, typer.Option(min=0.0, max=100.0, help="Percent of the cells; left out: unknown.")
]


def score(
    scheme: Annotated[str, typer.Option(help="Scoring scheme: a name or a TOML file.")] = "ap9k",
    road_class: Annotated[
        str | None, typer.Option("--class", help="A main road, B side road, N footway, parking.")
    ] = None,
    riss: Share = None,
    afli: Share = None,
    ofs: Share = None,
    surface: Annotated[str, typer.Option(help="asphalt or paving.")] = "asphalt",
    input_file: Annotated[
        Path | None,
        typer.Option("--input", help="CSV with columns class, surface, riss, afli, ofs."),
    ] = None,
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Score indicators by a scheme and show each step.

    With --input, prints one JSON object per line.
    """
    loaded = load_scheme(scheme)
    if input_file is not None:
        for given in read_score_input(input_file):
            typer.echo(_line(score_steps(given, loaded)))
        return
    steps = score_steps(_given(road_class, surface, Indicators(riss, afli, ofs)), loaded)
    if json:
        typer.echo(_line(steps))
    else:
        show(_table(steps))


def _given(road_class: str | None, surface: str, indicators: Indicators) -> ScoreInput:
    if road_class is None:
        raise RoadscanError("option_invalid", "no --class given", "Name A, B or N, or give --input")
    try:
        return ScoreInput(parse_road_class(road_class), parse_surface(surface), indicators)
    except ValueError as error:
        raise RoadscanError("option_invalid", str(error), "See roadscan score --help") from error


def _line(steps: ScoreSteps) -> str:
    return json_format.dumps(steps.as_json(), ensure_ascii=False)


def _table(steps: ScoreSteps) -> Table:
    score = steps.score
    table = Table(
        title=printable(f"{steps.scheme.title}, {steps.scheme.version}"), caption=STATEMENT
    )
    for name in ("Indicator", "share %", "ZW", "weight"):
        table.add_column(name, justify="left" if name == "Indicator" else "right")
    shares = score.indicators
    rows = (
        ("RISS (cracks)", "riss", shares.riss_pct, score.zw_riss),
        ("AFLI (applied patches)", "afli", shares.afli_pct, score.zw_afli),
        ("OFS (other surface damage)", "ofs", shares.ofs_pct, score.zw_ofs),
    )
    for label, key, share, value in rows:
        weight = score.weights.get(key)
        add_row(table, label, _number(share), _number(value), _number(weight, 4))
    table.add_section()
    add_row(table, "weighted sum", "", _number(score.weighted_sum), "")
    add_row(table, "break-through (Durchschlag)", "", "yes" if score.break_through else "no", "")
    add_row(table, "TWSUB", "", _number(score.twsub), score.twsub_basis)
    add_row(table, "class", "", str(score.condition_class or "–"), score.reason)
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
