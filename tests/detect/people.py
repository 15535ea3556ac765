"""Detectors that stand in for the privacy network."""

import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.hit_rate import HitRate


def boxes_at(*xyxy: list[float], confidence: float = 0.9, kind: str = "person") -> Boxes:
    return Boxes(
        np.array(xyxy, np.float64).reshape(-1, 4),
        np.full(len(xyxy), confidence),
        (kind,) * len(xyxy),
    )


class Finds:
    """Finds the same boxes in every frame, and remembers where it was told to look."""

    name, sha256, kinds = "fake", "0" * 64, ("person", "rider", "vehicle")
    hit_rates: Mapping[str, HitRate] = MappingProxyType({})

    def __init__(self, *xyxy: list[float], confidence: float = 0.9) -> None:
        self._boxes = boxes_at(*xyxy, confidence=confidence)
        self.asked_for: list[Rows | None] = []

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        self.asked_for.append(rows)
        return [self._boxes for _ in frames]


class Raises(Finds):
    """Fails at every frame."""

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        message = "out of memory"
        raise MemoryError(message)


class NeverAnswers(Finds):
    """Hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = threading.Event()
        self.asked = 0

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        self.asked += 1
        self._gate.wait(30.0)
        return super().detect(frames, rows)

    def let_go(self) -> None:
        self._gate.set()
