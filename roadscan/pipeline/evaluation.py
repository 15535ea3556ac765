"""Evaluate a model on labelled pictures, run in the same way as on a drive."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from roadscan.detect.detection_metrics import (
    LEAST_CONFIDENCE,
    Tally,
    count,
    figures,
    mean,
    pooled_f1,
)
from roadscan.detect.detector import Detector, detector_of
from roadscan.detect.model_folder import Figures, Model
from roadscan.detect.thresholds import Thresholds
from roadscan.errors import RoadscanError
from roadscan.locate.camera_projection import near_field_rows
from roadscan.model.frame import Boxes, Camera, Frame, Rows
from roadscan.pipeline.progress import NoProgress, Progress
from roadscan.read.labelled_pictures import LabelledPicture, open_labelled, read_labelled

LANE_WIDTH_M = 3.5
"""Width of the lane whose near field is evaluated; the pictures do not state it."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results of a model against the labels of a folder, class by class."""

    model: str
    sha256: str
    pictures: int
    tallies: dict[str, Tally]
    """By class that both model and labels have, in the model's order."""
    thresholds: dict[str, float]
    """Lowest confidence at which each class of the model counts as found."""
    threshold: float
    """Lowest confidence of classes without one of their own."""
    left_out: dict[str, int]
    """Labelled boxes of classes that the model does not have."""

    @property
    def classes(self) -> dict[str, Figures]:
        """Figures of every class of the model; None without labelled boxes."""
        return {
            name: figures(self.tallies.get(name, Tally()), threshold)
            for name, threshold in self.thresholds.items()
        }

    @property
    def map50(self) -> float | None:
        """Mean of AP50 over the classes that have labelled boxes."""
        return mean(row.ap50 for row in self.classes.values())

    @property
    def map50_95(self) -> float | None:
        """Mean of AP50-95 over the classes that have labelled boxes."""
        return mean(row.ap50_95 for row in self.classes.values())

    @property
    def f1(self) -> float | None:
        """F1 of the boxes of all classes together, as the CRDDC challenge counts it."""
        return pooled_f1((tally, self.thresholds[name]) for name, tally in self.tallies.items())

    def as_json(self) -> str:
        """Return it as indented JSON."""
        classes = self.classes
        known = {
            "model": self.model,
            "sha256": self.sha256,
            "pictures": self.pictures,
            "boxes": sum(row.boxes for row in classes.values()),
            "map50": self.map50,
            "map50_95": self.map50_95,
            "f1": self.f1,
            "threshold": self.threshold,
            "classes": {
                name: {**row.model_dump(), "threshold": self.thresholds[name]}
                for name, row in classes.items()
            },
            "left_out": self.left_out,
        }
        return json.dumps(known, ensure_ascii=False, indent=2) + "\n"


def evaluate_model(
    model: Model,
    data: Path,
    predictions: Path | None = None,
    camera: Camera | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a model over a YOLO folder and count what it finds.

    With a camera, only its near field is evaluated, as on a drive, and only boxes that begin there
    count. `predictions` gets one line of JSON per picture: boxes in pixels from confidence 0.01 up.

    Raises
    ------
    RoadscanError
        The errors of `open_labelled` and `read_labelled`; `data_class_unknown` if the model has
        none of the classes; `camera_sees_no_road`; `output_not_writable`.
    """
    progress = progress or NoProgress()
    labelled = open_labelled(data)
    settings = model.settings
    known = [name for name in settings.classes if name in labelled.classes]
    if not known:
        raise RoadscanError(
            "data_class_unknown",
            f"{settings.name} knows {', '.join(settings.classes)}, "
            f"{data} has {', '.join(labelled.classes)}",
            "Name the classes in data.yaml as the model does",
        )
    low = (LEAST_CONFIDENCE,) * len(settings.classes)
    detector = detector_of(model, Thresholds(low, settings.nms_iou, settings.temperature))
    tallies = {name: Tally() for name in known}
    left_out: Counter[str] = Counter()
    progress.begin("evaluating", len(labelled.names))
    with _writing(predictions) as lines:
        for picture in read_labelled(labelled):
            found, truth = look(picture, detector, camera)
            count(found, truth, tallies)
            left_out.update(kind for kind in truth.kind if kind not in tallies)
            if lines is not None:
                lines.write(_line(picture.name, found))
            progress.advance()
    return Evaluation(
        model=detector.name,
        sha256=detector.sha256,
        pictures=len(labelled.names),
        tallies=tallies,
        thresholds=dict(zip(settings.classes, model.thresholds.confidence, strict=True)),
        threshold=settings.confidence,
        left_out=dict(sorted(left_out.items())),
    )


def look(
    picture: LabelledPicture, detector: Detector, camera: Camera | None
) -> tuple[Boxes, Boxes]:
    """Return the found and the labelled boxes of a picture, or of its near field with a camera.

    Raises
    ------
    RoadscanError
        `camera_sees_no_road`.
    """
    frame = Frame(0.0, picture.image)
    if camera is None:
        return detector.detect([frame])[0], picture.truth
    height, width = picture.image.shape[:2]
    rows = near_field_rows(camera, width, height, (LANE_WIDTH_M,))
    placed = near_field_rows(camera, width, height, (LANE_WIDTH_M,), margin=1.0)
    if rows is None or placed is None:
        raise RoadscanError(
            "camera_sees_no_road",
            f"{camera.name} has no near field in a picture of {width} x {height}",
            "Check height_m, pitch_deg and hfov_deg, or leave --camera away",
        )
    found = detector.detect([frame], rows)[0]
    return begins_in(found, placed, rows), begins_in(picture.truth, placed, rows)


def begins_in(boxes: Boxes, placed: Rows, rows: Rows) -> Boxes:
    """Return the boxes whose lower edge lies in the rows `placed`, clipped to `rows`."""
    lower = boxes.xyxy[:, 3]
    begin = np.flatnonzero((lower > placed.top) & (boxes.xyxy[:, 1] < placed.bottom))
    xyxy = boxes.xyxy[begin].copy()
    xyxy[:, 1::2] = np.clip(xyxy[:, 1::2], rows.top, rows.bottom)
    return Boxes(xyxy, boxes.confidence[begin], tuple(boxes.kind[number] for number in begin))


def _line(name: str, found: Boxes) -> str:
    boxes = [
        [*(round(float(side), 2) for side in corners), round(float(confidence), 5), kind]
        for corners, confidence, kind in zip(found.xyxy, found.confidence, found.kind, strict=True)
    ]
    return json.dumps({"image": name, "boxes": boxes}, ensure_ascii=False) + "\n"


@contextmanager
def _writing(path: Path | None) -> Iterator[TextIO | None]:
    """Open a file that is complete at the end or does not exist; None without a path."""
    if path is None:
        yield None
        return
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            yield file
        os.replace(partial, path)  # noqa: PTH105 -- the atomic one, by name
    except OSError as error:
        raise RoadscanError(
            "output_not_writable", f"{path} cannot be written ({error.strerror})", "Name another"
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
