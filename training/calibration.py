"""Does a confidence of 0.4 mean that four in ten are right? Temperature scaling and its diagram.

One number is fitted on validation pictures (Guo et al., On Calibration of Modern Neural Networks,
2017): sigmoid(logit(confidence) / temperature). model.toml keeps it, roadscan.detect applies it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from roadscan.detect.detection_metrics import Tally
from training.measure import first_hits

BINS = 10
LEAST, MOST = 0.05, 0.999
"""Boxes below are the endless noise that no threshold lets through: they would decide the fit."""


@dataclass(frozen=True)
class Reliability:
    """Mean confidence and share of hits of each bin of confidence; nan where there is nothing."""

    confidence: np.ndarray
    hit_rate: np.ndarray
    count: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap, weighed by the number of boxes."""
        gaps = np.abs(self.confidence - self.hit_rate)
        return float(np.nansum(gaps * self.count) / max(self.count.sum(), 1))


def pool(tallies: Sequence[Tally]) -> tuple[np.ndarray, np.ndarray]:
    """Return confidence and hit of all detections from LEAST on."""
    tally = Tally.pooled(tallies)
    confidence, hit = np.array(tally.confidence), first_hits(tally)
    return confidence[confidence >= LEAST], hit[confidence >= LEAST]


def temperature(confidence: np.ndarray, hit: np.ndarray) -> float:
    """Return the temperature with the least cross-entropy between confidence and hit."""
    if not len(hit) or hit.all() or not hit.any():
        return 1.0
    given = logit(np.clip(confidence, 1e-4, MOST))

    def loss(log_temperature: float) -> float:
        rate = np.clip(expit(given / np.exp(log_temperature)), 1e-6, 1 - 1e-6)
        return float(-np.mean(np.where(hit, np.log(rate), np.log(1 - rate))))

    best = minimize_scalar(loss, bounds=(-1.6, 1.6), method="bounded")
    return round(float(np.exp(best.x)), 3)


def at_temperature(confidence: np.ndarray, value: float) -> np.ndarray:
    """Return what roadscan.detect makes of the network's confidences."""
    return expit(logit(np.clip(confidence, 1e-9, 1 - 1e-9)) / value)


def reliability(confidence: np.ndarray, hit: np.ndarray) -> Reliability:
    """Sort detections into equal bins of confidence."""
    bins = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    number = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(bins, confidence, minlength=BINS) / number
        rate = np.bincount(bins, hit.astype(float), minlength=BINS) / number
    return Reliability(mean, rate, number)
