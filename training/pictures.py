"""What a training picture is, and the dataset folder that pictures are written to.

A dataset folder is a YOLO folder with more beside it:

    images/SPLIT/NAME.jpg      (SPLIT is train, or val_VIEW and test_VIEW)
    labels/SPLIT/NAME.txt      class cx cy w h (0..1), a line a box
    unlabelled/SPLIT/NAME.txt  CLASS,CLASS cx cy w h: where boxes of these classes are not given
    masks/SPLIT/NAME.png       pixels of potholes, where a source has them
    manifest.csv               source, view, split, scene, checksum, labelled classes, by picture
    data.yaml                  for ultralytics
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np

CLASSES = ("D00", "D10", "D20", "D40", "Repair")
"""What the damage model knows if nothing else is asked for; the order is the network's."""
SPLITS = ("train", "val", "test")
MAX_SIDE_PX = 1280
"""Larger pictures (Norway's have 4040 px) are shrunk to this: nothing is trained larger."""


@dataclass(frozen=True)
class Picture:
    """One picture with its labels, ready to be written."""

    name: str
    source: str
    view: str
    """How the camera looks: vehicle, drone, survey, survey_cracked, background or rendered."""
    split: str
    """train, val, test; empty if the source has none and splits.py is to choose."""
    scene: str
    """What must not be in two splits: a place, a road, a drive."""
    jpeg: bytes
    labels: str
    """YOLO lines: class cx cy w h, each 0..1."""
    labelled: tuple[str, ...] = CLASSES
    """The classes that its source labels everywhere in it."""
    unlabelled: str = ""
    """Lines CLASS,CLASS cx cy w h: regions where these classes may be without boxes."""
    mask: bytes = b""
    """PNG of pothole pixels."""


@dataclass(frozen=True)
class ManifestRow:
    """What manifest.csv says of a picture."""

    file: str
    source: str
    view: str
    split: str
    scene: str
    sha256: str
    boxes: int
    labelled: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The labelled classes."""
        return tuple(self.labelled.split())


def write(picture: Picture, out: Path) -> ManifestRow:
    """Write a picture and what is known of it; test sets are kept apart by view."""
    folder = picture.split if picture.split == "train" else f"{picture.split}_{picture.view}"
    image = Path("images", folder, f"{picture.name}.jpg")
    _write(out / image, picture.jpeg)
    _write(beside(out / image, "labels", ".txt"), picture.labels.encode())
    if picture.unlabelled:
        _write(beside(out / image, "unlabelled", ".txt"), picture.unlabelled.encode())
    if picture.mask:
        _write(beside(out / image, "masks", ".png"), picture.mask)
    return ManifestRow(
        file=image.as_posix(),
        source=picture.source,
        view=picture.view,
        split=picture.split,
        scene=picture.scene,
        sha256=hashlib.sha256(picture.jpeg).hexdigest(),
        boxes=len(picture.labels.splitlines()),
        labelled=" ".join(picture.labelled),
    )


def beside(image: Path, kind: str, suffix: str) -> Path:
    """Return the file of a kind ("labels", "unlabelled", "masks") that belongs to a picture."""
    return image.parent.parent.parent / kind / image.parent.name / f"{image.stem}{suffix}"


def read_regions(path: Path) -> list[tuple[frozenset[str], list[float]]]:
    """Read an unlabelled/*.txt: classes joined by commas, then cx cy w h (0..1), by line."""
    if not path.is_file():
        return []
    lines = (line.split() for line in path.read_text().splitlines())
    return [
        (frozenset(first.split(",")), [float(value) for value in rest]) for first, *rest in lines
    ]


def write_manifest(out: Path, rows: Sequence[ManifestRow]) -> None:
    """Write manifest.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, [field.name for field in fields(ManifestRow)], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    (out / "manifest.csv").write_text(text.getvalue())


def read_manifest(data: Path) -> Iterator[ManifestRow]:
    """Yield the rows of a dataset folder's manifest, in its order."""
    with (data / "manifest.csv").open() as rows:
        for row in csv.DictReader(rows):
            yield ManifestRow(**{**row, "boxes": int(row["boxes"])})


def write_data_yaml(out: Path, rows: Iterable[ManifestRow], classes: Sequence[str]) -> None:
    """Write data.yaml; all sets seen from vehicles validate the training, if there are any."""
    sets = sorted({Path(row.file).parent.as_posix() for row in rows if row.split == "val"})
    ahead = [name for name in sets if name.endswith(("_vehicle", "_survey"))] or sets
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(classes))
    text = f"path: {out.resolve()}\ntrain: images/train\nval: [{', '.join(ahead)}]\nnames:\n{names}"
    (out / "data.yaml").write_text(text)


def damaged(data: Path, rows: Iterable[ManifestRow]) -> list[str]:
    """Return the files of a dataset folder that are not what its manifest says."""
    return [
        row.file
        for row in rows
        if not (data / row.file).is_file()
        or hashlib.sha256((data / row.file).read_bytes()).hexdigest() != row.sha256
    ]


def decode(data: bytes, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Decode a picture; raises ValueError if it is none."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None:
        message = "a picture of the source cannot be decoded"
        raise ValueError(message)
    return image


def encode(image: np.ndarray, quality: int = 90) -> bytes:
    """Encode as JPEG."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def limited(jpeg: bytes) -> bytes:
    """Return a JPEG of at most MAX_SIDE_PX: the same bytes where it is one already."""
    image = decode(jpeg)
    scale = MAX_SIDE_PX / max(image.shape[:2])
    if scale < 1:
        return encode(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return jpeg if jpeg.startswith(b"\xff\xd8") else encode(image, 95)


def yolo_line(kind: int | str, xyxy: Sequence[float], width: float, height: float) -> str:
    """Return a line of a label file for a box in pixels."""
    x1, y1, x2, y2 = xyxy
    centre = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height
    size = (x2 - x1) / width, (y2 - y1) / height
    return f"{kind} {centre[0]:.6f} {centre[1]:.6f} {size[0]:.6f} {size[1]:.6f}\n"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
