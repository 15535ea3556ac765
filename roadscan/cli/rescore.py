"""`roadscan rescore`: score a survey by another scheme."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.errors import RoadscanError


def rescore(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Results of a run.", show_default=False)
    ],
    scheme: Annotated[str, typer.Option(help="Scoring scheme: a name or a TOML file.")],
    survey: Annotated[
        str | None, typer.Option(help="Name of the survey. Default: the only one.")
    ] = None,
) -> None:
    """Score a survey by another scheme and rewrite its layers, without video or detector."""
    from roadscan.pipeline.results_folder import named_survey  # noqa: PLC0415 -- starts faster
    from roadscan.pipeline.scheme import load_scheme  # noqa: PLC0415
    from roadscan.pipeline.score_survey import (  # noqa: PLC0415
        score_survey,
        summary_of,
        use_scheme,
    )
    from roadscan.publish.export import export_all  # noqa: PLC0415
    from roadscan.store.sqlite import FILE, open_store  # noqa: PLC0415

    loaded = load_scheme(scheme)
    if not (folder / FILE).is_file():
        raise RoadscanError(
            "file_missing", f"{folder} contains no {FILE}", "Give a results folder of roadscan run"
        )
    with open_store(folder) as store:
        name = named_survey(store, survey)
        use_scheme(store, name, loaded)
        results = score_survey(store, name)
        export_all(store, results, folder)
    scored = summary_of(results.assessment).scored
    typer.echo(f"{name}: {scored} segments by {loaded.id}, version {loaded.version}")
