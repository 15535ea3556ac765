"""Speed and accuracy of the detector by input and precision.

    python benchmarks/detector.py [--model NAME] [--every 4] [--only WAYS] [--pictures DIR]

Frames of the rendered sample drive, whose true boxes are known, are processed whole and cropped to
the rows of the near field, in several sizes and precisions; each frame by every variant in turn.
CPU ms are processor time of all cores together, which other work on the machine hardly affects.
Wall ms are per frame while every core processes one, as in `run`: only meaningful on an idle
machine. Accuracy is that of boxes that begin in the near field (have their lower edge there), all
clipped to the crop's upper edge.

With `--pictures`, a YOLO folder of real pictures: the available ones look down so steeply that they
show only near field. They are cut at 0.3 of their height, and boxes that begin below 0.45 count.
"""

import argparse
import json
import os
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter, process_time

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
from roadscan.detect.letterbox import PAD_GREY
from roadscan.detect.model_folder import Model, open_model
from roadscan.detect.thresholds import Thresholds
from roadscan.locate.camera_projection import near_field_rows
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.pipeline.evaluation import begins_in
from roadscan.read.camera_file import read_camera
from roadscan.read.labelled_pictures import open_labelled, read_labelled
from roadscan.read.video import frames_at

SAMPLES = Path(__file__).resolve().parents[1] / "data_samples"
LANE_WIDTH_M = 3.5
CUT_SHARE, COUNTED_SHARE = 0.3, 0.45
WARM_UP = 3
HELD = 24
"""Maximum number of frames processed in parallel."""
ROUNDS = 3
BASE = "f32 640 whole"


@dataclass
class Way:
    """One variant: its times and detections."""

    name: str
    detector: Detector
    thresholds: dict[str, float]
    """By class, of the model in this precision."""
    cropped: bool
    square: bool = False
    took_ms: list[float] = field(default_factory=list)
    passed_ms: list[float] = field(default_factory=list)
    """For a frame, by round, with a frame on every core."""
    tallies: dict[str, Tally] = field(default_factory=dict)

    def look(self, frame: Frame, rows: Rows) -> Boxes:
        """Return the boxes of a frame and record the processor time."""
        given = self._given(frame)
        began = process_time()
        found = self._find(given, rows)
        self.took_ms.append(1000 * (process_time() - began))
        return found

    def look_at_once(self, frames: list[tuple[Frame, Rows]]) -> None:
        """Process frames on every core and record the wall time per frame."""
        given = [(self._given(frame), rows) for frame, rows in frames]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            began = perf_counter()
            list(pool.map(lambda pair: self._find(*pair), given))
            self.passed_ms.append(1000 * (perf_counter() - began) / len(given))

    def _given(self, frame: Frame) -> Frame:
        return Frame(frame.video_t_s, _square(frame.image)) if self.square else frame

    def _find(self, frame: Frame, rows: Rows) -> Boxes:
        return self.detector.detect([frame], rows if self.cropped else None)[0]


def ways(spec: str, only: str) -> list[Way]:
    """List the variants whose names contain `only`; int8 if the model has it."""
    model = open_model(spec)
    precisions = ["f32", "bf16", *(["int8"] if model.settings.network_int8 else [])]
    made = [_way(model, "f32 640 square", cropped=False, square=True)]
    for precision in precisions:
        made += [_way(model, f"{precision} {side} whole", cropped=False) for side in (640, 512)]
        made += [_way(model, f"{precision} {side} crop", cropped=True) for side in (640, 960)]
    return [way for way in made if only in way.name or way.name == BASE]


def _way(model: Model, name: str, *, cropped: bool, square: bool = False) -> Way:
    precision, side, _ = name.split()
    least = model.settings.thresholds(precision).confidence
    thresholds = dict(zip(model.settings.classes, least, strict=True))
    return Way(name, _detector(model, precision, int(side)), thresholds, cropped, square)


def _detector(model: Model, precision: str, long_side_px: int) -> Detector:
    settings = model.settings.model_copy(update={"long_side_px": long_side_px})
    low = Thresholds.of(
        settings.classes, LEAST_CONFIDENCE, {}, settings.nms_iou, settings.temperature
    )
    return detector_of(replace(model, settings=settings, runtime=precision), low)


def _square(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    filled = np.full((max(height, width), width, 3), PAD_GREY, np.uint8)
    filled[:height] = image
    return filled


def rendered(every: int) -> Iterator[tuple[Frame, Boxes]]:
    """Yield frames of the sample drive with their true boxes."""
    lines = (SAMPLES / "truth_boxes.jsonl").read_text().splitlines()[1::every]
    truth = [json.loads(line) for line in lines]
    frames = frames_at(SAMPLES / "drive.mp4", np.array([row["t_s"] for row in truth]))
    for frame, row in zip(frames, truth, strict=True):
        boxes = row["boxes"]
        xyxy = np.array([box[:4] for box in boxes], float).reshape(-1, 4)
        yield frame, Boxes(xyxy, np.ones(len(boxes)), tuple(box[5] for box in boxes))


def real(folder: Path) -> Iterator[tuple[Frame, Boxes]]:
    """Yield the pictures of a YOLO folder with their true boxes."""
    for picture in read_labelled(open_labelled(folder)):
        yield Frame(0.0, picture.image), picture.truth


def benchmark_rows(shape: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Return the rows searched and the rows in which boxes are placed, for the sample's camera."""
    camera = read_camera(SAMPLES / "camera.toml")
    rows = near_field_rows(camera, shape[1], shape[0], (LANE_WIDTH_M,))
    placed = near_field_rows(camera, shape[1], shape[0], (LANE_WIDTH_M,), margin=1.0)
    if rows is None or placed is None:
        raise SystemExit("the sample's camera sees no road")
    return rows, placed


def cut_rows(shape: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Return the lower part of a picture, and where its boxes count."""
    height = shape[0]
    return Rows(round(CUT_SHARE * height), height), Rows(round(COUNTED_SHARE * height), height)


def measure(
    compared: list[Way],
    frames: Iterator[tuple[Frame, Boxes]],
    rows_of: Callable[[tuple[int, ...]], tuple[Rows, Rows]],
) -> int:
    """Process every frame with every variant; return the number of frames."""
    number, held = 0, []
    for number, (frame, truth) in enumerate(frames, start=1):
        rows, placed = rows_of(frame.image.shape)
        if len(held) < HELD:
            held.append((frame, rows))
        for shift in range(len(compared)):
            way = compared[(number + shift) % len(compared)]
            if number <= WARM_UP:
                way.look(frame, rows)
                way.took_ms.clear()
            found = begins_in(way.look(frame, rows), placed, rows)
            count(found, begins_in(truth, placed, rows), way.tallies)
    for _ in range(ROUNDS):
        for way in compared:
            way.look_at_once(held)
    return number


def table(compared: list[Way]) -> str:
    """Print the results as Markdown; times are medians, ratios medians over frames."""
    base = next(way for way in compared if way.name == BASE)
    lines = [
        "| way | wall ms | CPU ms | least tenth | to f32 whole | mAP50 | recall | precision | F1 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way in compared:
        ratio = statistics.median(
            one / other for one, other in zip(way.took_ms, base.took_ms, strict=True)
        )
        rows = [figures(tally, way.thresholds[name]) for name, tally in way.tallies.items()]
        pairs = [(tally, way.thresholds[name]) for name, tally in way.tallies.items()]
        boxes = sum(tally.boxes for tally, _ in pairs)
        right = sum(round((row.recall or 0) * row.boxes) for row in rows)
        taken = sum(sum(c >= least for c in tally.confidence) for tally, least in pairs)
        cells = [
            way.name,
            f"{statistics.median(way.passed_ms):.1f}",
            f"{statistics.median(way.took_ms):.1f}",
            f"{np.percentile(way.took_ms, 10):.1f}",
            f"{ratio:.2f}",
            f"{mean(row.ap50 for row in rows) or 0:.3f}",
            f"{right / boxes:.3f}" if boxes else "–",
            f"{right / taken:.3f}" if taken else "–",
            f"{pooled_f1(pairs) or 0:.3f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="")
    parser.add_argument(
        "--every", type=int, default=4, help="use one in so many frames of the sample"
    )
    parser.add_argument(
        "--only", default="", help="variants whose names contain this, such as 'f32 640'"
    )
    parser.add_argument("--pictures", type=Path, action="append", default=[])
    given = parser.parse_args()
    settings = open_model(given.model).settings
    sets = [("rendered: the sample drive, near field", rendered(given.every), benchmark_rows)]
    sets += [
        (f"real: {folder.name}, lower part", real(folder), cut_rows) for folder in given.pictures
    ]
    for title, frames, rows_of in sets:
        compared = ways(given.model, given.only)
        for way in compared:
            way.tallies = {name: Tally() for name in settings.classes}
        number = measure(compared, frames, rows_of)
        boxes = sum(tally.boxes for tally in compared[0].tallies.values())
        print(f"\n{title}: {number} frames, {boxes} boxes, {settings.name} {settings.version}\n")
        print(table(compared))


if __name__ == "__main__":
    main()
