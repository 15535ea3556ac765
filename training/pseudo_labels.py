"""Lets a teacher say which kind a survey's marked cracks are, where its boxes and the masks agree.

    python -m training.pseudo_labels --teacher WEIGHTS --dnit DIR --out training/pseudo/dnit.csv

A survey's masks say where cracks are and not of which kind; a network taught elsewhere says which
kind, and is often wrong about where. What both say is kept, as numbers only: `prepare --pseudo`
teaches it. Nothing is measured on it.
"""

import argparse
import csv
import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from training.pictures import decode
from training.surveys import ONLY_TESTED, Guess

CRACKS = ("D00", "D10", "D20")
LEAST_CONFIDENCE = 0.2
STROKE_PX = 5
"""Marks are widened to this: they are drawn along a crack, not exactly on it."""
LEAST_ROWS = 0.7
"""Share of a box's rows with marks; of its columns for D10, of both for D20."""
LEAST_DENSE = 0.2
"""Share of an alligator box's pixels that widened marks cover."""


def agrees(kind: str, xyxy: Sequence[float], marks: np.ndarray) -> bool:
    """Say whether marks (h, w) run through a box in pixels as they would in a crack of its kind."""
    wide = cv2.dilate((marks > 0).astype(np.uint8), np.ones((STROKE_PX, STROKE_PX))) > 0
    x1, y1, x2, y2 = (round(value) for value in xyxy)
    inside = wide[y1:y2, x1:x2]
    if not inside.size:
        return False
    rows, columns = inside.any(axis=1).mean(), inside.any(axis=0).mean()
    if kind == "D20":
        return bool(min(rows, columns) >= LEAST_ROWS and inside.mean() >= LEAST_DENSE)
    return bool((columns if kind == "D10" else rows) >= LEAST_ROWS)


def written(guesses: Mapping[str, Sequence[Guess]]) -> str:
    """Write guesses as CSV, by the picture's name."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["file", "kind", "x1", "y1", "x2", "y2", "confidence"])
    for name, given in sorted(guesses.items()):
        for guess in given:
            corners = (f"{value:.4f}" for value in (guess.x1, guess.y1, guess.x2, guess.y2))
            lines.writerow([name, guess.kind, *corners, f"{guess.confidence:.2f}"])
    return text.getvalue()


def cracked_frames(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield name, picture and crack marks of a survey's training frames that have some."""
    with (
        zipfile.ZipFile(folder / "frames.zip") as archive,
        (folder / "manifest.csv").open(newline="") as rows,
    ):
        entries = {Path(name).name: name for name in archive.namelist()}
        for row in csv.DictReader(rows):
            taught = row["split"] == "train" and row["road"] not in ONLY_TESTED
            if taught and float(row["px_crack"]) > 0:
                stem = Path(row["file"]).stem
                marks = decode(archive.read(entries[f"{stem}_CRACK.png"]), cv2.IMREAD_GRAYSCALE)
                yield stem, decode(archive.read(entries[row["file"]])), marks


def guessed(teacher: Path, folder: Path) -> dict[str, list[Guess]]:
    """Return what a teacher and the masks agree on, by frame."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    from training.torchvision_shim import ensure_torchvision  # noqa: PLC0415 -- only here

    ensure_torchvision()
    from ultralytics import YOLO  # noqa: PLC0415 -- after the stand-in

    network = YOLO(teacher)
    found: dict[str, list[Guess]] = {}
    for name, image, marks in cracked_frames(folder):
        (answer,) = network.predict(image, imgsz=640, conf=LEAST_CONFIDENCE, iou=0.5, verbose=False)
        for xyxy, sure, number in zip(
            answer.boxes.xyxy.tolist(),
            answer.boxes.conf.tolist(),
            answer.boxes.cls.int().tolist(),
            strict=True,
        ):
            kind = answer.names[number]
            if kind in CRACKS and agrees(kind, xyxy, marks):
                shares = np.array(xyxy) / np.tile(image.shape[1::-1], 2)
                found.setdefault(name, []).append(Guess(kind, *shares.tolist(), sure))
    return found


def main() -> None:
    """Write the guesses on the survey named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--dnit", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    found = guessed(given.teacher, given.dnit)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(written(found))
    print(f"{sum(map(len, found.values()))} boxes in {len(found)} frames")


if __name__ == "__main__":
    main()
