"""Lines of lanes on the map: linear references converted back to coordinates."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely

from roadscan.model.arrays import Floats
from roadscan.model.road import Direction, Link

MAX_MITRE = 2.0
"""At a sharper kink the offset line is cut off: it would overshoot the bend by far."""


class LaneLine:
    """A lane of a link in the metric CRS, addressed by offset along it and metres to the left.

    The network has the centre line of the street. On a two-way street the lane lies half its width
    to the right of that line, on a one-way street on it.
    """

    def __init__(self, link: Link, direction: Direction) -> None:
        moves = np.hypot(*np.diff(link.xy_m, axis=0).T) > 0.0
        xy_m = link.xy_m[np.concatenate([[True], moves])]
        steps = np.diff(xy_m, axis=0)
        length_m = np.hypot(*steps.T)
        left = np.column_stack([-steps[:, 1], steps[:, 0]]) / length_m[:, None]
        before, after = np.vstack([left[:1], left]), np.vstack([left, left[-1:]])
        cosine = np.clip((before * after).sum(axis=1), 2.0 / MAX_MITRE**2 - 1.0, 1.0)
        self._sign = direction.sign
        self._xy_m = xy_m
        self._left = self._sign * (before + after) / (1.0 + cosine)[:, None]
        self._offset_m = np.concatenate([[0.0], np.cumsum(length_m)])
        two_way = len(link.directions) > 1
        self._middle_m = -link.lane_width_m / 2 if two_way else 0.0

    def points(self, offset_m: Floats, left_m: Floats) -> Floats:
        """Return coordinates (n, 2) of places `left_m` to the left of the lane's middle."""
        line, left = (
            np.column_stack([np.interp(offset_m, self._offset_m, part[:, k]) for k in (0, 1)])
            for part in (self._xy_m, self._left)
        )
        return line + left * (self._middle_m + left_m)[:, None]

    def stretch(self, from_m: float, to_m: float) -> shapely.LineString:
        """Return the lane's middle between two offsets, in the direction of travel."""
        offset_m = self._vertices(from_m, to_m)[:: self._sign]
        return shapely.LineString(self.points(offset_m, np.zeros(len(offset_m))))

    def area(
        self, from_m: float, to_m: float, left_min_m: float, left_max_m: float
    ) -> shapely.Polygon:
        """Return the part of the road between two offsets and two distances from the middle."""
        offset_m = self._vertices(from_m, to_m)
        right = self.points(offset_m, np.full(len(offset_m), left_min_m))
        left = self.points(offset_m, np.full(len(offset_m), left_max_m))
        return shapely.Polygon(np.vstack([right, left[::-1]]))

    def cells(self, rows: range, edges_m: Floats) -> Iterator[tuple[int, int, shapely.Polygon]]:
        """Yield row, strip and outline of all cells, strips from the left."""
        offset_m = np.minimum(np.arange(rows.start, rows.stop + 1.0), self._offset_m[-1])
        lines = [self.points(offset_m, np.full(len(offset_m), edge)) for edge in edges_m]
        for number, row in enumerate(rows):
            for strip, (left, right) in enumerate(pairwise(lines)):
                ends = slice(number, number + 2)
                yield row, strip, shapely.Polygon(np.vstack([right[ends], left[ends][::-1]]))

    def _vertices(self, from_m: float, to_m: float) -> Floats:
        inside = (self._offset_m > from_m) & (self._offset_m < to_m)
        return np.concatenate([[from_m], self._offset_m[inside], [to_m]])
