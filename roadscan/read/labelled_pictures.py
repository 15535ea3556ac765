"""Pictures with ground-truth boxes: a YOLO folder of images/ and labels/.

A picture images/some/name.jpg has its boxes in labels/some/name.txt, one "class cx cy w h" a line,
relative to the picture (0..1); without that file it shows no damage. data.yaml, if present, names
the classes by number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import yaml

from roadscan.errors import RoadscanError
from roadscan.model.arrays import Floats, Image
from roadscan.model.frame import Boxes

CLASSES: Final = ("D00", "D10", "D20", "D40", "Repair")
"""The classes of RDD2022, used unless data.yaml names others."""
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
NAMES_FILE: Final = "data.yaml"
MAX_TEXT_BYTES: Final = 4 * 1024 * 1024
MARGIN: Final = 0.01
"""Boxes that reach at most this far beyond the edge are clipped, as ultralytics does."""


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture with its ground truth; `name` is its path below images/."""

    name: str
    image: Image
    truth: Boxes


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """A folder of labelled pictures; labels are read with each picture."""

    folder: Path
    classes: tuple[str, ...]
    names: tuple[str, ...]
    """Paths of the pictures below images/, sorted."""


def open_labelled(folder: Path) -> LabelledFolder:
    """Find the pictures of a YOLO folder and the names of its classes.

    Raises
    ------
    RoadscanError
        `data_no_pictures` or `data_names_malformed`.
    """
    images = folder / "images"
    names = sorted(
        path.relative_to(images).as_posix()
        for path in images.rglob("*")
        if path.suffix.lower() in PICTURES and path.is_file()
    )
    if not names:
        missing = "has no pictures in" if images.is_dir() else "has no folder"
        raise RoadscanError(
            "data_no_pictures",
            f"{folder} {missing} images/",
            "Give a YOLO folder: images/NAME.jpg and labels/NAME.txt",
        )
    return LabelledFolder(folder, _classes(folder / NAMES_FILE), tuple(names))


def read_labelled(labelled: LabelledFolder) -> Iterator[LabelledPicture]:
    """Yield each picture with its true boxes in pixels, sorted by name.

    Raises
    ------
    RoadscanError
        `data_picture_unreadable`, `data_labels_malformed` or `data_class_unknown`.
    """
    for name in labelled.names:
        path = labelled.folder / "images" / name
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise RoadscanError(
                "data_picture_unreadable",
                f"{path} cannot be decoded",
                "Copy it again from its source, or remove it from images/",
            )
        labels = (labelled.folder / "labels" / name).with_suffix(".txt")
        height, width = image.shape[:2]
        truth = read_labels(labels, labelled.classes, (width, height))
        yield LabelledPicture(name, image.astype(np.uint8, copy=False), truth)


def read_labels(path: Path, classes: tuple[str, ...], size_px: tuple[int, int]) -> Boxes:
    """Return the true boxes of a picture of this (width, height); none if the file is missing.

    Raises
    ------
    RoadscanError
        `data_labels_malformed` or `data_class_unknown`.
    """
    if not path.is_file():
        return Boxes(np.empty((0, 4)), np.empty(0), ())
    lines = [line.split() for line in _text(path, "data_labels_malformed").splitlines()]
    kinds, rows = [], []
    for number, cells in enumerate(lines, start=1):
        if cells:
            where = f"{path} line {number}"
            kinds.append(_class(cells[0], classes, where))
            rows.append(_corners(cells[1:], where))
    share = np.array(rows, np.float64).reshape(-1, 4)
    return Boxes(share * (size_px * 2), np.ones(len(rows)), tuple(kinds))


def _class(cell: str, classes: tuple[str, ...], where: str) -> str:
    try:
        number = int(cell)
    except ValueError:
        raise _malformed(where, f"{cell[:20]!r} is not a class number") from None
    if not 0 <= number < len(classes):
        raise RoadscanError(
            "data_class_unknown",
            f"{where}: there is no class {number}, only 0 to {len(classes) - 1} "
            f"({', '.join(classes)})",
            f"Name the classes in {NAMES_FILE} beside images/",
        )
    return classes[number]


def _corners(cells: list[str], where: str) -> Floats:
    """Return x1, y1, x2, y2 as shares of the picture."""
    try:
        values = np.array(cells, np.float64)
    except ValueError:
        raise _malformed(where, "a value is not a number") from None
    if values.shape != (4,):
        raise _malformed(where, f"has {len(cells) + 1} values instead of class cx cy w h")
    if not ((values >= -MARGIN) & (values <= 1 + MARGIN)).all():
        raise _malformed(where, f"{' '.join(cells)[:60]} is not within 0..1")
    centre, half = values[:2], values[2:] / 2
    corners: Floats = np.clip(np.concatenate([centre - half, centre + half]), 0.0, 1.0)
    if not (corners[:2] < corners[2:]).all():
        raise _malformed(where, f"box {' '.join(cells)[:60]} has no area")
    return corners


def _classes(path: Path) -> tuple[str, ...]:
    """Return the names that data.yaml lists, or gives by number."""
    if not path.is_file():
        return CLASSES
    try:
        names = yaml.safe_load(_text(path, "data_names_malformed"))["names"]
        if isinstance(names, dict):
            names = [names[number] for number in range(len(names))]
        if names and isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
    except (yaml.YAMLError, KeyError, TypeError, RecursionError):
        pass
    raise RoadscanError(
        "data_names_malformed",
        f"{path} does not name the classes 0, 1, ...",
        "Write names: [D00, D10], or one '0: D00' a line below names:; without the file they are "
        + " ".join(CLASSES),
    )


def _text(path: Path, code: str) -> str:
    try:
        if path.stat().st_size <= MAX_TEXT_BYTES:
            return path.read_text(encoding="utf-8")
        problem = f"has more than {MAX_TEXT_BYTES} bytes"
    except UnicodeDecodeError:
        problem = "is not a text file"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    raise RoadscanError(code, f"{path} {problem}", "Copy it again from its source")


def _malformed(where: str, problem: str) -> RoadscanError:
    return RoadscanError(
        "data_labels_malformed",
        f"{where}: {problem}",
        "Write one box a line: class cx cy w h, relative to the picture (0..1)",
    )
