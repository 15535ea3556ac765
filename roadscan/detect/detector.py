"""What every detector offers, whatever runs it."""

from collections.abc import Sequence
from typing import Protocol

from roadscan.model.frame import Boxes, Frame, Rows


class Detector(Protocol):
    """Finds damage in frames; the same frames give the same boxes."""

    @property
    def name(self) -> str:
        """Model, version and what ran it: scores depend on all three."""

    @property
    def sha256(self) -> str:
        """Of what decides the boxes: weights and thresholds, or the file replayed."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the damage kinds that it can find; what is not among them stays unknown."""

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        """Return the boxes of each frame, in pixels of that frame, most confident first.

        With `rows` only these are looked at, and boxes end at them.
        """
