"""Packed sources: NAME.zip (images/, labels/, data.yaml) with a manifest.csv, maybe a boxes.jsonl.

The manifest says of each picture what is known: split, scene, view, and the classes that its source
labels. boxes.jsonl also has what the people who drew were unsure of: such a box is neither damage
nor sound road, and becomes a region that is left out of the loss for every class.
"""

import csv
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.pictures import CLASSES, Picture, limited, yolo_line
from training.sources import named, renumbered


def packed(folder: Path, classes: Sequence[str] = CLASSES) -> Iterator[Picture]:
    """Read FOLDER/NAME.zip, NAME being the folder's; what has no split splits.py is to place."""
    unsure = unsure_boxes(folder / "boxes.jsonl")
    with (
        zipfile.ZipFile(folder / f"{folder.name}.zip") as archive,
        (folder / "manifest.csv").open(newline="") as rows,
    ):
        names = named(archive.read("data.yaml").decode())
        for row in csv.DictReader(rows):
            stem = Path(row["file"]).stem
            size = float(row["width"]), float(row["height"])
            yield Picture(
                f"{folder.name}_{stem}",
                folder.name,
                row["view"],
                row["split"],
                row["scene"],
                limited(archive.read(row["file"])),
                renumbered(archive.read(f"labels/{stem}.txt").decode(), names, classes),
                tuple(row["labelled"].split()),
                "".join(
                    yolo_line(",".join(classes), box, *size) for box in unsure.get(row["file"], ())
                ),
            )


def unsure_boxes(path: Path) -> dict[str, list[list[float]]]:
    """Read the unsure boxes of a boxes.jsonl by picture, x1 y1 x2 y2 in pixels; none without it."""
    if not path.is_file():
        return {}
    rows = (json.loads(line) for line in path.read_text().splitlines())
    return {
        row["file"]: [given["box"] for given in row["boxes"] if not given["sure"]] for row in rows
    }
