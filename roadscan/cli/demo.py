"""`roadscan demo`: process the sample drive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from roadscan.cli.summary import summary_table
from roadscan.pipeline.progress import bars_on_stderr

if TYPE_CHECKING:
    from roadscan.pipeline.demo_truth import TruthCheck


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("out/demo"),
    copy: Annotated[
        Path | None,
        typer.Option(
            "--copy",
            metavar="DIR",
            help="Only copy video, track, network, camera and truth there, to try commands on.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Process the rendered sample drive and compare the result with the ground truth."""
    from roadscan.pipeline.demo import copy_samples, run_demo  # noqa: PLC0415 -- keeps other commands fast

    if copy is not None:
        for path in copy_samples(copy):
            typer.echo(str(path))
        return
    with bars_on_stderr() as progress:
        result = run_demo(out, progress)
    console = Console()
    console.print(summary_table(result.run))
    console.print(_truth_table(result.truth))
    typer.echo(
        f"Results in {out}: map.html and map.png to view, roadscan.gpkg for QGIS or ArcGIS, "
        "layers/*.geojson, run.json, truth_check.json"
    )


def _truth_table(truth: "TruthCheck") -> Table:
    table = Table(title="Compared with the truth of this rendered drive (not valid for real roads)")
    for name in ("kind", "true", "found", "reported", "right"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for kind, counts in truth.kinds.items():
        table.add_row(
            kind, str(counts.true), str(counts.found), str(counts.reported), str(counts.right)
        )
    table.caption = (
        f"recall {_percent(truth.recall)}, precision {_percent(truth.precision)} "
        f"(same kind within {truth.hit_m:.0f} m); scores off by {truth.score_error_mean} "
        f"on average, {truth.same_class} of {truth.segments} segments in their true class"
    )
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
