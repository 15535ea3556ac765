"""Survey frames with masks instead of boxes, such as DNIT's: NAME_POTHOLE, _CRACK, _LANE.png.

A blob of the pothole mask becomes a box of D40. Cracks have no boxes, patches not even a mask, and
beside the lane nothing is marked at all: tile by tile the frame says which classes may be there
without a box, and all the rest of its lane is road that shows none: the best background there is.
"""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.pictures import CLASSES, Picture, decode, yolo_line

POTHOLE = "D40"
CRACKS = frozenset({"D00", "D10", "D20"})
PATCH = frozenset({"Repair"})
MIN_POTHOLE_PX = 60
"""Smaller blobs of a pothole mask are specks left by its reduction."""
CRACKED_KEPT = 4
"""Of training frames with cracks and no pothole every fourth is taken: they are many and alike."""
ROWS, COLUMNS = 6, 10
STROKES_PX = 25
"""Crack masks are many short strokes: those closer than this are one crack."""
LANE_SHARE = 0.95
"""So much of a tile is lane, or it says nothing about cracks."""


@dataclass(frozen=True)
class Masks:
    """What is marked in a frame, (h, w) each; 0 is not marked."""

    pothole: np.ndarray
    crack: np.ndarray
    lane: np.ndarray


def survey(folder: Path, source: str = "dnit") -> Iterator[Picture]:
    """Read frames.zip with its manifest.csv, which has roads and splits."""
    cracked_in_train = 0
    with (
        zipfile.ZipFile(folder / "frames.zip") as archive,
        (folder / "manifest.csv").open() as rows,
    ):
        entries = {Path(name).name: name for name in archive.namelist()}
        for row in csv.DictReader(rows):
            stem = Path(row["file"]).stem
            cracked, holed = float(row["px_crack"]) > 0, float(row["px_pothole"]) > 0
            if row["split"] == "train" and cracked and not holed:
                cracked_in_train += 1
                if cracked_in_train % CRACKED_KEPT:
                    continue
            masks = Masks(
                *(
                    decode(archive.read(entries[f"{stem}_{kind}.png"]), cv2.IMREAD_GRAYSCALE)
                    for kind in ("POTHOLE", "CRACK", "LANE")
                )
            )
            yield Picture(
                stem,
                source,
                "survey_cracked" if cracked else "survey",
                row["split"],
                row["road"],
                archive.read(entries[row["file"]]),
                boxes_of_mask(masks.pothole),
                labelled=(POTHOLE,),
                unlabelled=unlabelled_tiles(masks),
                mask=cv2.imencode(".png", masks.pothole)[1].tobytes() if holed else b"",
            )


def boxes_of_mask(mask: np.ndarray) -> str:
    """Return a label line for each blob of a pothole mask."""
    height, width = mask.shape
    joined = cv2.morphologyEx((mask > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    return "".join(
        yolo_line(CLASSES.index(POTHOLE), (x, y, x + w, y + h), width, height)
        for x, y, w, h, area in stats[1:count]
        if area >= MIN_POTHOLE_PX
    )


def unlabelled_tiles(masks: Masks) -> str:
    """Return, tile by tile, the classes that may be there without a box.

    Above the lane's far end nothing is road. In tiles that are lane and touch no crack's box the
    cracks are known not to be; potholes are marked wherever there is lane; patches never.
    """
    height, width = masks.lane.shape
    cracked = _boxes_of_cracks(masks.crack)
    with_lane = np.flatnonzero((masks.lane > 0).any(axis=1))
    top = with_lane[0] if len(with_lane) else 0
    lines = ""
    for row in range(ROWS):
        for column in range(COLUMNS):
            y1, y2 = row * height // ROWS, (row + 1) * height // ROWS
            x1, x2 = column * width // COLUMNS, (column + 1) * width // COLUMNS
            if y2 <= top:
                continue
            share = (masks.lane[y1:y2, x1:x2] > 0).mean()
            missing = set(PATCH)
            if share < LANE_SHARE or cracked[y1:y2, x1:x2].any():
                missing |= CRACKS
            if share < 0.5:
                missing.add(POTHOLE)
            lines += yolo_line(",".join(sorted(missing)), (x1, y1, x2, y2), width, height)
    return lines


def _boxes_of_cracks(mask: np.ndarray) -> np.ndarray:
    """Fill the boxes around cracks: a detector may rightly answer anywhere inside."""
    strokes = np.ones((STROKES_PX, STROKES_PX))
    joined = cv2.morphologyEx((mask > 0).astype(np.uint8), cv2.MORPH_CLOSE, strokes)
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    inside = np.zeros(mask.shape, bool)
    for x, y, w, h, _area in stats[1:count]:
        inside[max(0, y - 8) : y + h + 8, max(0, x - 8) : x + w + 8] = True
    return inside
