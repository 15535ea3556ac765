"""Frame quality gate: rejects frames in which the detector would not find damage.

The cells of a rejected frame count as not viewed, never as sound. `benchmarks/quality.py` measures
both error rates of every rule on real frames and on copies degraded by known amounts;
docs/quality.md has the figures, how many boxes are still found at each amount, and what no rule
covers.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from roadscan.model.arrays import Bools, Floats, Image
from roadscan.model.frame import FrameRejection

LONG_SIDE_PX: Final = 320
"""Size of the copy that is checked: a road as wide as the picture still shows its texture."""
DARK_P90: Final = 45.0
"""Maximum 90th percentile of the road's grey values, out of 255, for a dark frame."""
BRIGHT_P60: Final = 245.0
"""Minimum 60th percentile of the lower half for overexposure: grass is never that bright."""
BLOCK_PX: Final = 16
EDGE_MAX: Final = 40.0
"""Limit of a second difference, so that a lane marking counts no more than strong texture."""
SMOOTH: Final = 1.0
"""A block whose mean second differences are smaller in every direction shows no road: of real road
blocks in daylight, one in a hundred is."""
COVERED_SHARE: Final = 0.3
"""Share of smooth blocks in the lower half above which something hides the road."""
SHARP_P95: Final = 2.0
"""A picture with an obstacle in front of the lens is sharp beside it: one block in twenty has this
much in every direction. A picture out of focus has none."""
GRAIN: Final = 2.0
"""Minimum second difference in the weakest direction, in percent of the road's grey value."""
ISOTROPY: Final = 0.38
"""Minimum ratio of weakest to strongest direction; motion blur removes texture along it."""
SLANT: Final = 0.7
"""Minimum ratio of weaker to stronger diagonal: alike on a road, not under diagonal blur."""
DIRECTIONS: Final = ((0, 1), (1, 1), (1, 0), (1, -1))
LEAST_GREY: Final = 30.0


@dataclass(frozen=True, slots=True)
class Texture:
    """Fine structure of a picture's blocks, as means of second differences.

    `weakest` and `strongest` (rows, columns) of four directions, `slant` the ratio of the weaker
    diagonal to the stronger; empty for a picture smaller than a block.
    """

    weakest: Floats
    strongest: Floats
    slant: Floats

    @property
    def smooth(self) -> Bools:
        """Blocks without structure in any direction."""
        return self.strongest < SMOOTH


def check_frame(image: Image) -> FrameRejection | None:
    """Return why a BGR or grey frame is unusable, or None if it is usable.

    All measures but the sharpest block are taken from the lower half, where the road is.
    """
    grey = _small_grey(image)
    road = grey[grey.shape[0] // 2 :]
    if np.percentile(road, 90) < DARK_P90:
        return FrameRejection.TOO_DARK
    if np.percentile(road, 60) > BRIGHT_P60:
        return FrameRejection.TOO_BRIGHT
    texture = block_texture(grey)
    if not texture.strongest.size:
        return None
    first = texture.strongest.shape[0] // 2
    below = Texture(texture.weakest[first:], texture.strongest[first:], texture.slant[first:])
    if below.smooth.mean() > COVERED_SHARE:
        return _covered(texture, below)
    seen = ~below.smooth
    weakest, strongest = below.weakest[seen], below.strongest[seen]
    level = max(float(np.median(road)), LEAST_GREY)
    too_soft = 100 * np.median(weakest) < GRAIN * level
    smeared = np.median(weakest / strongest) < ISOTROPY or np.median(below.slant[seen]) < SLANT
    if too_soft or smeared:
        return FrameRejection.BLURRED
    return None


def _covered(texture: Texture, below: Texture) -> FrameRejection:
    """Distinguish a bonnet or dashboard, other obstacles in front of the lens, and blur."""
    if np.percentile(texture.weakest, 95) < SHARP_P95:
        return FrameRejection.BLURRED
    rows = below.smooth.mean(axis=1)
    lowest = rows[len(rows) // 2 :].mean()
    return FrameRejection.BONNET if lowest > 0.9 > rows[0] + 0.4 else FrameRejection.BLOCKED


def block_texture(grey: Image) -> Texture:
    """Return the texture of each block of a grey picture.

    A second difference ignores slopes of brightness, such as reflections on a bonnet, and is large
    where grey values change from pixel to pixel, as those of asphalt do in every direction.
    """
    rows, columns = (max(0, side - 2) // BLOCK_PX for side in grey.shape)
    inner = grey.astype(np.float32)
    height, width = rows * BLOCK_PX, columns * BLOCK_PX
    centre = 2 * inner[1 : height + 1, 1 : width + 1]
    means = []
    for down, right in DIRECTIONS:
        one = inner[1 + down : height + 1 + down, 1 + right : width + 1 + right]
        other = inner[1 - down : height + 1 - down, 1 - right : width + 1 - right]
        change = np.minimum(np.abs(centre - one - other), EDGE_MAX)
        means.append(change.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3)))
    diagonals = means[1], means[3]
    slant = np.minimum(*diagonals) / np.maximum(np.maximum(*diagonals), 1e-6)
    return Texture(np.min(means, axis=0), np.max(means, axis=0), slant)


def _small_grey(image: Image) -> Image:
    """Take every n-th pixel: reads a ninth of a large frame, and does not soften it."""
    step = max(1, round(max(image.shape[:2]) / LONG_SIDE_PX))
    small = np.ascontiguousarray(image[::step, ::step])
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    return small
