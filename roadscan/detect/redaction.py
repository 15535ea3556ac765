"""Redaction: the only way out for pixels; no part of a frame is stored without it.

By default a picture shows the driven lane and 1 m beside it; all else is replaced by coarse blocks
of uniform colour, which nothing can undo. Within the lane, persons, riders and vehicles are painted
over as whole boxes with a margin. Where that is not possible, there is no picture but a reason.
Pictures are re-encoded from pixels, so none of a camera's metadata is stored.
"""

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np

from roadscan.detect.people import PeopleDetectionError, PeopleFinder
from roadscan.model.arrays import Bools, Floats, Image
from roadscan.model.frame import Frame, Rows
from roadscan.model.stored_picture import Picture, PictureRefusal, PictureView

BLOCKS_ACROSS: Final = 24
"""Blocks across a picture: a face 10 m away is a quarter of one."""
GROWTH: Final = 0.1
"""Margin on each side relative to the box: boxes cut off hands, feet and mirrors."""
LEAST_GROWTH: Final = 1 / 200
"""Minimum margin relative to the picture's width, for small boxes."""
PAINT_BGR: Final = (96, 96, 96)
LONG_SIDE_PX: Final = 1280
"""Maximum size of stored pictures."""
JPEG_QUALITY: Final = 85
BOX_BGR: Final = (0, 170, 255)
TEXT_BGR: Final = (20, 20, 20)


def _always(boxes: Floats) -> Bools:
    return np.ones(len(boxes), np.bool_)


def redacted_picture(
    frame: Frame,
    view: PictureView,
    outline: Floats | None,
    rows: Rows | None,
    finder: PeopleFinder | None,
    also_known: Sequence[Floats] = (),
    could_be_person: Callable[[Floats], Bools] = _always,
) -> Picture | PictureRefusal:
    """Return the redacted picture of a frame, or the reason why there is none.

    `outline` (n, 2) is the area of road that a ROAD picture shows, in pixels, and `rows` are those
    searched for persons and vehicles on it (a CONTEXT picture is searched as a whole); `also_known`
    (n, 4) are further boxes of persons and vehicles, as from neighbouring frames. `could_be_person`
    tells which boxes on the road are large enough; others in a ROAD picture are the damage itself.
    """
    if outline is None or rows is None:
        return PictureRefusal.NO_GEOMETRY
    if finder is None:
        return PictureRefusal.NO_NETWORK
    try:
        if view is PictureView.ROAD:
            found = finder.find_for_redaction(frame, rows).xyxy
            found = found[could_be_person(found)]
        else:
            found = finder.find_for_redaction(frame, None).xyxy
    except PeopleDetectionError as failure:
        return failure.why
    shown = frame.image.copy()
    for box in enlarged_boxes(np.vstack([found, *also_known]), frame.image.shape):
        x1, y1, x2, y2 = box
        shown[y1:y2, x1:x2] = PAINT_BGR
    if view is PictureView.ROAD:
        cv2.copyTo(
            pixelated(shown), (~inside_polygon(outline, shown.shape)).astype(np.uint8), shown
        )
    return _encoded(shown, view)


def enlarged_boxes(boxes: Floats, shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Return boxes (n, 4) as whole pixels (x1, y1, x2, y2), enlarged on every side."""
    height, width = shape[:2]
    sides = boxes[:, 2:] - boxes[:, :2]
    more = np.maximum(sides * GROWTH, width * LEAST_GROWTH)
    low = np.floor(np.clip(boxes[:, :2] - more, 0, (width, height))).astype(int)
    high = np.ceil(np.clip(boxes[:, 2:] + more, 0, (width, height))).astype(int)
    return [(x1, y1, x2, y2) for (x1, y1), (x2, y2) in zip(low, high, strict=True)]


def inside_polygon(outline: Floats, shape: tuple[int, ...]) -> Bools:
    """Tell which pixels lie within a polygon, edge included."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask.astype(np.bool_)


def pixelated(image: Image) -> Image:
    """Return the picture in square blocks of their mean colour."""
    height, width = image.shape[:2]
    side = -(-width // BLOCKS_ACROSS)
    rows, columns = (np.append(np.arange(0, end, side), end) for end in (height, width))
    high = np.add.reduceat(image, rows[:-1], axis=0, dtype=np.uint32)
    sums = np.add.reduceat(high, columns[:-1], axis=1)
    pixels = np.outer(np.diff(rows), np.diff(columns))[..., None]
    means = np.round(sums / pixels).astype(np.uint8)
    blocks: Image = means.repeat(side, axis=0).repeat(side, axis=1)[:height, :width]
    return blocks


def with_labelled_box(
    picture: Picture, box_xyxy: tuple[float, float, float, float], text: str
) -> Picture:
    """Return the picture with a labelled box, given in pixels of its frame."""
    image = _decoded(picture)
    x1, y1, x2, y2 = (round(side * picture.scale) for side in box_xyxy)
    thick = max(1, picture.width // 480)
    cv2.rectangle(image, (x1, y1), (x2, y2), BOX_BGR, thick, cv2.LINE_AA)
    size = picture.width / 1600
    (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    left = int(np.clip(x1, 0, max(0, picture.width - wide - 8)))
    top = y1 - high - below - 4 if y1 > high + below + 4 else min(y2 + 2, picture.height - high)
    cv2.rectangle(image, (left, top), (left + wide + 8, top + high + below + 2), BOX_BGR, -1)
    at = (left + 4, top + high + 1)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, TEXT_BGR, thick, cv2.LINE_AA)
    return _encoded(image, picture.view, picture.scale)


def _encoded(image: Image, view: PictureView, scale: float = 1.0) -> Picture:
    shrink = min(1.0, LONG_SIDE_PX / max(image.shape[:2]))
    if shrink < 1:
        height, width = (round(side * shrink) for side in image.shape[:2])
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        image = np.asarray(small, np.uint8)
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        message = "the picture could not be encoded"
        raise AssertionError(message)
    height, width = image.shape[:2]
    return Picture(jpeg.tobytes(), view, width, height, scale * shrink)


def _decoded(picture: Picture) -> Image:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        message = "a stored picture cannot be decoded"
        raise AssertionError(message)
    return np.asarray(image, np.uint8)
