"""Runs a model over the pictures of a dataset folder and keeps, picture by picture, what it hit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from roadscan.detect.detection_metrics import (
    LEAST_CONFIDENCE,
    Tally,
    count,
    figures,
    mean,
    overlaps,
    pooled_f1,
)
from roadscan.detect.model_folder import Figures, ModelSettings, Precision, read_settings, verify
from roadscan.detect.openvino import OpenVinoDetector
from roadscan.detect.thresholds import Thresholds
from roadscan.model.frame import Boxes, Frame
from training.pictures import ManifestRow, beside, read_manifest, read_regions

SETS = {
    "vehicle": ("vehicle",),
    "drone": ("drone",),
    "survey": ("survey", "survey_cracked"),
    "background": ("background",),
    "rendered": ("rendered",),
}
ENOUGH_BOXES = 30
"""Classes with fewer true boxes in a set are reported, but count for no mean."""
HIT, MOST_UNSURE = 0.5, 0.5
"""A box is right from this overlap on; one that lies in an unsure region so far is not judged."""
LEAST_F1 = 0.3
"""A class whose best F1 is lower keeps the model's general confidence."""


@dataclass(frozen=True)
class Seen:
    """A picture, what is true in it, what was found from LEAST_CONFIDENCE on, and what that hit."""

    row: ManifestRow
    truth: Boxes
    found: Boxes
    tallies: dict[str, Tally]
    """For each class that the picture's source labels."""
    unsure: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    """(n, 4), in pixels: where the people who drew were not sure; what is found there counts for
    nothing, unless it hits a true box."""


def measure(
    folder: Path,
    data: Path,
    split: str,
    temperature: float | None = None,
    precision: Precision | None = None,
) -> dict[str, list[Seen]]:
    """Run the model of a folder over every set of a split.

    `temperature` 1.0 gives the network's own confidences, None those of model.toml; `precision`
    None is that of model.toml.
    """
    settings = read_settings(folder)
    verify(folder, settings)
    if temperature is not None:
        settings = settings.model_copy(update={"temperature": temperature})
    detector = detector_of(folder, settings, precision or settings.precision, LEAST_CONFIDENCE)
    rows = [row for row in read_manifest(data) if row.split == split]
    return {
        f"{name}_{split}": [
            _seen(detector, row, data, settings.classes) for row in rows if row.view in views
        ]
        for name, views in SETS.items()
    }


def detector_of(
    folder: Path, settings: ModelSettings, precision: Precision, least: float
) -> OpenVinoDetector:
    """Load a model's network in a precision; `least` takes the place of its confidences."""
    every = (least,) * len(settings.classes)
    return OpenVinoDetector(
        settings.name,
        "",
        settings.classes,
        folder / settings.network_in(precision),
        settings.long_side_px,
        Thresholds(every, settings.nms_iou, settings.temperature),
        precision,
    )


def _seen(detector: OpenVinoDetector, row: ManifestRow, data: Path, classes: Sequence[str]) -> Seen:
    path = data / row.file
    image = cv2.imread(str(path))
    truth = boxes_of(beside(path, "labels", ".txt"), image.shape, classes)
    unsure = unsure_in(row, path, image.shape)
    found = judged(detector.detect([Frame(0.0, image)])[0], truth, unsure)
    tallies = {kind: Tally() for kind in row.classes if kind in classes}
    count(found, truth, tallies)
    return Seen(row, truth, found, tallies, unsure)


def unsure_in(row: ManifestRow, path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Return the regions in which a picture's source claims nothing at all, (n, 4) in pixels.

    A survey's tiles beside its lane stay out of it: figures of it always counted what lies there.
    """
    if row.view in SETS["survey"]:
        return np.zeros((0, 4))
    regions = [
        region
        for missing, region in read_regions(beside(path, "unlabelled", ".txt"))
        if missing >= set(row.classes)
    ]
    given = np.array(regions, float).reshape(-1, 4) * np.tile(shape[1::-1], 2)
    return np.hstack([given[:, :2] - given[:, 2:] / 2, given[:, :2] + given[:, 2:] / 2])


def judged(found: Boxes, truth: Boxes, unsure: np.ndarray) -> Boxes:
    """Return what was found without what lies in an unsure region and hits nothing that is true."""
    if not len(unsure) or not len(found.kind):
        return found
    same = np.array(found.kind, object)[:, None] == np.array(truth.kind, object)[None]
    right = ((overlaps(found.xyxy, truth.xyxy) >= HIT) & same).any(axis=1)
    kept = right | (covered(found.xyxy, unsure).max(axis=1) < MOST_UNSURE)
    return Boxes(
        found.xyxy[kept],
        found.confidence[kept],
        tuple(kind for kind, stays in zip(found.kind, kept, strict=True) if stays),
    )


def covered(boxes: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return (n, m): the share of each box (n, 4) that each of others (m, 4) covers."""
    low = np.maximum(boxes[:, None, :2], by[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], by[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None]
    return np.divide(shared, area, out=np.zeros_like(shared), where=area > 0)


def boxes_of(labels: Path, shape: tuple[int, ...], classes: Sequence[str]) -> Boxes:
    """Read a label file into boxes in pixels of a picture of a shape."""
    lines = labels.read_text().splitlines()
    rows = np.array([line.split() for line in lines], float).reshape(-1, 5)
    size = np.array([shape[1], shape[0]])
    centre, half = rows[:, 1:3] * size, rows[:, 3:5] * size / 2
    return Boxes(
        np.hstack([centre - half, centre + half]),
        np.ones(len(rows)),
        tuple(classes[int(number)] for number in rows[:, 0]),
    )


def pooled(seen: Iterable[Seen], kind: str) -> Tally:
    """Put the pictures that label a class together."""
    return Tally.pooled(one.tallies[kind] for one in seen if kind in one.tallies)


def table_of(seen: Sequence[Seen], confidence: dict[str, float]) -> dict[str, Figures]:
    """Return the figures of each class in a set."""
    return {kind: figures(pooled(seen, kind), least) for kind, least in confidence.items()}


@dataclass(frozen=True)
class Summary:
    """A set in two numbers, over the classes with enough true boxes."""

    kinds: tuple[str, ...]
    map50: float | None
    f1: float | None
    """Over all boxes together, as in the CRDDC challenge."""


def summary(seen: Sequence[Seen], confidence: dict[str, float]) -> Summary:
    """Return mAP50 and F1 over the classes that have enough true boxes."""
    tallies = {kind: pooled(seen, kind) for kind in confidence}
    kinds = tuple(kind for kind, tally in tallies.items() if tally.boxes >= ENOUGH_BOXES)
    return Summary(
        kinds,
        mean(figures(tallies[kind], confidence[kind]).ap50 for kind in kinds),
        pooled_f1((tallies[kind], confidence[kind]) for kind in kinds),
    )


def recall_at_precision(tally: Tally, precision: float) -> float | None:
    """Return the best recall at which at least this share of what is found is right."""
    if not tally.boxes:
        return None
    order = np.argsort(-np.array(tally.confidence), kind="stable")
    right = np.cumsum(first_hits(tally)[order])
    held = right / np.arange(1, len(right) + 1) >= precision
    return round(float(right[held].max(initial=0) / tally.boxes), 3)


def first_hits(tally: Tally) -> np.ndarray:
    """Return of each detection whether it hit at an overlap of 0.5, (n,) bool."""
    return np.array([hit[0] for hit in tally.hit], bool)


def best_confidence(tally: Tally, least: float = 0.1, most: float = 0.6) -> float | None:
    """Return the confidence with the best F1, in steps of 0.01; None without true boxes.

    The sets are small: F1 is smoothed over five steps, so that one lucky box does not decide.
    """
    if not tally.boxes:
        return None
    levels = np.round(np.arange(least - 0.02, most + 0.025, 0.01), 2)
    f1 = np.array([figures(tally, level).f1 or 0.0 for level in levels])
    smooth = np.convolve(f1, np.ones(5) / 5, mode="valid")
    return float(levels[2:-2][int(smooth.argmax())])


def chosen_confidence(measured: dict[str, list[Seen]], classes: Sequence[str]) -> dict[str, float]:
    """Choose each class's confidence on the validation pictures seen from vehicles, together.

    A class that is next to never found in them gets none: its best F1 lies where everything is let
    through, and that says more about the pictures than about the class.
    """
    ahead = [*measured["vehicle_val"], *measured["survey_val"]]
    chosen = {}
    for kind in classes:
        tally = pooled(ahead, kind)
        level = best_confidence(tally)
        if level is not None and (figures(tally, level).f1 or 0.0) >= LEAST_F1:
            chosen[kind] = level
    return chosen


def scaled(seen: Sequence[Seen], level: Callable[[np.ndarray], np.ndarray]) -> list[Seen]:
    """Return the pictures with other confidences; hits stay, for the order does."""
    return [
        replace(
            one,
            found=replace(one.found, confidence=level(one.found.confidence)),
            tallies={
                kind: Tally(tally.boxes, level(np.array(tally.confidence)).tolist(), tally.hit)
                for kind, tally in one.tallies.items()
            },
        )
        for one in seen
    ]
