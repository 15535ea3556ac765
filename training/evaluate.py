"""Measures a model folder on the test pictures of a dataset folder of prepare.py.

    python training/evaluate.py --model models/NAME --data DIR [--split test] [--sheet FILE.png]
    python training/evaluate.py --model models/NAME --data DIR --write

Runs through roadscan.detect, as a user's drive does (no torch). Average precision at an overlap of
0.5 over 101 recall levels; precision, recall and F1 at the confidence of model.toml. `--write` puts
the figures of the test sets into model.toml and CARD.md.
"""

import argparse
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from roadscan.detect.letterbox import Thresholds
from roadscan.detect.models import Figures, ModelSettings, read_settings, verify
from roadscan.detect.openvino import OpenVinoDetector
from roadscan.model.picture import Boxes, Frame

IOU = 0.5
LEAST_CONFIDENCE = 0.01
"""Boxes down to here count for the average precision."""
SETS = {
    "vehicle": ("vehicle",),
    "drone": ("drone",),
    "survey": ("survey", "survey_cracked"),
    "rendered": ("rendered",),
}
START, END = "<!-- figures -->", "<!-- end of figures -->"
COLOURS = ((60, 60, 255), (255, 120, 0), (0, 220, 0), (0, 230, 255), (255, 0, 255))


@dataclass(frozen=True)
class Shown:
    """A test picture, its true boxes and the classes that its source labels."""

    image: np.ndarray
    truth: Boxes
    labelled: tuple[str, ...]


@dataclass
class Tally:
    """Detections of one class over all pictures: confidence, and whether they hit."""

    boxes: int = 0
    confidence: list[float] = field(default_factory=list)
    hit: list[bool] = field(default_factory=list)


def pictures(
    data: Path, views: tuple[str, ...], split: str, classes: tuple[str, ...]
) -> Iterator[Shown]:
    """Yield the pictures of a set, in the manifest's order."""
    with (data / "manifest.csv").open() as rows:
        for row in csv.DictReader(rows):
            if row["view"] in views and row["split"] == split:
                image = cv2.imread(str(data / row["file"]))
                labels = data / row["file"].replace("images/", "labels/", 1)
                yield Shown(
                    image,
                    _truth(labels.with_suffix(".txt"), image.shape, classes),
                    tuple(row["labelled"].split()),
                )


def _truth(path: Path, shape: tuple[int, ...], classes: tuple[str, ...]) -> Boxes:
    rows = np.array([line.split() for line in path.read_text().splitlines()], float).reshape(-1, 5)
    size = np.array([shape[1], shape[0]])
    centre, half = rows[:, 1:3] * size, rows[:, 3:5] * size / 2
    return Boxes(
        np.hstack([centre - half, centre + half]),
        np.ones(len(rows)),
        tuple(classes[int(number)] for number in rows[:, 0]),
    )


def overlap(one: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (4) with many (n, 4)."""
    low, high = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(many[:, 2:] - many[:, :2], axis=1) + np.prod(one[2:] - one[:2])
    return shared / (areas - shared)


def count(found: Boxes, shown: Shown, tallies: dict[str, Tally]) -> None:
    """Match most confident first; each true box is hit once, by a box of its class."""
    for kind in shown.labelled:
        truth = shown.truth.xyxy[[name == kind for name in shown.truth.kind]]
        free = np.ones(len(truth), bool)
        tally = tallies[kind]
        tally.boxes += len(truth)
        for number in [n for n, name in enumerate(found.kind) if name == kind]:
            shares = np.where(free, overlap(found.xyxy[number], truth), 0.0)
            best = int(shares.argmax()) if len(truth) else -1
            hit = best >= 0 and shares[best] >= IOU
            if hit:
                free[best] = False
            tally.confidence.append(float(found.confidence[number]))
            tally.hit.append(hit)


def figures(tally: Tally, confidence: float) -> Figures:
    """Turn a class's tally into its figures at a confidence."""
    if not tally.boxes:
        return Figures(boxes=0, ap50=None, precision=None, recall=None, f1=None)
    order = np.argsort(-np.array(tally.confidence), kind="stable")
    hits = np.cumsum(np.array(tally.hit, bool)[order])
    recall, precision = hits / tally.boxes, hits / np.arange(1, len(hits) + 1)
    ap50 = np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])
    taken = int((np.array(tally.confidence) >= confidence).sum())
    right = int(hits[taken - 1]) if taken else 0
    return Figures(
        boxes=tally.boxes,
        ap50=round(float(ap50), 3),
        precision=round(right / taken, 3) if taken else None,
        recall=round(right / tally.boxes, 3),
        f1=round(2 * right / (taken + tally.boxes), 3),
    )


def best_confidence(tally: Tally) -> float | None:
    """Return the confidence with the best F1; below 0.15 the validation sets are too small."""
    if not tally.boxes:
        return None
    levels = np.round(np.arange(0.15, 0.55, 0.05), 2)
    return float(max(levels, key=lambda level: figures(tally, level).f1 or 0.0))


def chosen_confidence(tallies: dict[str, dict[str, Tally]]) -> dict[str, float]:
    """Choose each class's confidence on the views from vehicles together."""
    chosen = {}
    for kind in tallies["vehicle_val"]:
        pooled = Tally()
        for name in ("vehicle_val", "survey_val"):
            tally = tallies[name][kind]
            pooled.boxes += tally.boxes
            pooled.confidence += tally.confidence
            pooled.hit += tally.hit
        best = best_confidence(pooled)
        if best is not None:
            chosen[kind] = round(best, 2)
    return chosen


def measure(
    folder: Path, data: Path, split: str
) -> tuple[ModelSettings, dict[str, dict[str, Tally]]]:
    """Tally every set of a split."""
    settings = read_settings(folder)
    verify(folder, settings)
    low = Thresholds.of(settings.classes, LEAST_CONFIDENCE, {}, settings.nms_iou)
    detector = OpenVinoDetector(
        settings.name, "", settings.classes, folder / settings.network, settings.long_side_px, low
    )
    measured = {}
    for name, views in SETS.items():
        tallies = {kind: Tally() for kind in settings.classes}
        for shown in pictures(data, views, split, settings.classes):
            count(detector.detect([Frame(0.0, shown.image)])[0], shown, tallies)
        measured[f"{name}_{split}"] = tallies
    return settings, measured


def table(measured: dict[str, dict[str, Figures]]) -> str:
    """Write the figures as a Markdown table."""
    lines = [
        "| pictures | class | true boxes | AP50 | precision | recall | F1 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, kinds in measured.items():
        for kind, row in kinds.items():
            cells = (
                "–" if value is None else f"{value:.2f}"
                for value in (row.ap50, row.precision, row.recall, row.f1)
            )
            if row.boxes:
                lines.append(f"| {name} | {kind} | {row.boxes} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_figures(folder: Path, measured: dict[str, dict[str, Figures]]) -> None:
    """Replace the figures of model.toml and the table of CARD.md."""
    toml = folder / "model.toml"
    lines = []
    for name, kinds in measured.items():
        lines.append(f"\n[figures.{name}]")
        for kind, row in kinds.items():
            given = (f"{key} = {value}" for key, value in row.model_dump(exclude_none=True).items())
            if row.boxes:
                lines.append(f"{kind} = {{ {', '.join(given)} }}")
    head = toml.read_text().split("\n[figures.")[0].rstrip("\n")
    toml.write_text(head + "\n" + "\n".join(lines) + "\n")
    card = folder / "CARD.md"
    inside = f"{START}\n{table(measured)}\n{END}"
    card.write_text(re.sub(f"{START}.*{END}", lambda _: inside, card.read_text(), flags=re.DOTALL))


def contact_sheet(folder: Path, data: Path, split: str, path: Path) -> None:
    """Draw what is found (thick) and what is true (thin) in some pictures of each set."""
    settings = read_settings(folder)
    detector = OpenVinoDetector(
        settings.name,
        "",
        settings.classes,
        folder / settings.network,
        settings.long_side_px,
        settings.thresholds,
    )
    rows = []
    for views in SETS.values():
        chosen = list(pictures(data, views, split, settings.classes))
        tiles = []
        for shown in chosen[:: max(1, len(chosen) // 6)][:6]:
            canvas = shown.image.copy()
            _draw(canvas, shown.truth, settings.classes, 1)
            _draw(canvas, detector.detect([Frame(0.0, shown.image)])[0], settings.classes, 3)
            tiles.append(cv2.resize(canvas, (400, 300)))
        if len(tiles) == 6:
            rows.append(np.hstack(tiles))
    cv2.imwrite(str(path), np.vstack(rows))


def _draw(canvas: np.ndarray, boxes: Boxes, classes: tuple[str, ...], width: int) -> None:
    for corners, confidence, kind in zip(boxes.xyxy, boxes.confidence, boxes.kind, strict=True):
        x1, y1, x2, y2 = (int(value) for value in corners)
        colour = COLOURS[classes.index(kind) % len(COLOURS)]
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, width)
        if width > 1:
            text = f"{kind} {confidence:.2f}"
            cv2.putText(canvas, text, (x1 + 2, y1 + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    settings, tallies = measure(given.model, given.data, given.split)
    confidence = dict(zip(settings.classes, settings.thresholds.confidence, strict=True))
    measured = {
        name: {kind: figures(tally, confidence[kind]) for kind, tally in kinds.items()}
        for name, kinds in tallies.items()
    }
    print(table(measured))
    if given.split == "val":
        print("best confidence as seen from vehicles:", chosen_confidence(tallies))
    if given.sheet:
        contact_sheet(given.model, given.data, given.split, given.sheet)
    if given.write and given.split == "test":
        write_figures(given.model, measured)


if __name__ == "__main__":
    main()
