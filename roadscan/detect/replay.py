"""Detections replayed from a file: to work without a model, or with another detector's results.

One JSON object per line. The first one may be a header:

    {"width": 1280, "height": 720, "kinds": ["D00", "D10", "D20", "D40", "Repair"]}

Each of the others has the boxes of one frame, by its presentation time in the video:

    {"t_s": 12.48, "boxes": [[x1, y1, x2, y2, confidence, "D00"], ...]}

Pixels refer to the size in the header, or to the frame's own without one.
"""

import hashlib
import math
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from roadscan.errors import RoadscanError
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.hit_rate import HitRate, possible

KINDS: Final = ("D00", "D10", "D20", "D40", "Repair")
SAME_FRAME_S: Final = 0.02
"""A frame takes the nearest line within this time: half a frame interval at 25 frames/s."""
MAX_BYTES: Final = 512 * 1024 * 1024
"""Hundreds of hours of driving; more is not a list of detections."""
MAX_BOXES: Final = 1000
MAX_PX: Final = 20_000.0

Pixel = Annotated[float, Field(ge=-MAX_PX, le=MAX_PX, allow_inf_nan=False)]
Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Kind = Annotated[str, Field(min_length=1, max_length=40)]
Side = Annotated[int, Field(ge=1, le=int(MAX_PX))]
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Header(BaseModel):
    model_config = _STRICT
    width: Side | None = None
    height: Side | None = None
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=100)] = list(KINDS)
    hit_rates: Annotated[dict[Kind, HitRate], AfterValidator(possible)] = {}
    """Of what made the boxes, as in model.toml; without them no score gets an error."""


class _Line(BaseModel):
    model_config = _STRICT
    t_s: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
    boxes: Annotated[
        list[Annotated[tuple[Pixel, Pixel, Pixel, Pixel, Confidence, Kind], Field(strict=False)]],
        Field(max_length=MAX_BOXES),
    ]


class ReplayDetector:
    """Detector that returns the boxes of a file; frames missing in the file have none."""

    def __init__(self, path: Path) -> None:
        data = _read(path)
        self.name = f"replay:{path.name}"
        self.sha256 = hashlib.sha256(data).hexdigest()
        header, lines = _parse(data)
        self.kinds = tuple(header.kinds)
        self.hit_rates = header.hit_rates
        self._size = (header.width, header.height)
        self._lines = sorted(lines, key=lambda line: line.t_s)
        self._times_s = [line.t_s for line in self._lines]

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:  # noqa: ARG002 -- the boxes are given
        """Return the boxes recorded for each frame's time, whatever their rows."""
        return [self._boxes(frame) for frame in frames]

    def _boxes(self, frame: Frame) -> Boxes:
        after = bisect_left(self._times_s, frame.video_t_s)
        near = min(
            range(max(0, after - 1), min(after + 1, len(self._lines))),
            key=lambda n: abs(self._times_s[n] - frame.video_t_s),
            default=None,
        )
        if near is None or abs(self._times_s[near] - frame.video_t_s) > SAME_FRAME_S:
            return Boxes(np.empty((0, 4)), np.empty(0), ())
        boxes = sorted(self._lines[near].boxes, key=lambda box: -box[4])
        height, width = frame.image.shape[:2]
        scale = (width / (self._size[0] or width), height / (self._size[1] or height))
        xyxy = np.array([box[:4] for box in boxes], np.float64).reshape(-1, 4) * (*scale, *scale)
        return Boxes(
            np.clip(xyxy, 0, (width, height, width, height)),
            np.array([box[4] for box in boxes], np.float64),
            tuple(box[5] for box in boxes),
        )


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _malformed(path, f"has {path.stat().st_size} bytes, more than {MAX_BYTES}")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RoadscanError(
            "file_missing",
            f"the file of detections {path} does not exist",
            "Check the name after replay:",
        ) from error
    except OSError as error:
        raise RoadscanError(
            "file_unreadable", f"{path} cannot be read: {error.strerror}", "Check its permissions"
        ) from error


def _parse(data: bytes) -> tuple[_Header, list[_Line]]:
    header, lines = _Header(), []
    for number, text in enumerate(data.splitlines(), start=1):
        if not text.strip():
            continue
        try:
            if number == 1 and b'"t_s"' not in text:
                header = _Header.model_validate_json(text)
                continue
            line = _Line.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "line"
            raise _malformed(f"line {number}", f"{where}: {first['msg']}") from error
        _check(line, header, number)
        lines.append(line)
    return header, lines


def _check(line: _Line, header: _Header, number: int) -> None:
    for x1, y1, x2, y2, _, kind in line.boxes:
        if kind not in header.kinds:
            raise _malformed(f"line {number}", f"kind {kind!r} is not among {header.kinds}")
        if not (x1 < x2 and y1 < y2 and math.isfinite(x1 + y1 + x2 + y2)):
            raise _malformed(f"line {number}", f"box {[x1, y1, x2, y2]} has no area")


def _malformed(where: object, problem: str) -> RoadscanError:
    return RoadscanError(
        "replay_malformed",
        f"detections to replay: {where} {problem}".replace("\n", " "),
        'Write one object a line: {"t_s": 1.5, "boxes": [[x1, y1, x2, y2, confidence, "D00"]]}',
    )
