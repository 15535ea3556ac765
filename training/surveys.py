"""Survey frames with masks instead of boxes, such as DNIT's: NAME_POTHOLE, _CRACK, _LANE.png.

A blob of the pothole mask becomes a box of D40. Cracks are marked, but not which kind they are: in
training frames a crack whose shape leaves no doubt becomes a box of its kind. Patches have not even
a mask, and beside the lane nothing is marked at all: tile by tile the frame says which classes may
be there without a box, and all the rest of its lane is road that shows none: the best background
there is. The boxes of cracks are a guess and only taught, never tested on.
"""

import csv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from roadscan.detect.detection_metrics import overlaps
from training.pictures import CLASSES, Picture, decode, yolo_line

POTHOLE = "D40"
CRACKS = frozenset({"D00", "D10", "D20"})
PATCH = frozenset({"Repair"})
MIN_POTHOLE_PX = 60
"""Smaller blobs of a pothole mask are specks left by its reduction."""
ONLY_TESTED = frozenset({"DF_251_251BDF0052"})
"""The road of the drive that accuracy is measured on: nothing of it is taught."""
ROWS, COLUMNS = 6, 10
STROKES_PX = 25
"""Crack masks are many short strokes: those closer than this are one crack."""
LANE_SHARE = 0.95
"""So much of a tile is lane, or it says nothing about cracks."""

THIN_PX, THICK_PX = 26, 40
"""A crack's marks lie within so narrow a strip, alligator cracking is at least so wide."""
LONG_PX = 40
STEEP_DEG, FLAT_DEG = 45, 20
"""Along the lane a crack runs up the picture, across it nearly level."""
DENSE = 0.08
"""Share of alligator cracking's rectangle that is marked: thinner is several cracks."""


SAME_CRACK = 0.3
"""A teacher's box that overlaps one told by the shape of the marks by more is the same crack."""


@dataclass(frozen=True)
class Crack:
    """Marks that belong together: their box in pixels, and their kind if the shape tells it."""

    x: int
    y: int
    w: int
    h: int
    kind: str | None


@dataclass(frozen=True)
class Masks:
    """What is marked in a frame, (h, w) each; 0 is not marked."""

    pothole: np.ndarray
    crack: np.ndarray
    lane: np.ndarray


@dataclass(frozen=True)
class Guess:
    """A box of a crack in shares of its picture, and how sure the teacher is."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float
    confidence: float


def read_guesses(path: Path) -> dict[str, list[Guess]]:
    """Read the CSV of pseudo_labels.py, by the frame's name."""
    guesses: dict[str, list[Guess]] = {}
    with path.open(newline="") as rows:
        for row in csv.DictReader(rows):
            corners = (float(row[key]) for key in ("x1", "y1", "x2", "y2"))
            guess = Guess(row["kind"], *corners, float(row["confidence"]))
            guesses.setdefault(row["file"], []).append(guess)
    return guesses


def survey(
    folder: Path,
    source: str = "dnit",
    guesses: Mapping[str, Sequence[Guess]] = MappingProxyType({}),
) -> Iterator[Picture]:
    """Read frames.zip with its manifest.csv, which has roads and splits.

    `guesses` are a teacher's boxes of cracks by frame: they are taught beside those that the shape
    of the marks tells.
    """
    with (
        zipfile.ZipFile(folder / "frames.zip") as archive,
        (folder / "manifest.csv").open() as rows,
    ):
        entries = {Path(name).name: name for name in archive.namelist()}
        for row in csv.DictReader(rows):
            stem = Path(row["file"]).stem
            cracked, holed = float(row["px_crack"]) > 0, float(row["px_pothole"]) > 0
            if row["split"] == "train" and row["road"] in ONLY_TESTED:
                continue
            masks = Masks(
                *(
                    decode(archive.read(entries[f"{stem}_{kind}.png"]), cv2.IMREAD_GRAYSCALE)
                    for kind in ("POTHOLE", "CRACK", "LANE")
                )
            )
            cracks = cracks_of(masks.crack)
            labels = boxes_of_mask(masks.pothole)
            if row["split"] == "train":
                labels += boxes_of_cracks(cracks, masks.crack.shape)
                labels += boxes_of_guesses(guesses.get(stem, ()), cracks, masks.crack.shape)
            yield Picture(
                stem,
                source,
                "survey_cracked" if cracked else "survey",
                row["split"],
                row["road"],
                archive.read(entries[row["file"]]),
                labels,
                labelled=(POTHOLE,),
                unlabelled=unlabelled_tiles(masks, cracks),
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


def cracks_of(mask: np.ndarray) -> list[Crack]:
    """Return what belongs together in a crack mask; crack masks are many short strokes."""
    strokes = np.ones((STROKES_PX, STROKES_PX))
    joined = cv2.morphologyEx((mask > 0).astype(np.uint8), cv2.MORPH_CLOSE, strokes)
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(joined)
    numbers[mask == 0] = 0
    return [
        Crack(*map(int, stats[number][:4]), _kind(np.argwhere(numbers == number)))
        for number in range(1, count)
    ]


def _kind(marked: np.ndarray) -> str | None:
    """Tell the kind from the marks' rows and columns (n, 2), or None where it could be several."""
    _, size, _ = cv2.minAreaRect(marked.astype(np.float32))
    long_px, wide_px = max(size), min(size)
    if wide_px >= THICK_PX and len(marked) >= DENSE * long_px * wide_px:
        return "D20"
    if wide_px > THIN_PX or long_px < LONG_PX:
        return None
    down, right = np.abs(np.linalg.svd(marked - marked.mean(axis=0), full_matrices=False)[2][0])
    steepness_deg = np.degrees(np.arctan2(down, right))
    if steepness_deg > STEEP_DEG:
        return "D00"
    return "D10" if steepness_deg < FLAT_DEG else None


def boxes_of_cracks(cracks: list[Crack], shape: tuple[int, ...]) -> str:
    """Return a label line for each crack whose kind the shape of its marks tells."""
    height, width = shape
    return "".join(
        yolo_line(CLASSES.index(c.kind), (c.x, c.y, c.x + c.w, c.y + c.h), width, height)
        for c in cracks
        if c.kind
    )


def boxes_of_guesses(guesses: Sequence[Guess], cracks: list[Crack], shape: tuple[int, ...]) -> str:
    """Return a label line for each guess away from what the shape of the marks tells already."""
    height, width = shape
    told = [(c.x, c.y, c.x + c.w, c.y + c.h) for c in cracks if c.kind]
    lines = ""
    for guess in guesses:
        box = np.array([guess.x1, guess.y1, guess.x2, guess.y2]) * (width, height, width, height)
        shares = overlaps(box[None], np.array(told, float).reshape(-1, 4))
        if shares.max(initial=0) < SAME_CRACK:
            lines += yolo_line(CLASSES.index(guess.kind), box.tolist(), width, height)
    return lines


def unlabelled_tiles(masks: Masks, cracks: list[Crack]) -> str:
    """Return, tile by tile, the classes that may be there without a box.

    Above the lane's far end nothing is road. In tiles that are lane and touch no crack's box the
    cracks are known not to be; potholes are marked wherever there is lane; patches never. A crack
    of known kind has its own box, where the kind is told, so it leaves no doubt in its tiles.
    """
    height, width = masks.lane.shape
    cracked = _near_doubtful_cracks(cracks, masks.crack.shape)
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


def _near_doubtful_cracks(cracks: list[Crack], shape: tuple[int, ...]) -> np.ndarray:
    """Fill the boxes around cracks of no known kind: a detector may rightly answer inside."""
    near = np.zeros(shape, bool)
    for c in (crack for crack in cracks if not crack.kind):
        near[max(0, c.y - 8) : c.y + c.h + 8, max(0, c.x - 8) : c.x + c.w + 8] = True
    return near
