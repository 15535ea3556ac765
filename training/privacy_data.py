"""Puts the pictures for the privacy network into one dataset folder: person, rider, vehicle.

    python -m training.privacy_data --material DIR --teacher yolov5n.pt --out DATA

`DIR` holds street/ (labelled by people), and rdd/, dnit/ and video/, which the old COCO network
labels: looked at large, as they are and mirrored. Only the training splits are taken, and of the
two clips the first half: the rest is for measuring. privacy_corrections.csv puts right what was
seen to be wrong with the labels. Numbers that matter stand below.
"""

import argparse
import csv
import hashlib
import io
import os
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
sys.modules["openvino_telemetry"] = None  # its import would send a usage event
from training.torchvision_shim import ensure_torchvision  # noqa: E402

ensure_torchvision()
from training.privacy_teacher import COCO, Teacher  # noqa: E402

CORRECTIONS = Path(__file__).parent / "privacy_corrections.csv"
CLASSES = ("person", "rider", "vehicle")
STREET = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
CYCLES = frozenset({"bicycle", "motorcycle"})
LEAST = {"person": 0.3, "bicycle": 0.3, "motorcycle": 0.3}
LEAST_VEHICLE = 0.25
"""Confidence from which a label of the old network is taken."""
LEAST_PX = 5.0
RIDER_SHARE = 0.25
"""A person of whom this share lies over a cycle rides it."""
STREET_TWICE = 3
"""People drew these boxes and there are few of them: seen this often."""
EMPTY_EVERY = 6
"""Of the pictures without anybody one in so many is kept, against false alarms."""
CLIP_EVERY = 5
EVERY = {"dnit": 1, "rdd": 3}
"""Pictures of a set are much alike: one in so many is labelled."""
LONG_SIDE_PX = {"driving": 1280, "gopro": 1280, "dnit": 1024, "rdd": 896}
CLIPS = {
    "driving": ("driving_solid_white_right.mp4", 110),
    "gopro": ("gopro_max_heromode.mp4", 157),
}
"""File, and the frame at which the half for measuring begins."""
DNIT_MARK = (0.80, 0.13)
"""Right of and above this share of a frame the source burned its name in: taken for a car."""


@dataclass(frozen=True)
class Box:
    """One of STREET in a picture, corners in pixels."""

    name: str
    corners: np.ndarray


@dataclass(frozen=True)
class Picture:
    """One picture with what is in it."""

    name: str
    source: str
    image: np.ndarray
    boxes: tuple[Box, ...]


def street_pictures(folder: Path) -> Iterator[Picture]:
    """Everyday pictures with boxes drawn by people."""
    with zipfile.ZipFile(folder / "street.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("images/train/"))
        for name in names:
            image = _decode(archive.read(name))
            height, width = image.shape[:2]
            labels = name.replace("images/", "labels/").replace(".jpg", ".txt")
            boxes = []
            for line in archive.read(labels).decode().splitlines():
                number, *sides = line.split()
                x, y, w, h = np.array(sides, float) * (width, height, width, height)
                corners = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
                boxes.append(Box(STREET[int(number)], corners))
            for copy in range(STREET_TWICE):
                yield Picture(f"street_{Path(name).stem}_{copy}", "street", image, tuple(boxes))


def packed_pictures(
    folder: Path, archive_name: str, source: str, teacher: Teacher
) -> Iterator[Picture]:
    """Training pictures of a set with a manifest, seen from a vehicle."""
    with (
        zipfile.ZipFile(folder / archive_name) as archive,
        (folder / "manifest.csv").open() as rows,
    ):
        wanted = [r for r in csv.DictReader(rows) if r["split"] == "train"]
        wanted = [row for row in wanted if "Drone" not in row["file"]]
        for row in wanted[:: EVERY[source]]:
            image = _decode(archive.read(row["file"]))
            name = f"{source}_{Path(row['file']).stem}"
            yield Picture(name, source, image, _taught(image, source, teacher))


def clip_pictures(folder: Path, source: str, teacher: Teacher) -> Iterator[Picture]:
    """Frames of the first half of a clip."""
    file, end = CLIPS[source]
    with av.open(str(folder / file)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= end:
                return
            if number % CLIP_EVERY == 0:
                image = frame.to_ndarray(format="bgr24")
                boxes = _taught(image, source, teacher)
                yield Picture(f"{source}_{number:04d}", source, image, boxes)


def _taught(image: np.ndarray, source: str, teacher: Teacher) -> tuple[Box, ...]:
    """Return what the old network is sure enough of."""
    found = teacher.look(image, LONG_SIDE_PX[source])
    height, width = image.shape[:2]
    boxes = []
    for *corners, confidence, number in found:
        name = COCO[int(number)]
        x, y = (corners[0] + corners[2]) / 2 / width, (corners[1] + corners[3]) / 2 / height
        mark = source == "dnit" and x > DNIT_MARK[0] and y < DNIT_MARK[1]
        if confidence >= LEAST.get(name, LEAST_VEHICLE) and not mark:
            boxes.append(Box(name, np.clip(corners, 0, (width, height, width, height))))
    return tuple(boxes)


def by_class(boxes: tuple[Box, ...]) -> list[tuple[str, np.ndarray]]:
    """Turn STREET into CLASSES: a person on a cycle is a rider with it, a cycle alone a vehicle."""
    people = [box.corners for box in boxes if box.name == "person"]
    cycles = [box.corners for box in boxes if box.name in CYCLES]
    made = [("vehicle", box.corners) for box in boxes if box.name not in CYCLES | {"person"}]
    for cycle in cycles:
        over = [share_over(person, cycle) for person in people]
        if over and max(over) >= RIDER_SHARE:
            person = people.pop(int(np.argmax(over)))
            both = np.r_[np.minimum(person[:2], cycle[:2]), np.maximum(person[2:], cycle[2:])]
            made.append(("rider", both))
        else:
            made.append(("vehicle", cycle))
    made += [("person", person) for person in people]
    return [(name, b) for name, b in made if min(b[2] - b[0], b[3] - b[1]) >= LEAST_PX]


def share_over(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of a box that another one covers."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    area = (one[2] - one[0]) * (one[3] - one[1])
    return float(max(0.0, width) * max(0.0, height) / area)


def read_corrections() -> dict[str, list[tuple[str, str, np.ndarray]]]:
    """Return by picture what to drop or add: (action, class, corners as shares of the sides)."""
    found: dict[str, list[tuple[str, str, np.ndarray]]] = defaultdict(list)
    with CORRECTIONS.open() as rows:
        for row in csv.DictReader(rows):
            corners = np.array([float(row[name]) for name in ("x1", "y1", "x2", "y2")])
            found[row["name"]].append((row["action"], row["class"], corners))
    return found


def corrected(
    boxes: list[tuple[str, np.ndarray]],
    corrections: list[tuple[str, str, np.ndarray]],
    width: int,
    height: int,
) -> list[tuple[str, np.ndarray]]:
    """Drop boxes of a class whose middle lies in an area, add those that were missing."""
    for action, name, shares in corrections:
        area = shares * (width, height, width, height)
        if action == "add":
            boxes = [*boxes, (name, area)]
        else:
            boxes = [(n, box) for n, box in boxes if n != name or not _middle_in(box, area)]
    return boxes


def _middle_in(box: np.ndarray, area: np.ndarray) -> bool:
    middle = (box[:2] + box[2:]) / 2
    return bool((middle >= area[:2]).all() and (middle <= area[2:]).all())


def write(
    picture: Picture, out: Path, corrections: list[tuple[str, str, np.ndarray]]
) -> tuple[str, str, str, int]:
    """Write picture and labels; return its row of the manifest."""
    height, width = picture.image.shape[:2]
    lines = []
    for name, (x1, y1, x2, y2) in corrected(by_class(picture.boxes), corrections, width, height):
        sides = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
        lines.append(f"{CLASSES.index(name)} " + " ".join(f"{side:.6f}" for side in sides) + "\n")
    _, jpeg = cv2.imencode(".jpg", picture.image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    (out / "images/train" / f"{picture.name}.jpg").write_bytes(jpeg.tobytes())
    (out / "labels/train" / f"{picture.name}.txt").write_text("".join(lines))
    return picture.name, picture.source, hashlib.sha256(jpeg).hexdigest(), len(lines)


def _decode(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        message = "a picture of the archive cannot be decoded"
        raise ValueError(message)
    return image


def all_pictures(material: Path, teacher: Teacher) -> Iterator[Picture]:
    """Every picture of the training splits."""
    yield from street_pictures(material / "street")
    for source in CLIPS:
        yield from clip_pictures(material / "video", source, teacher)
    yield from packed_pictures(material / "dnit", "frames.zip", "dnit", teacher)
    yield from packed_pictures(material / "rdd", "rdd.zip", "rdd", teacher)


def main() -> None:
    """Write the dataset folder named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    for part in ("images/train", "labels/train"):
        (given.out / part).mkdir(parents=True, exist_ok=True)
    corrections, rows, empty = read_corrections(), list[tuple[str, str, str, int]](), 0
    for picture in all_pictures(given.material, Teacher(given.teacher)):
        if not picture.boxes:
            empty += 1
            if empty % EMPTY_EVERY:
                continue
        rows.append(write(picture, given.out, corrections[picture.name]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("name", "source", "sha256", "boxes"), *rows])
    (given.out / "manifest.csv").write_text(text.getvalue())
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASSES))
    (given.out / "data.yaml").write_text(
        f"path: {given.out.resolve()}\ntrain: images/train\nval: images/train\nnames:\n{names}"
    )
    print(f"{len(rows)} pictures in {given.out}")


if __name__ == "__main__":
    main()
