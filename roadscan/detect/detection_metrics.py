"""Detection metrics: average precision as defined by COCO, precision, recall and F1.

Detections are matched per picture and class, most confident first, each to the unmatched true box
that it overlaps most. Average precision is the mean, over the 101 recalls 0, 0.01, ... 1, of the
best precision at that recall or above (Lin et al., Microsoft COCO, 2014; pycocotools' cocoeval
gives the same up to its limit of 100 detections per class and picture).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from roadscan.detect.model_folder import Figures
from roadscan.model.arrays import Bools, Floats
from roadscan.model.frame import Boxes

LEAST_CONFIDENCE: Final = 0.01
"""Detections down to here count for the average precision."""
OVERLAPS: Final[Floats] = np.arange(50, 100, 5) / 100
"""IoU thresholds for a true positive: AP50 uses the first, AP50-95 all."""
RECALLS: Final[Floats] = np.linspace(0, 1, 101)


@dataclass(slots=True)
class Tally:
    """Counts for one class over many pictures: true boxes, and the detections with their hits."""

    boxes: int = 0
    confidence: list[float] = field(default_factory=list)
    hit: list[Bools] = field(default_factory=list)
    """(10,) each, by `OVERLAPS`."""

    @classmethod
    def pooled(cls, tallies: Iterable["Tally"]) -> "Tally":
        """Combine several sets of pictures."""
        pool = cls()
        for tally in tallies:
            pool.boxes += tally.boxes
            pool.confidence += tally.confidence
            pool.hit += tally.hit
        return pool


def count(found: Boxes, truth: Boxes, tallies: Mapping[str, Tally]) -> None:
    """Add one picture; classes without a tally are those not labelled in it."""
    found_kind, true_kind = np.array(found.kind, object), np.array(truth.kind, object)
    order = np.argsort(-found.confidence, kind="stable")
    for kind, tally in tallies.items():
        of_kind = order[found_kind[order] == kind]
        tally.boxes += int((true_kind == kind).sum())
        tally.confidence += found.confidence[of_kind].tolist()
        tally.hit += list(_hits(overlaps(found.xyxy[of_kind], truth.xyxy[true_kind == kind])))


def overlaps(one: Floats, other: Floats) -> Floats:
    """Return the intersection over union (n, m) of boxes (n, 4) with boxes (m, 4)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = np.prod(one[:, 2:] - one[:, :2], axis=1)[:, None]
    areas = area + np.prod(other[:, 2:] - other[:, :2], axis=1) - shared
    share: Floats = np.divide(shared, areas, out=np.zeros_like(shared), where=areas > 0)
    return share


def _hits(shares: Floats) -> Bools:
    """Return (n, 10): whether each detection, in order, hits a still unmatched true box."""
    hit = np.zeros((len(shares), len(OVERLAPS)), bool)
    free = np.ones((shares.shape[1], len(OVERLAPS)), bool)
    if not shares.shape[1]:
        return hit
    level = np.arange(len(OVERLAPS))
    for number, row in enumerate(shares):
        open_to = np.where(free, row[:, None], -1.0)
        best = open_to.argmax(axis=0)
        hit[number] = open_to[best, level] >= OVERLAPS - 1e-10
        free[best[hit[number]], level[hit[number]]] = False
    return hit


def figures(tally: Tally, confidence: float) -> Figures:
    """Return a class's figures; precision, recall and F1 at the threshold `confidence`.

    Without true boxes all figures are None; precision is 0 where nothing was detected.
    """
    if not tally.boxes:
        return Figures(boxes=0)
    given = np.array(tally.confidence, np.float64)
    order = np.argsort(-given, kind="stable")
    hit = np.array(tally.hit, bool).reshape(-1, len(OVERLAPS))[order]
    by_overlap = [average_precision(hit[:, level], tally.boxes) for level in range(len(OVERLAPS))]
    taken = int((given >= confidence).sum())
    right = int(hit[:taken, 0].sum())
    return Figures(
        boxes=tally.boxes,
        ap50=_rounded(by_overlap[0]),
        ap50_95=_rounded(float(np.mean(by_overlap))),
        precision=_rounded(right / max(taken, 1)),
        recall=_rounded(right / tally.boxes),
        f1=_rounded(2 * right / (taken + tally.boxes)),
    )


def average_precision(hit: Bools, boxes: int) -> float:
    """Return the average precision of detections (n,), most confident first, for `boxes` true ones.

    Raises
    ------
    ValueError
        If there are no true boxes.
    """
    if boxes < 1:
        message = f"average precision of {boxes} true boxes"
        raise ValueError(message)
    right = np.cumsum(hit)
    precision = right / np.arange(1, len(hit) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(right / boxes, RECALLS, side="left")
    return float(np.append(best_from_here, 0.0)[reached].mean())


def pooled_f1(tallies: Iterable[tuple[Tally, float]]) -> float | None:
    """Return F1 over all boxes of classes at their thresholds; None without true boxes.

    The metric of the CRDDC challenge (Arya et al., 2022): a hit is a box of the right class that
    overlaps by half (IoU).
    """
    right = taken = boxes = 0
    for tally, confidence in tallies:
        found = np.array(tally.confidence, np.float64) >= confidence
        taken += int(found.sum())
        boxes += tally.boxes
        right += int(np.array(tally.hit, bool).reshape(-1, len(OVERLAPS))[found, 0].sum())
    return _rounded(2 * right / (taken + boxes)) if boxes else None


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean over the classes that have a value; None if none has."""
    known = [value for value in values if value is not None]
    return _rounded(float(np.mean(known))) if known else None


def _rounded(value: float) -> float:
    return round(value, 4)
