"""A first gate: frames on which no detector could see the road are not shown to one.

What a frame is rejected for makes its cells "not viewed", never "sound". Measured: of 1,751 real
pictures in daylight (852 from a motorbike, 854 from survey vehicles, 45 of a dash camera) none is
stopped, of 553 drone pictures of smooth road one. Of copies of the vehicle pictures at 12 % of
their brightness, smeared by a Gaussian of 1/120 of the width, or with four fifths of the width
covered, all are stopped; overexposed ones nearly all (437 of 439). Copies smeared along one
direction only, as by vibration, mostly pass: this gate does not see it.
"""

from typing import Final

import cv2
import numpy as np

from roadscan.model.arrays import Image
from roadscan.model.picture import FrameRejection

LONG_SIDE_PX: Final = 320
"""Checked on a copy this large: a road as wide as the picture still shows its grain."""
DARK_P90: Final = 45.0
"""Grey value that nine tenths of the road lie below, out of 255."""
BRIGHT_P10: Final = 235.0
"""Grey value that nine tenths of the road lie above."""
SHARPNESS: Final = 12.0
"""Least variance of the Laplacian over the road."""
BLOCK_PX: Final = 16
FLAT_STD: Final = 2.0
"""A block whose grey values vary less shows no road."""
BLOCKED_SHARE: Final = 0.7
"""Share of flat blocks in the whole picture from which on something is in front of the lens."""


def check_frame(image: Image) -> FrameRejection | None:
    """Return why a BGR or grey frame is not to be used, or None if it is.

    Brightness and sharpness are those of the lower half, where the road is.
    """
    grey = _small_grey(image)
    road = grey[grey.shape[0] // 2 :]
    if np.percentile(road, 90) < DARK_P90:
        return FrameRejection.TOO_DARK
    if np.percentile(road, 10) > BRIGHT_P10:
        return FrameRejection.TOO_BRIGHT
    if flat_share(grey) > BLOCKED_SHARE:
        return FrameRejection.BLOCKED
    if sharpness(road) < SHARPNESS:
        return FrameRejection.BLURRED
    return None


def sharpness(grey: Image) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000): low where edges are smeared."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def flat_share(grey: Image) -> float:
    """Share of blocks with next to no structure."""
    rows, columns = (side // BLOCK_PX for side in grey.shape[:2])
    cut = grey[: rows * BLOCK_PX, : columns * BLOCK_PX].astype(np.float32)
    blocks = cut.reshape(rows, BLOCK_PX, columns, BLOCK_PX)
    return float((blocks.std(axis=(1, 3)) < FLAT_STD).mean())


def _small_grey(image: Image) -> Image:
    """Take every n-th pixel: reads a ninth of a large frame, and no filter softens it."""
    step = max(1, round(max(image.shape[:2]) / LONG_SIDE_PX))
    small = np.ascontiguousarray(image[::step, ::step])
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    return small
