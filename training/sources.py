"""Sources with boxes: RDD2022 as published, its packed parts, and YOLO folders.

Every reader yields Pictures. A source that does not label a class says so in `labelled`.
"""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import yaml
from defusedxml.ElementTree import parse

from training.pictures import CLASSES, Picture, decode, limited, yolo_line

PICTURES = (".jpg", ".jpeg", ".png")
CORNERS = "xmin", "ymin", "xmax", "ymax"


def packed_rdd(folder: Path) -> Iterator[Picture]:
    """Read rdd.zip (images/, labels/) with its manifest.csv, which has scenes and splits."""
    with zipfile.ZipFile(folder / "rdd.zip") as archive, (folder / "manifest.csv").open() as rows:
        for row in csv.DictReader(rows):
            name = Path(row["file"]).stem
            labels = archive.read(f"labels/{name}.txt").decode()
            jpeg = archive.read(row["file"])
            view = view_of(row["country"])
            yield Picture(name, row["country"], view, row["split"], row["block"], jpeg, labels)


def view_of(country: str) -> str:
    """Return the view of a part of RDD2022: one of them was taken by a drone."""
    return "drone" if "drone" in country.lower() else "vehicle"


def voc(folder: Path, classes: Sequence[str] = CLASSES) -> Iterator[Picture]:
    """Read RDD2022 as published: COUNTRY/train/images and COUNTRY/train/annotations/xmls.

    All six countries or some; a folder that is itself a country's is read too. The test folders
    have no annotations and are not read. A class that has no box in a whole country is one that the
    country does not label (Repair outside China). Boxes of other classes (D01, D43, D50 ...) are
    none of ours, and make no claim about the road.
    """
    countries = sorted(path.parent.parent for path in folder.glob("**/train/annotations"))
    if not countries:
        message = f"{folder} has no COUNTRY/train/annotations"
        raise ValueError(message)
    for country in countries:
        yield from _country(country, classes)


def _country(folder: Path, classes: Sequence[str]) -> Iterator[Picture]:
    xmls = sorted((folder / "train" / "annotations").rglob("*.xml"))
    trees = {xml.stem: parse(xml).getroot() for xml in xmls}
    seen = {box.findtext("name", "") for root in trees.values() for box in root.iter("object")}
    labelled = tuple(name for name in classes if name in seen)
    for stem, root in trees.items():
        image = _picture_of(folder / "train" / "images", stem)
        if image is None:
            continue
        jpeg = image.read_bytes()
        labels = _voc_labels(root, jpeg, classes)
        country = folder.name
        yield Picture(stem, country, view_of(country), "", "", limited(jpeg), labels, labelled)


def _voc_labels(root: Element, jpeg: bytes, classes: Sequence[str]) -> str:
    """Boxes are clipped to the picture; its own size counts, not the one in the file."""
    height, width = decode(jpeg).shape[:2]
    lines = ""
    for found in root.iter("object"):
        name = found.findtext("name", "")
        if name not in classes:
            continue
        corner = [float(found.findtext(f"bndbox/{key}", "nan")) for key in CORNERS]
        x1, x2 = (min(max(x, 0.0), width) for x in corner[::2])
        y1, y2 = (min(max(y, 0.0), height) for y in corner[1::2])
        if x2 > x1 and y2 > y1:
            lines += yolo_line(classes.index(name), (x1, y1, x2, y2), width, height)
    return lines


def yolo(
    folder: Path, classes: Sequence[str] = CLASSES, view: str = "vehicle"
) -> Iterator[Picture]:
    """Read a YOLO folder (images/, labels/, data.yaml), such as the review's export.

    Class numbers are those of data.yaml, without one those of `classes`. A manifest.csv in the
    folder may say more, by `file`: `scene` (a drive), `split`, `view`, `labelled` (classes joined
    by spaces). Without a scene splits.py finds what belongs together.
    """
    names = _names(folder, classes)
    known = tuple(name for name in classes if name in names)
    given = _given(folder)
    for image in sorted(p for p in (folder / "images").rglob("*") if p.suffix.lower() in PICTURES):
        relative = image.relative_to(folder)
        row = given.get(relative.as_posix(), {})
        label = folder / "labels" / relative.relative_to("images").with_suffix(".txt")
        text = label.read_text() if label.is_file() else ""
        yield Picture(
            f"{folder.name}_{'_'.join(relative.with_suffix('').parts[1:])}",
            folder.name,
            row.get("view") or view,
            row.get("split") or "",
            row.get("scene") or "",
            limited(image.read_bytes()),
            renumbered(text, names, classes),
            tuple((row.get("labelled") or " ".join(known)).split()),
        )


def _names(folder: Path, classes: Sequence[str]) -> list[str]:
    path = folder / "data.yaml"
    if not path.is_file():
        return list(classes)
    return named(path.read_text())


def named(data_yaml: str) -> list[str]:
    """Return the class names of a data.yaml by number: it may list them or number them."""
    names = yaml.safe_load(data_yaml)["names"]
    return [names[number] for number in sorted(names)] if isinstance(names, dict) else list(names)


def _given(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / "manifest.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as rows:
        return {row["file"]: row for row in csv.DictReader(rows)}


def renumbered(text: str, names: Sequence[str], classes: Sequence[str]) -> str:
    """Return label lines with the numbers of `classes` instead of those of `names`."""
    lines = ""
    for line in text.splitlines():
        number, *box = line.split()
        if names[int(number)] in classes:
            lines += f"{classes.index(names[int(number)])} {' '.join(box[:4])}\n"
    return lines


def _picture_of(folder: Path, stem: str) -> Path | None:
    found = (folder / f"{stem}{suffix}" for suffix in PICTURES)
    return next((path for path in found if path.is_file()), None)
