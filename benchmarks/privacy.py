"""Recall and cost of the privacy network: persons and vehicles left visible in pictures.

    python -m benchmarks.privacy --material DIR [--model NAME] [--json] [--sheet FILE]

Four sets, see privacy_material.py. A box counts as hidden if at least three quarters of it are
painted over. `context` is the careful search of whole frames, one by one, without the help of
neighbouring frames. `traffic` is the quick search for what hides the road. For default pictures,
those on the shown road who are left visible are counted. Times are taken on frames of the rendered
drive, alternating, so that other load on the machine slows all alike. Intervals (95 %) are
bootstrapped over pictures.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from benchmarks.privacy_material import Known, clip_pictures, pasted_pictures, street_pictures
from roadscan.detect.detector import load_detector
from roadscan.detect.people import PeopleFinder, confident_boxes, load_people_finder
from roadscan.detect.redaction import enlarged_boxes, inside_polygon
from roadscan.locate.camera_projection import near_field, near_field_rows
from roadscan.locate.driven_route import RouteAhead
from roadscan.locate.road_view import road_outline, tall_enough, traffic_rows
from roadscan.model.arrays import Bools, Floats
from roadscan.model.frame import Frame, Rows
from roadscan.read.camera_file import read_camera

HIDDEN_SHARE = 0.75
SIZES = {"under 24 px": (0, 24), "24 to 48": (24, 48), "48 to 96": (48, 96), "over 96": (96, 1e9)}
"""By the square root of a box's area."""
DRAWS = 2000
CAMERA = Path(__file__).resolve().parents[1] / "data_samples" / "camera.toml"
LANE_WIDTH_M = 3.5
WIDTH, HEIGHT = 1280, 720
"""Of the sample drive."""
CLIPS = ("driving_solid_white_right.mp4", "gopro_max_heromode.mp4")


@dataclass
class Tally:
    """What happened to the boxes of one set; arrays grow picture by picture."""

    size_px: list[Floats] = field(default_factory=list)
    person: list[Bools] = field(default_factory=list)
    hidden: list[Bools] = field(default_factory=list)
    false_share: list[float] = field(default_factory=list)

    def add(self, known: Known, found: Floats) -> None:
        """Count one picture."""
        painted = np.zeros(known.image.shape[:2], np.bool_)
        true = painted.copy()
        for x1, y1, x2, y2 in enlarged_boxes(found, known.image.shape):
            painted[y1:y2, x1:x2] = True
        for x1, y1, x2, y2 in enlarged_boxes(known.xyxy, known.image.shape):
            true[y1:y2, x1:x2] = True
        shares = [_share(painted, box) for box in known.xyxy]
        sides = known.xyxy[:, 2:] - known.xyxy[:, :2]
        self.size_px.append(np.sqrt(np.maximum(sides.prod(axis=1), 0)))
        self.person.append(known.person)
        self.hidden.append(np.array(shares) >= HIDDEN_SHARE)
        self.false_share.append(float((painted & ~true).mean()))

    def figures(self) -> dict[str, dict[str, float | int | None]]:
        """Return recall by size class, with its interval, and the area painted over needlessly."""
        table = {
            name: self._recall(lambda size, _, low=low, high=high: (size >= low) & (size < high))
            for name, (low, high) in SIZES.items()
        }
        table["24 px and over"] = self._recall(lambda size, _: size >= 24)
        table["persons, 24 px and over"] = self._recall(lambda size, person: (size >= 24) & person)
        painted = {"mean": float(np.mean(self.false_share)), "pictures": len(self.false_share)}
        return table | {"area painted in vain": painted}

    def _recall(self, chosen: Callable[[Floats, Bools], Bools]) -> dict[str, float | int | None]:
        of = np.array([chosen(s, p).sum() for s, p in zip(self.size_px, self.person, strict=True)])
        found = np.array(
            [
                (hidden & chosen(size, person)).sum()
                for size, person, hidden in zip(self.size_px, self.person, self.hidden, strict=True)
            ]
        )
        if not of.sum():
            return {"boxes": 0, "recall": None, "low": None, "high": None}
        draws = np.random.default_rng(0).integers(0, len(of), (DRAWS, len(of)))
        drawn = found[draws].sum(axis=1) / np.maximum(of[draws].sum(axis=1), 1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        return {
            "boxes": int(of.sum()),
            "recall": round(float(found.sum() / of.sum()), 3),
            "low": round(float(low), 3),
            "high": round(float(high), 3),
        }


def _share(painted: Bools, box: Floats) -> float:
    height, width = painted.shape
    x1, y1 = np.floor(np.clip(box[:2], 0, (width - 1, height - 1))).astype(int)
    x2, y2 = np.ceil(np.clip(box[2:], (x1 + 1, y1 + 1), (width, height))).astype(int)
    return float(painted[y1:y2, x1:x2].mean())


def measure(pictures: Iterable[Known], look: Callable[[Frame], Floats]) -> Tally:
    """Evaluate pictures one by one."""
    tally = Tally()
    for known in pictures:
        tally.add(known, look(Frame(0.0, known.image)))
    return tally


def sample_rows(width: int, height: int) -> tuple[Rows, Rows | None]:
    """Return the rows of the sample drive for the quick search, and those for the detector."""
    camera = read_camera(CAMERA)
    near = near_field(camera, width, height, LANE_WIDTH_M)
    rows = traffic_rows(camera, width, height, near) if near else None
    if rows is None:
        message = "the camera of the sample drive sees no near field"
        raise ValueError(message)
    return rows, near_field_rows(camera, width, height, [LANE_WIDTH_M])


@dataclass(frozen=True)
class Left:
    """Persons and vehicles on the road that a default picture shows, and those left visible."""

    on_road: int
    left: int


def left_on_road(pictures: Iterable[Known], finder: PeopleFinder) -> Left:
    """Count boxes with over 2 % on the shown road, and those with over 5 % left unpainted there."""
    camera = read_camera(CAMERA)
    near = near_field(camera, WIDTH, HEIGHT, LANE_WIDTH_M)
    rows, _ = sample_rows(WIDTH, HEIGHT)
    along = np.linspace(0.0, 40.0, 41)
    course = RouteAhead(along, along, along * 0, along * 0, ends=False)
    outline = near and road_outline(camera, WIDTH, HEIGHT, course, near, LANE_WIDTH_M)
    if outline is None:
        message = "the camera of the sample drive shows no road"
        raise ValueError(message)
    on_road = left = 0
    for known in pictures:
        road = inside_polygon(outline, known.image.shape)
        shown = road.copy()
        found = finder.find_for_redaction(Frame(0.0, known.image), rows).xyxy
        found = found[tall_enough(camera, WIDTH, HEIGHT, found)]
        for x1, y1, x2, y2 in enlarged_boxes(found, known.image.shape):
            shown[y1:y2, x1:x2] = False
        on_road += sum(_share(road, box) > 0.02 for box in known.xyxy)
        left += sum(_share(shown, box) > 0.05 for box in known.xyxy)
    return Left(on_road, left)


@dataclass(frozen=True)
class Cost:
    """Return median milliseconds per frame, alternating over the same frames."""

    detect_ms: float
    detect_whole_ms: float
    traffic_ms: float
    road_picture_ms: float
    context_picture_ms: float
    frames: int


def cost(material: Path, finder: PeopleFinder) -> Cost:
    """Compare the searches with damage detection on the same frames."""
    detector = load_detector()
    frames = [Frame(0.0, known.image) for known in pasted_pictures(material)]
    traffic, near = sample_rows(frames[0].image.shape[1], frames[0].image.shape[0])
    ways: dict[str, Callable[[Frame], object]] = {
        "detect_ms": lambda frame: detector.detect([frame], near),
        "detect_whole_ms": lambda frame: detector.detect([frame]),
        "traffic_ms": lambda frame: finder.traffic(frame, traffic),
        "road_picture_ms": lambda frame: finder.find_for_redaction(frame, traffic),
        "context_picture_ms": lambda frame: finder.find_for_redaction(frame, None),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for frame in frames[:1] * 3 + frames:
        for name, way in ways.items():
            began = perf_counter()
            way(frame)
            seconds[name].append(perf_counter() - began)
    medians = {name: 1000 * statistics.median(taken[3:]) for name, taken in seconds.items()}
    return Cost(**{name: round(ms, 2) for name, ms in medians.items()}, frames=len(frames))


def contact_sheet(pictures: Iterable[Known], finder: PeopleFinder, path: Path) -> None:
    """Draw true boxes (green) and what would be painted over (red), for inspection."""
    tiles = []
    for known in pictures:
        image = known.image.copy()
        for x1, y1, x2, y2 in enlarged_boxes(
            finder.find_for_redaction(Frame(0.0, known.image), None).xyxy, image.shape
        ):
            cv2.rectangle(image, (x1, y1), (x2, y2), (0, 0, 255), 2)
        for x1, y1, x2, y2 in known.xyxy.astype(int):
            cv2.rectangle(image, (x1, y1), (x2, y2), (0, 200, 0), 1)
        tiles.append(cv2.resize(image, (480, 270), interpolation=cv2.INTER_AREA))
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % 4)
    rows = [np.hstack(tiles[k : k + 4]) for k in range(0, len(tiles), 4)]
    cv2.imwrite(str(path), np.vstack(rows))


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets")
    given = parser.parse_args()
    finder = load_people_finder(given.model)
    sets: dict[str, Callable[[], Iterable[Known]]] = {
        "street/val": lambda: street_pictures(given.material),
        "driving clip": lambda: clip_pictures(given.material, CLIPS[0]),
        "walking clip": lambda: clip_pictures(given.material, CLIPS[1]),
        "rendered, pasted": lambda: pasted_pictures(given.material),
    }
    result: dict[str, object] = {}
    for name, pictures in sets.items():
        tally = measure(pictures(), lambda frame: finder.find_for_redaction(frame, None).xyxy)
        result[f"context: {name}"] = tally.figures()
        if given.sheet:
            contact_sheet(
                pictures(), finder, given.sheet / f"{name.replace('/', '-').replace(' ', '-')}.png"
            )
    rows, _ = sample_rows(WIDTH, HEIGHT)

    def traffic(frame: Frame) -> Floats:
        boxes = confident_boxes(finder.traffic(frame, rows))
        return boxes[tall_enough(read_camera(CAMERA), WIDTH, HEIGHT, boxes)]

    result["traffic: rendered, pasted"] = measure(sets["rendered, pasted"](), traffic).figures()
    result["default"] = asdict(left_on_road(sets["rendered, pasted"](), finder))
    result["cost"] = asdict(cost(given.material, finder))
    if given.json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
    else:
        sys.stdout.write(as_markdown(result))


def as_markdown(result: dict[str, object]) -> str:
    """Return the figures as the tables of docs/privacy.md."""
    lines = [
        "| look and pictures | size | boxes | hidden | 95 % |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, table in result.items():
        if not isinstance(table, dict) or name in {"cost", "default"}:
            continue
        for size, row in table.items():
            if "recall" not in row:
                lines.append(f"| {name} | {size} | | {100 * row['mean']:.1f} % of it | |")
            elif row["boxes"]:
                spread = f"{row['low']:.2f} to {row['high']:.2f}"
                lines.append(
                    f"| {name} | {size} | {row['boxes']} | {row['recall']:.2f} | {spread} |"
                )
    rest = {name: result[name] for name in ("default", "cost")}
    return "\n".join(lines) + f"\n\n{json.dumps(rest)}\n"


if __name__ == "__main__":
    main()
