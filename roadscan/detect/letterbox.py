"""Pre- and postprocessing: frame to network input, network output to boxes in the frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from roadscan.detect.thresholds import Thresholds
from roadscan.model.arrays import Floats, Image
from roadscan.model.frame import Boxes, Rows

STRIDE: Final = 32
"""Sides of the network's input are multiples of its coarsest stride."""
PAD_GREY: Final = 114
"""Padding colour that YOLO was trained with."""
MAX_BOXES: Final = 300
"""No frame shows more damage than this: any more is noise."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A frame shrunk to at most `long_side_px` and padded to whole strides on the right and below.

    A smaller frame keeps its size: magnified cracks resemble none in the training data. If the road
    is known to be in certain rows, only these are used.
    """

    frame_shape: tuple[int, int]
    rows: Rows
    scale: float
    height: int
    width: int

    @classmethod
    def fit(
        cls, frame_shape: tuple[int, int], long_side_px: int, rows: Rows | None = None
    ) -> "Letterbox":
        """Choose the smallest input that fits the frame; 16:9 at 640 px gives 640 x 384."""
        rows = rows or Rows(0, frame_shape[0])
        shape = rows.bottom - rows.top, frame_shape[1]
        scale = min(1.0, long_side_px / max(shape))
        height, width = (STRIDE * max(1, -(-round(side * scale) // STRIDE)) for side in shape)
        return cls(frame_shape, rows, scale, height, width)

    def apply(self, image: Image) -> Image:
        """Return the (height, width, 3) BGR input."""
        image = image[self.rows.top : self.rows.bottom]
        rows, columns = (max(1, round(side * self.scale)) for side in image.shape[:2])
        if self.scale < 1:
            # a crack one pixel wide survives averaging but would alias without it
            shrunk = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        else:
            shrunk = image
        filled: Image = np.full((self.height, self.width, 3), PAD_GREY, np.uint8)
        filled[:rows, :columns] = shrunk
        return filled

    def boxes(
        self, answer: NDArray[np.float32], classes: Sequence[str], thresholds: Thresholds
    ) -> Boxes:
        """Convert the network's output to boxes in the frame, most confident first.

        `answer` (4 + classes, n): centre x, centre y, width, height in input pixels, then one
        confidence per class. Of boxes of one class that overlap by more than `nms_iou`, the most
        confident is kept.
        """
        scores = answer[4:]
        best = scores.argmax(axis=0)
        confidence = thresholds.calibrated(scores[best, np.arange(scores.shape[1])])
        found = np.flatnonzero(confidence >= np.array(thresholds.confidence, np.float32)[best])
        best, confidence = best[found], confidence[found]
        centre, size = answer[:2, found].T, answer[2:4, found].T
        corner = centre - size / 2
        kept = np.array(
            cv2.dnn.NMSBoxesBatched(
                np.hstack([corner, size]).tolist(),
                confidence.tolist(),
                best.tolist(),
                0.0,
                thresholds.nms_iou,
            ),
            dtype=np.int64,
        )
        kept = kept[np.argsort(-confidence[kept], kind="stable")][:MAX_BOXES]
        xyxy: Floats = np.hstack([corner[kept], corner[kept] + size[kept]]) / self.scale
        xyxy[:, 1::2] += self.rows.top
        columns, (top, bottom) = self.frame_shape[1], (self.rows.top, self.rows.bottom)
        xyxy = np.clip(xyxy, (0, top, 0, top), (columns, bottom, columns, bottom))
        return Boxes(
            xyxy.astype(np.float64),
            confidence[kept].astype(np.float64),
            tuple(classes[best[n]] for n in kept),
        )
