"""Detection thresholds: confidence by class, overlap, and calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Minimum confidence by class number, and the overlap above which boxes are one damage.

    Confidences are compared after calibration, sigmoid(logit(network's) / temperature), which
    turns them into hit rates (Guo et al., On Calibration of Modern Neural Networks, 2017).
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
        """Use `least` where a class has no confidence of its own."""
        confidence = tuple(by_class.get(name, least) for name in classes)
        return cls(confidence, nms_iou, temperature)

    def calibrated(self, confidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's confidences as hit rates; temperature 1.0 leaves them unchanged."""
        if self.temperature == 1.0:
            return confidence
        hit_rate: NDArray[np.float32] = expit(logit(confidence) / np.float32(self.temperature))
        return hit_rate
