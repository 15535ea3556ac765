"""`roadscan model`: the available models, and how well one works on your own pictures."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from roadscan.cli import options
from roadscan.pipeline.progress import bars_on_stderr

if TYPE_CHECKING:
    from roadscan.detect.model_folder import Figures, Model, ModelSettings
    from roadscan.pipeline.evaluation import Evaluation

app = typer.Typer(help="List, describe and evaluate models.")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A model, or a folder written with a /; bf16:NAME, int8:NAME or torch:NAME selects "
        "another runtime than the default.",
        show_default=False,
    ),
]


@app.command("list")
def list_(json: options.Json = False) -> None:  # noqa: FBT002 -- how typer declares a switch
    """List the bundled models."""
    from roadscan.detect.model_folder import list_models  # noqa: PLC0415 -- keeps other commands fast

    found = list_models()
    if json:
        typer.echo(json_format.dumps([_listed(settings) for settings in found], indent=2))
        return
    table = Table()
    for column in ("model", "version", "for", "classes", "default", "sha256"):
        table.add_column(column)
    for settings in found:
        table.add_row(
            settings.name,
            str(settings.version),
            settings.task,
            ", ".join(settings.classes),
            "yes" if settings.default else "",
            settings.identity()[:12],
        )
    Console().print(table)


@app.command("info")
def info(name: Name, json: options.Json = False) -> None:  # noqa: FBT002 -- how typer declares a switch
    """Show a model's settings and figures, and verify the checksums of its files."""
    from roadscan.detect.model_folder import CARD_FILE, open_model  # noqa: PLC0415 -- keeps other commands fast

    model = open_model(name)
    if json:
        typer.echo(json_format.dumps(_told(model), indent=2))
        return
    console = Console()
    table = Table(title=f"{model.settings.name}, version {model.settings.version}")
    table.add_column("setting")
    table.add_column("value")
    for key, value in _told(model).items():
        if not isinstance(value, dict):
            table.add_row(key, ", ".join(value) if isinstance(value, list) else str(value))
    console.print(table)
    for title, figures in model.settings.figures.items():
        console.print(_figures_table(title, figures))
    typer.echo(f"See {model.folder / CARD_FILE} for its training and limits")


@app.command("evaluate")
def evaluate(
    name: Name,
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="DIR",
            help="YOLO folder: images/, labels/, and data.yaml for the order of its classes.",
            show_default=False,
        ),
    ],
    predictions: Annotated[
        Path | None,
        typer.Option(
            help="File for boxes from confidence 0.01 on, one JSON object per picture.",
            show_default=False,
        ),
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option(
            help="Search only the near field of this camera (TOML), as run does, and count only "
            "boxes that begin there. Default: whole pictures.",
            show_default=False,
        ),
    ] = None,
    trust_pt: options.TrustPt = False,  # noqa: FBT002 -- how typer declares a switch
    json: options.Json = False,  # noqa: FBT002 -- how typer declares a switch
) -> None:
    """Evaluate a model on your own labelled pictures."""
    from roadscan.detect.model_folder import open_model  # noqa: PLC0415 -- keeps other commands fast
    from roadscan.pipeline.evaluation import evaluate_model  # noqa: PLC0415 -- keeps other commands fast
    from roadscan.read.camera_file import read_camera  # noqa: PLC0415 -- keeps other commands fast

    model = open_model(name, trust_pt=trust_pt)
    eye = None if camera is None else read_camera(camera)
    with bars_on_stderr() as progress:
        result = evaluate_model(model, data, predictions, eye, progress)
    if json:
        typer.echo(result.as_json(), nl=False)
    else:
        Console().print(_evaluation_table(result))


def _listed(settings: "ModelSettings") -> dict[str, object]:
    return {
        "name": settings.name,
        "version": settings.version,
        "task": settings.task,
        "default": settings.default,
        "classes": list(settings.classes),
        "sha256": settings.identity(),
    }


def _told(model: "Model") -> dict[str, object]:
    settings = model.settings
    decided = settings.model_dump(
        mode="json", exclude={"name", "version", "task", "default", "classes", "sha256", "figures"}
    )
    return {
        **_listed(settings),
        **decided,
        "folder": str(model.folder),
        "files": dict(settings.sha256),
        "figures": settings.model_dump(mode="json")["figures"],
    }


def _evaluation_table(result: "Evaluation") -> Table:
    title = f"{result.model} on {result.pictures} pictures"
    table = _figures_table(title, result.classes, result.thresholds)
    table.caption = (
        f"mAP50 {_number(result.map50)}, mAP50-95 {_number(result.map50_95)}, "
        f"F1 of all boxes {_number(result.f1)}"
    )
    if result.left_out:
        counts = ", ".join(f"{boxes} {name}" for name, boxes in result.left_out.items())
        table.caption += f"; not counted, because the model does not detect them: {counts}"
    return table


def _figures_table(
    title: str, figures: "dict[str, Figures]", thresholds: dict[str, float] | None = None
) -> Table:
    table = Table(title=title)
    columns = ("class", "boxes", "AP50", "AP50-95", "precision", "recall", "F1")
    for column in columns if thresholds is None else (*columns, "from"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for name, row in figures.items():
        shares = (row.ap50, row.ap50_95, row.precision, row.recall, row.f1)
        least = () if thresholds is None else (f"{thresholds[name]:.2f}",)
        table.add_row(name, str(row.boxes), *(_number(share) for share in shares), *least)
    return table


def _number(share: float | None) -> str:
    return "–" if share is None else f"{share:.3f}"
