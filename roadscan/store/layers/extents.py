"""The extent of a layer in space and time, accumulated while its features are written."""

import numpy as np

from roadscan.model.arrays import Floats
from roadscan.store.layers.feature_tables import epoch_s


class Extent:
    """Bounding box in CRS84."""

    def __init__(self) -> None:
        self._box: Floats | None = None

    def add(self, bounds: Floats) -> None:
        """Extend to bounds (n, 4) of west, south, east, north; NaN rows are ignored."""
        known = bounds[~np.isnan(bounds).any(axis=1)]
        if self._box is not None:
            known = np.vstack([known, self._box])
        if len(known):
            low, high = known[:, :2].min(axis=0), known[:, 2:].max(axis=0)
            self._box = np.concatenate([low, high])

    def row(self) -> dict[str, float | None]:
        """Return it as columns of `edition_layers`."""
        names = ("west", "south", "east", "north")
        box = [None] * 4 if self._box is None else self._box.tolist()
        return dict(zip(names, box, strict=True))


class Span:
    """Time interval in UTC epoch seconds."""

    def __init__(self) -> None:
        self._from_s: float | None = None
        self._to_s: float | None = None

    def add(self, begin: str | None, end: str | None) -> None:
        """Extend to two times in ISO 8601."""
        for time in (begin, end):
            if time is not None:
                self.include(epoch_s(time))

    def include(self, t_s: float) -> None:
        """Extend to a time in UTC epoch seconds."""
        self._from_s = t_s if self._from_s is None else min(self._from_s, t_s)
        self._to_s = t_s if self._to_s is None else max(self._to_s, t_s)

    def row(self) -> dict[str, float | None]:
        """Return it as columns of `edition_layers`."""
        return {"from_s": self._from_s, "to_s": self._to_s}
