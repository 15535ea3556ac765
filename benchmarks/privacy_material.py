"""Pictures with known persons and vehicles, to evaluate the privacy network.

Four sets: everyday pictures labelled by others (street/val), every tenth frame of a dash camera's
clip and of a walk past parked cars, and rendered frames with cut-out persons and vehicles. Boxes of
the latter three are numbers in tests/data; the pictures come from the folder of real material.
"""

import csv
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import av
import cv2
import numpy as np

from roadscan.model.arrays import Bools, Floats, Image

ROOT = Path(__file__).resolve().parents[1]
TRAFFIC = ROOT / "tests" / "data" / "traffic_boxes.csv"
PASTED = ROOT / "tests" / "data" / "pasted_boxes.csv"
SAMPLE = ROOT / "data_samples" / "drive.mp4"
STREET = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
PERSONS = frozenset({"person", "rider"})
EDGE_PX = 12
"""Margin around a cut-out, to separate it from its background."""
CUT_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A picture with boxes (n, 4) of persons and vehicles; `person` tells the two apart."""

    name: str
    image: Image
    xyxy: Floats
    person: Bools


def street_pictures(material: Path) -> Iterator[Known]:
    """Everyday pictures, few of them of streets."""
    with zipfile.ZipFile(material / "street" / "street.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.startswith("images/val/")):
            image = _decoded(archive.read(name))
            height, width = image.shape[:2]
            text = archive.read(name.replace("images/", "labels/").replace(".jpg", ".txt"))
            rows = np.array([line.split() for line in text.decode().splitlines()], float)
            centre, half = rows[:, 1:3], rows[:, 3:5] / 2
            corners = np.hstack([centre - half, centre + half]) * (width, height, width, height)
            person = np.array([STREET[int(number)] == "person" for number in rows[:, 0]])
            yield Known(Path(name).stem, image, corners, person)


def clip_pictures(material: Path, clip: str) -> Iterator[Known]:
    """Every tenth frame of a clip, with the boxes of tests/data/traffic_boxes.csv."""
    boxes = defaultdict[int, list[list[float]]](list)
    person = defaultdict[int, list[bool]](list)
    with TRAFFIC.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["video"] == clip:
                boxes[int(row["frame"])].append([float(row[side]) for side in SIDES])
                person[int(row["frame"])].append(row["class"] in PERSONS)
    for number, image in _frames(material / "video" / clip):
        if number % 10 == 0:
            corners = np.array(boxes[number], float).reshape(-1, 4)
            yield Known(f"{number:04d}", image, corners, np.array(person[number], bool))


SIDES = ("x1", "y1", "x2", "y2")
SOURCE_SIDES = ("from_x1", "from_y1", "from_x2", "from_y2")


def pasted_pictures(material: Path) -> Iterator[Known]:
    """Frames of the rendered sample drive with the cut-outs of tests/data/pasted_boxes.csv."""
    with PASTED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    cutouts = _Cutouts(material)
    by_frame = {int(n): list(group) for n, group in groupby(rows, key=lambda row: row["frame"])}
    for number, image in _frames(SAMPLE):
        if number not in by_frame:
            continue
        own = by_frame[number]
        corners = np.array(
            [_paste(image, *cutouts.of(row), [int(row[side]) for side in SIDES]) for row in own],
            float,
        )
        person = np.array([row["class"] in PERSONS for row in own])
        yield Known(f"{number:04d}", image, corners, person)


class _Cutouts:
    """Persons and vehicles cut out of real pictures along their edges (GrabCut)."""

    def __init__(self, material: Path) -> None:
        self._material = material
        self._known: dict[tuple[str, ...], tuple[Image, Image]] = {}

    def of(self, row: dict[str, str]) -> tuple[Image, Image]:
        """Return the pixels of a cut-out and its mask."""
        key = (row["source"], row["part"], *(row[side] for side in SOURCE_SIDES))
        if key not in self._known:
            x1, y1, x2, y2 = (int(row[side]) for side in SOURCE_SIDES)
            image = self._picture(row["source"], row["part"])
            top, left = max(0, y1 - EDGE_PX), max(0, x1 - EDGE_PX)
            part = np.ascontiguousarray(image[top : y2 + EDGE_PX, left : x2 + EDGE_PX])
            inner = (x1 - left, y1 - top, x2 - x1, y2 - y1)
            mask = np.zeros(part.shape[:2], np.uint8)
            cv2.setRNGSeed(0)
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(part, mask, inner, *models, CUT_ROUNDS, cv2.GC_INIT_WITH_RECT)
            cut = slice(inner[1], inner[1] + inner[3]), slice(inner[0], inner[0] + inner[2])
            self._known[key] = part[cut], np.isin(mask[cut], (1, 3)).astype(np.uint8)
        return self._known[key]

    def _picture(self, source: str, part: str) -> Image:
        if source == "street":
            with zipfile.ZipFile(self._material / "street" / "street.zip") as archive:
                return _decoded(archive.read(part))
        return next(
            image
            for number, image in _frames(self._material / "video" / source)
            if number == int(part)
        )


def _paste(image: Image, part: Image, mask: Image, box: list[int]) -> list[int]:
    """Paste a cut-out into a box, clipped to the picture; return its corners."""
    x1, y1, x2, y2 = box
    size = x2 - x1, y2 - y1
    shrunk = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    height, width = image.shape[:2]
    left, top, right, low = max(0, x1), max(0, y1), min(width, x2), min(height, y2)
    own = slice(top - y1, low - y1), slice(left - x1, right - x1)
    under = image[top:low, left:right]
    image[top:low, left:right] = (shrunk[own] * share[own] + under * (1 - share[own])).astype("u1")
    rows, columns = (np.flatnonzero(share[own][..., 0].max(axis=axis) > 0.5) for axis in (1, 0))
    return [
        left + int(columns[0]),
        top + int(rows[0]),
        left + int(columns[-1]) + 1,
        top + int(rows[-1]) + 1,
    ]


def _frames(path: Path) -> Iterator[tuple[int, Image]]:
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            yield number, frame.to_ndarray(format="bgr24")


def _decoded(data: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        message = "a picture of the archive cannot be decoded"
        raise ValueError(message)
    return image
