"""`roadscan score`: from indicators to a condition class, step by step."""

import json as json_format
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from roadscan.cli import options
from roadscan.cli.screen import add_row, printable, show
from roadscan.errors import RoadscanError
from roadscan.model.score import STATEMENT, Indicators
from roadscan.pipeline.scheme import ScoreSteps, load_scheme, score_steps
from roadscan.read.score_input import (
    MAX_MM,
    ScoreInput,
    evenness_of,
    parse_road_class,
    parse_surface,
    read_score_input,
)

_WITH_EVENNESS: Final = (
    "Surface condition and evenness in Anlehnung an AP 9 K, never an official ZEB grade"
)
Share = Annotated[
    float | None, typer.Option(min=0.0, max=100.0, help="Percent of the cells; left out: unknown.")
]


def score(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    scheme: Annotated[str, typer.Option(help="Scoring scheme: a name or a TOML file.")] = "ap9k",
    road_class: Annotated[
        str | None, typer.Option("--class", help="A main road, B side road, N footway, parking.")
    ] = None,
    riss: Share = None,
    afli: Share = None,
    ofs: Share = None,
    surface: Annotated[str, typer.Option(help="asphalt or paving.")] = "asphalt",
    sm4l_m: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=MAX_MM, help="Evenness, if measured: greatest gap under 4 m, in mm."
        ),
    ] = None,
    sm4l_a: Annotated[
        float | None, typer.Option(min=0.0, max=MAX_MM, help="Evenness: mean gap under 4 m, in mm.")
    ] = None,
    mspt: Annotated[
        float | None, typer.Option(min=0.0, max=MAX_MM, help="Evenness: rut depth, in mm.")
    ] = None,
    msph: Annotated[
        float | None,
        typer.Option(min=0.0, max=MAX_MM, help="Evenness: fictive water depth, in mm."),
    ] = None,
    input_file: Annotated[
        Path | None,
        typer.Option("--input", help="CSV with a column for each option: class, surface, riss ..."),
    ] = None,
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Score indicators by a scheme and show each step.

    Measured evenness (all four values) adds the value of use and the overall value. With --input,
    prints one JSON object per line.
    """
    loaded = load_scheme(scheme)
    if input_file is not None:
        for given in read_score_input(input_file):
            typer.echo(_line(score_steps(given, loaded)))
        return
    given = _given(road_class, surface, Indicators(riss, afli, ofs), (sm4l_m, sm4l_a, mspt, msph))
    steps = score_steps(given, loaded)
    if json:
        typer.echo(_line(steps))
    else:
        show(_table(steps))


def _given(
    road_class: str | None,
    surface: str,
    indicators: Indicators,
    evenness: Sequence[float | None],
) -> ScoreInput:
    if road_class is None:
        raise RoadscanError("option_invalid", "no --class given", "Name A, B or N, or give --input")
    try:
        return ScoreInput(
            parse_road_class(road_class),
            parse_surface(surface),
            indicators,
            evenness_of(evenness),
        )
    except ValueError as error:
        raise RoadscanError("option_invalid", str(error), "See roadscan score --help") from error


def _line(steps: ScoreSteps) -> str:
    return json_format.dumps(steps.as_json(), ensure_ascii=False)


def _table(steps: ScoreSteps) -> Table:
    score = steps.score
    title = printable(f"{steps.scheme.title}, {steps.scheme.version}")
    table = Table(
        title=title, caption=STATEMENT if steps.given.evenness is None else _WITH_EVENNESS
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
    if steps.given.evenness is not None:
        add_row(table, "TWGEB", "", _number(steps.overall.twgeb), "")
        add_row(table, "GW", "", _number(steps.overall.gw), "")
    add_row(table, "class", "", str(steps.overall.condition_class or "–"), score.reason)
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
