"""What counts as found: confidences by class, and how far boxes may overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as found: least confidence by class number, and the overlap of one damage.

    Confidences are those after `temperature`: sigmoid(logit(network's) / temperature), which
    makes them hit rates (Guo et al., On Calibration of Modern Neural Networks, 2017).
    """

    confidence: tuple[float, ...]
    nms_iou: float
    temperature: float = 1.0

    @classmethod
    def of(
        cls,
        classes: Sequence[str],
        least: float,
        by_class: Mapping[str, float],
        nms_iou: float,
        temperature: float = 1.0,
    ) -> "Thresholds":
        """Take `least` where a class has no confidence of its own."""
        confidence = tuple(by_class.get(name, least) for name in classes)
        return cls(confidence, nms_iou, temperature)

    def calibrated(self, confidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's confidences as hit rates; 1.0 leaves them bit for bit."""
        if self.temperature == 1.0:
            return confidence
        hit_rate: NDArray[np.float32] = expit(logit(confidence) / np.float32(self.temperature))
        return hit_rate
