"""How far the features of a layer reach, in the plane and in time, while they are written."""

import numpy as np

from roadscan.model.arrays import Floats
from roadscan.store.layers.feature_tables import epoch_s


class Extent:
    """Grows with the bounds that it is shown."""

    def __init__(self) -> None:
        self._box: Floats | None = None

    def add(self, bounds: Floats) -> None:
        """Take in west, south, east, north (n, 4); NaN says nothing."""
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
    """Grows with the times that it is shown."""

    def __init__(self) -> None:
        self._from_s: float | None = None
        self._to_s: float | None = None

    def add(self, begin: str | None, end: str | None) -> None:
        """Take in two times as the layers show them."""
        for time in (begin, end):
            if time is not None:
                self.include(epoch_s(time))

    def include(self, t_s: float) -> None:
        """Take in UTC epoch seconds."""
        self._from_s = t_s if self._from_s is None else min(self._from_s, t_s)
        self._to_s = t_s if self._to_s is None else max(self._to_s, t_s)

    def row(self) -> dict[str, float | None]:
        """Return it as columns of `edition_layers`."""
        return {"from_s": self._from_s, "to_s": self._to_s}
