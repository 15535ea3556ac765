"""A gate before the detector: frames in which it would not find damage are not shown to it.

What a frame is rejected for makes its cells "not viewed", never "sound". `benchmarks/quality.py`
measures both errors of every rule on real frames and on copies of them spoiled by a known amount;
docs/quality.md has the figures, how many boxes are still found at each amount, and what no rule is
for.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from roadscan.model.arrays import Bools, Floats, Image
from roadscan.model.frame import FrameRejection

LONG_SIDE_PX: Final = 320
"""Checked on a copy this large: a road as wide as the picture still shows its grain."""
DARK_P90: Final = 45.0
"""Grey value that nine tenths of the road lie below, out of 255."""
BRIGHT_P60: Final = 245.0
"""Grey value that two fifths of the lower half lie above: beside a blown out road, grass is not."""
BLOCK_PX: Final = 16
EDGE_MAX: Final = 40.0
"""A lane marking counts no more than strong grain: grey values of second difference."""
SMOOTH: Final = 1.0
"""A block whose second differences average less in every direction shows no road: real ones in
daylight keep above it all but one in a hundred."""
COVERED_SHARE: Final = 0.3
"""Share of smooth blocks of the road from which on something hides it."""
SHARP_P95: Final = 2.0
"""A picture with something in front of the lens is sharp beside it: one block in twenty has this
much in every direction. One that is out of focus has none."""
GRAIN: Final = 2.0
"""Least second difference along the weakest direction, in percent of the road's grey value."""
ISOTROPY: Final = 0.38
"""Least ratio of the weakest direction to the strongest; smearing takes the grain along it."""
SLANT: Final = 0.7
"""Least ratio of the weaker diagonal to the stronger: a road treats them alike, a slanted smear
does not."""
DIRECTIONS: Final = ((0, 1), (1, 1), (1, 0), (1, -1))
LEAST_GREY: Final = 30.0


@dataclass(frozen=True, slots=True)
class Texture:
    """How much fine structure blocks of a picture have: means of second differences.

    `weakest` and `strongest` (rows, columns) of four directions, `slant` the ratio of the weaker
    diagonal to the stronger; a picture too small for a block has none.
    """

    weakest: Floats
    strongest: Floats
    slant: Floats

    @property
    def smooth(self) -> Bools:
        """Blocks without structure in any direction."""
        return self.strongest < SMOOTH


def check_frame(image: Image) -> FrameRejection | None:
    """Return why a BGR or grey frame is not to be used, or None if it is.

    All but the sharpest block is judged on the lower half, where the road is.
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
    """Tell a bonnet or dashboard from what else is in front of the lens, and both from blur."""
    if np.percentile(texture.weakest, 95) < SHARP_P95:
        return FrameRejection.BLURRED
    rows = below.smooth.mean(axis=1)
    lowest = rows[len(rows) // 2 :].mean()
    return FrameRejection.BONNET if lowest > 0.9 > rows[0] + 0.4 else FrameRejection.BLOCKED


def block_texture(grey: Image) -> Texture:
    """Return the grain of each block of a grey picture.

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
    """Take every n-th pixel: reads a ninth of a large frame, and no filter softens it."""
    step = max(1, round(max(image.shape[:2]) / LONG_SIDE_PX))
    small = np.ascontiguousarray(image[::step, ::step])
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    return small
