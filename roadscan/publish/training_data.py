"""Export the reviewed frames as a YOLO folder for training (docs/training.md).

A reviewer states what one box is, not that a frame contains nothing else. So a frame claims a class
only if a reviewer was asked about it there and every box of that class in the frame was judged.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.model.damage import Verdict
from roadscan.model.review import BoxKey, BoxVerdict, Decision
from roadscan.model.stored_picture import Picture
from roadscan.store.store import Store

VIEW: Final = "vehicle"
COVERS: Final = """\
What these labels cover

Pictures are those that roadscan keeps: the driven lane and a metre to either side, the rest as
coarse blocks, people and vehicles blocked out. Frames without a stored picture are left out.

A picture is here because a reviewer was shown a box in it. A label is a box of the detector that
stands after review, under the name that it has now; a box that was rejected has none. Corners are
the detector's: nobody drew or moved a box.

`labelled` in manifest.csv names the classes that a reviewer was asked about in the picture, without
those of which a box in it was not judged. Of other classes it claims nothing. Damage that the
detector did not find was not asked about either, and has no label: the road that seems sound here
is road on which the detector found nothing, or on which a reviewer saw a false alarm.

What is reviewed is not drawn by lot: it is what the classes of road segments hang on.
"""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Counts of what was written, and of what was left out."""

    frames: int
    boxes: int
    without_picture: int
    unclear: int
    """Frames in which every class asked about has an unjudged box."""


@dataclass(frozen=True, slots=True)
class ReviewedFrame:
    """A frame with the boxes that remain in it, and the classes that it claims."""

    drive_id: str
    frame_t_s: float
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...]
    labelled: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name composed of drive and time."""
        return f"{self.drive_id}_{round(self.frame_t_s * 1000)}"


def reviewed_frames(
    decisions: Iterable[Decision],
    judgements: Mapping[BoxKey, BoxVerdict],
    beside: Mapping[tuple[str, float], Sequence[BoxKey]],
) -> tuple[ReviewedFrame, ...]:
    """Return the frames that reviewers were shown, in order of drive and time.

    `beside` are all boxes of each of these frames.
    """
    asked: dict[tuple[str, float], set[str]] = {}
    for decision in decisions:
        shown = decision.subject.boxes[0]
        if not decision.undone and shown in judgements:
            classes = asked.setdefault((shown.drive_id, shown.frame_t_s), set())
            classes |= {shown.kind, judgements[shown].kind}
    found = []
    for frame, classes in sorted(asked.items()):
        boxes = beside.get(frame, ())
        open_ = {box.kind for box in boxes if box not in judgements}
        stand = tuple(
            (judgements[box].kind, box.xyxy)
            for box in boxes
            if box in judgements and judgements[box].verdict is not Verdict.REJECTED
        )
        found.append(ReviewedFrame(*frame, stand, tuple(sorted(classes - open_))))
    return tuple(found)


def write_training_data(store: Store, surveys: Sequence[str], out: Path) -> TrainingData:
    """Write images/, labels/, data.yaml, manifest.csv and README.txt into a new or empty folder.

    Raises
    ------
    RoadscanError
        `output_not_writable` if the folder is not empty or cannot be created.
    """
    classes = tuple(dict.fromkeys(kind for name in surveys for kind in _classes(store, name)))
    count, rows = Counter[str](), list[dict[str, str]]()
    try:
        _make_empty(out)
        known = set[str]()
        for survey in surveys:
            for frame in _frames_of(store, survey):
                if frame.name in known:
                    continue
                known.add(frame.name)
                picture = store.pictures.of_frame(survey, frame.drive_id, frame.frame_t_s)
                if picture is None:
                    count["without_picture"] += 1
                elif not frame.labelled:
                    count["unclear"] += 1
                else:
                    rows.append(_write(out, frame, picture, classes))
                    count["boxes"] += len(frame.boxes)
        _write_about(out, rows, classes)
    except OSError as error:
        raise RoadscanError(
            "output_not_writable",
            f"{out} cannot be written ({error.strerror})",
            "Name another folder",
        ) from error
    return TrainingData(len(rows), count["boxes"], count["without_picture"], count["unclear"])


def _classes(store: Store, survey: str) -> tuple[str, ...]:
    """Return the model's classes, and any others that reviewers named."""
    named = sorted({one.kind for one in store.reviews.in_force(survey).values()})
    return (*store.survey(survey).model_kinds, *named)


def _frames_of(store: Store, survey: str) -> tuple[ReviewedFrame, ...]:
    reviews = store.reviews
    return reviewed_frames(reviews.of(survey), reviews.in_force(survey), reviews.beside(survey))


def _make_empty(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise RoadscanError(
            "output_not_writable", f"{out} is not empty", "Name a folder that is not there yet"
        )
    for name in ("images", "labels"):
        (out / name).mkdir()


def _write(
    out: Path, frame: ReviewedFrame, picture: Picture, classes: Sequence[str]
) -> dict[str, str]:
    image = Path("images", f"{frame.name}.jpg")
    (out / image).write_bytes(picture.jpeg)
    lines = (_line(classes.index(kind), xyxy, picture) for kind, xyxy in frame.boxes)
    (out / "labels" / f"{frame.name}.txt").write_text("".join(lines), encoding="ascii")
    return {
        "file": image.as_posix(),
        "scene": frame.drive_id,
        "view": VIEW,
        "labelled": " ".join(frame.labelled),
    }


def _line(number: int, xyxy: tuple[float, float, float, float], picture: Picture) -> str:
    """Return a YOLO line: a box in pixels of the frame as shares of its picture."""
    sides = (picture.width, picture.height) * 2
    x1, y1, x2, y2 = (
        min(max(value * picture.scale / side, 0.0), 1.0)
        for value, side in zip(xyxy, sides, strict=True)
    )
    return f"{number} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}\n"


def _write_about(out: Path, rows: Sequence[dict[str, str]], classes: Sequence[str]) -> None:
    names = "".join(f"  {n}: {json.dumps(name)}\n" for n, name in enumerate(classes))
    text = f"path: .\ntrain: images\nval: images\nnames:\n{names}"
    (out / "data.yaml").write_text(text, encoding="utf-8")
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("file", "scene", "view", "labelled"))
        writer.writeheader()
        writer.writerows(rows)
    (out / "README.txt").write_text(COVERS, encoding="utf-8")
