"""`roadscan export-training`: what reviewers said, to train on."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra


def export_training(
    data: options.Data,
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write: new, or empty.", show_default=False)
    ],
    survey: Annotated[str, typer.Option(help="Only of this one. Default: all of the town.")] = "",
    database: options.Database = "",
) -> None:
    """Write the frames that reviewers looked at as a YOLO folder for training.

    Pictures are those that the town keeps, labels what stands after review; README.txt in the
    folder says what they cover. The audit log has a line of it.
    """
    with needs_extra("serve"):
        from roadscan.serve.export_training import export_training as export  # noqa: PLC0415
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
    done = export(ServeSettings(data=data, database=database), survey, out)
    typer.echo(
        f"{done.frames} pictures with {done.boxes} boxes in {out}; left out: "
        f"{done.without_picture} without a kept picture, {done.unclear} with unjudged boxes"
    )
