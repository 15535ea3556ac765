"""Makes one YOLO dataset folder of the sources: pictures, labels, a manifest with checksums.

    python training/prepare.py --rdd DIR --dnit DIR [--rendered DIR] --out DIR

Splits are the sources' own (by scene and by road: see their manifests), never by picture number.
Views are kept apart for testing: `vehicle` (motorbike), `drone` (straight down), `survey` (dnit,
no crack in the picture), `survey_cracked` (dnit, with cracks that have no boxes) and `rendered`.
Rendered pictures go into training only, and into their own test set. The manifest says which
classes a picture's source labels: training leaves the others out of the loss.
"""

import argparse
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

CLASSES = ("D00", "D10", "D20", "D40", "Repair")
POTHOLE = CLASSES.index("D40")
MIN_POTHOLE_PX = 60
"""Smaller blobs of a pothole mask are specks left by its reduction."""
MAX_RENDERED_SHARE = 0.15
RENDERED_TEST = 40


@dataclass(frozen=True)
class Picture:
    """One picture with its labels, ready to be written."""

    name: str
    source: str
    view: str
    split: str
    scene: str
    jpeg: bytes
    labels: str
    """YOLO lines: class cx cy w h, each 0..1."""
    labelled: tuple[str, ...] = CLASSES
    """The classes that its source labels; of the others it may show some without a box."""


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


def rdd_pictures(folder: Path) -> Iterator[Picture]:
    """RDD2022's motorbike and drone parts, as packed with their manifest."""
    with zipfile.ZipFile(folder / "rdd.zip") as archive, (folder / "manifest.csv").open() as rows:
        for row in csv.DictReader(rows):
            name = Path(row["file"]).stem
            view = "drone" if "Drone" in row["country"] else "vehicle"
            labels = archive.read(f"labels/{name}.txt").decode()
            jpeg = archive.read(row["file"])
            yield Picture(name, row["country"], view, row["split"], row["block"], jpeg, labels)


def dnit_pictures(folder: Path) -> Iterator[Picture]:
    """Survey frames with boxes around the blobs of their pothole masks.

    Cracks and patches have no boxes there, so only potholes count as labelled. Frames with cracks
    and no pothole are left out of training: they are many and teach little.
    """
    with (
        zipfile.ZipFile(folder / "frames.zip") as archive,
        (folder / "manifest.csv").open() as rows,
    ):
        names = {Path(name).name: name for name in archive.namelist()}
        for row in csv.DictReader(rows):
            cracked, holed = float(row["px_crack"]) > 0, float(row["px_pothole"]) > 0
            if row["split"] == "train" and cracked and not holed:
                continue
            view = "survey_cracked" if cracked else "survey"
            stem = Path(row["file"]).stem
            mask = _decode(archive.read(names[f"{stem}_POTHOLE.png"]), cv2.IMREAD_GRAYSCALE)
            jpeg = archive.read(names[row["file"]])
            labels = _boxes_of_mask(mask)
            yield Picture(
                stem, "dnit", view, row["split"], row["road"], jpeg, labels, labelled=("D40",)
            )


def rendered_pictures(folder: Path, most: int) -> Iterator[Picture]:
    """Frames rendered by data_samples/make.py: the first ones for testing, then up to `most`."""
    for number, path in enumerate(sorted((folder / "images").glob("*.jpg"))):
        if number >= RENDERED_TEST + most:
            return
        split = "test" if number < RENDERED_TEST else "train"
        labels = (folder / "labels" / f"{path.stem}.txt").read_text()
        name = f"rendered_{path.stem}"
        yield Picture(name, "rendered", "rendered", split, name, path.read_bytes(), labels)


def _decode(data: bytes, flags: int) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None:
        message = "a picture of the archive cannot be decoded"
        raise ValueError(message)
    return image


def _boxes_of_mask(mask: np.ndarray) -> str:
    height, width = mask.shape
    joined = cv2.morphologyEx((mask > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    lines = []
    for x, y, w, h, area in stats[1:count]:
        if area >= MIN_POTHOLE_PX:
            centre = (x + w / 2) / width, (y + h / 2) / height
            lines.append(
                f"{POTHOLE} {centre[0]:.6f} {centre[1]:.6f} {w / width:.6f} {h / height:.6f}"
            )
    return "\n".join(lines) + ("\n" if lines else "")


def write(picture: Picture, out: Path) -> ManifestRow:
    """Write picture and labels; test sets are kept apart by view."""
    folder = picture.split if picture.split == "train" else f"{picture.split}_{picture.view}"
    image_path = out / "images" / folder / f"{picture.name}.jpg"
    label_path = out / "labels" / folder / f"{picture.name}.txt"
    for path in (image_path, label_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    image_path.write_bytes(picture.jpeg)
    label_path.write_text(picture.labels)
    return ManifestRow(
        file=str(image_path.relative_to(out)),
        source=picture.source,
        view=picture.view,
        split=picture.split,
        scene=picture.scene,
        sha256=hashlib.sha256(picture.jpeg).hexdigest(),
        boxes=len(picture.labels.splitlines()),
        labelled=" ".join(picture.labelled),
    )


def main() -> None:
    """Write the dataset folder named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rdd", type=Path, required=True)
    parser.add_argument("--dnit", type=Path, required=True)
    parser.add_argument("--rendered", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows = [write(p, given.out) for p in (*rdd_pictures(given.rdd), *dnit_pictures(given.dnit))]
    if given.rendered:
        real = sum(row.split == "train" for row in rows)
        most = int(real * MAX_RENDERED_SHARE / (1 - MAX_RENDERED_SHARE))
        rows += [write(p, given.out) for p in rendered_pictures(given.rendered, most)]
    _write_manifest(given.out, rows)
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASSES))
    (given.out / "data.yaml").write_text(
        f"path: {given.out.resolve()}\ntrain: images/train\n"
        f"val: [images/val_vehicle, images/val_survey]\nnames:\n{names}"
    )
    print(f"{len(rows)} pictures in {given.out}")


def _write_manifest(out: Path, rows: list[ManifestRow]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(asdict(rows[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    (out / "manifest.csv").write_text(text.getvalue())


if __name__ == "__main__":
    main()
