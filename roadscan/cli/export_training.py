"""`roadscan export-training`: reviewed frames as training data."""

from pathlib import Path
from typing import Annotated

import typer

from roadscan.cli import options
from roadscan.cli.extras import needs_extra


def export_training(
    data: options.Data,
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write to: new, or empty.", show_default=False)
    ],
    survey: Annotated[str, typer.Option(help="Only this survey. Default: all of the town.")] = "",
    database: options.Database = "",
) -> None:
    """Write the frames that were reviewed as a YOLO folder for training.

    The pictures are those that the town has stored, the labels those after review; README.txt in
    the folder says what they cover. The audit log records it.
    """
    with needs_extra("serve"):
        from roadscan.serve.settings import ServeSettings  # noqa: PLC0415 -- an extra
        from roadscan.serve.town import open_existing_town  # noqa: PLC0415 -- an extra
        from roadscan.serve.training_export import export_training as export  # noqa: PLC0415
    with open_existing_town(ServeSettings(data=data, database=database)) as town:
        done = export(town, survey, out)
    typer.echo(
        f"{done.frames} pictures with {done.boxes} boxes in {out}; left out: "
        f"{done.without_picture} without a kept picture, {done.unclear} with unjudged boxes"
    )
