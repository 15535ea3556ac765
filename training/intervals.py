"""95 % intervals of figures, by drawing scenes: pictures of one scene are not independent.

Efron's percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993): as many
scenes as there are, drawn with replacement, again and again. A class that lies in few scenes gets
the wide interval that it deserves.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roadscan.detect.detection_metrics import RECALLS
from training.measure import Seen, first_hits

DRAWS = 1000
PERCENT = 2.5, 97.5


@dataclass(frozen=True)
class ByScene:
    """One class's detections, most confident first, and its true boxes, by scene."""

    boxes: np.ndarray
    """(scenes,)"""
    scene: np.ndarray
    """(n,) of each detection"""
    hit: np.ndarray
    confidence: np.ndarray


def by_scene(seen: Sequence[Seen], kind: str, others: Sequence[str] = ()) -> ByScene:
    """Sort a set's pictures by scene for one class.

    Scenes are those in which the class, or one of `others`, is labelled.
    """
    having = [one for one in seen if kind in one.tallies]
    wanted = [one for one in seen if not one.tallies.keys().isdisjoint({kind, *others})]
    names = sorted({f"{one.row.source}:{one.row.scene}" for one in wanted})
    number = {name: index for index, name in enumerate(names)}
    boxes = np.zeros(len(names))
    scene, hit, confidence = [], [], []
    for one in having:
        tally, own = one.tallies[kind], number[f"{one.row.source}:{one.row.scene}"]
        boxes[own] += tally.boxes
        scene += [own] * len(tally.confidence)
        hit += first_hits(tally).tolist()
        confidence += tally.confidence
    order = np.argsort(-np.array(confidence), kind="stable")
    return ByScene(
        boxes,
        np.array(scene, int)[order],
        np.array(hit, bool)[order],
        np.array(confidence, float)[order],
    )


def weighted_ap50(data: ByScene, times: np.ndarray) -> float:
    """Return the average precision with each scene counted so many times; nan without boxes."""
    boxes = float(data.boxes @ times)
    if not boxes:
        return float("nan")
    weight = times[data.scene]
    right, all_ = np.cumsum(weight * data.hit), np.cumsum(weight)
    precision = np.divide(right, all_, out=np.zeros(len(all_)), where=all_ > 0)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(right / boxes, RECALLS - 1e-12)].mean())


def weighted_f1(data: ByScene, times: np.ndarray, least: float) -> float:
    """Return F1 at a confidence with each scene counted so many times; nan without boxes."""
    boxes = float(data.boxes @ times)
    taken = data.confidence >= least
    weight = times[data.scene[taken]]
    return float(2 * (weight @ data.hit[taken]) / (weight.sum() + boxes)) if boxes else float("nan")


def interval(
    seen: Sequence[Seen], kind: str, least: float, seed: int = 0
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the 95 % intervals of AP50 and of F1 at a confidence."""
    data = by_scene(seen, kind)
    rng = np.random.default_rng(seed)
    scenes = len(data.boxes)
    drawn = rng.multinomial(scenes, np.full(scenes, 1 / scenes), DRAWS)
    ap50 = [weighted_ap50(data, times) for times in drawn]
    f1 = [weighted_f1(data, times, least) for times in drawn]
    return percentiles(ap50), percentiles(f1)


def mean_interval(
    seen: Sequence[Seen], confidence: dict[str, float], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of the mean AP50 of classes, whose scenes are drawn together."""
    return percentiles(mean_draws(seen, tuple(confidence), seed))


def mean_draws(seen: Sequence[Seen], kinds: Sequence[str], seed: int = 0) -> list[float]:
    """Return the mean AP50 of classes in DRAWS draws of the scenes that label any of them."""
    data = {kind: by_scene(seen, kind, kinds) for kind in kinds}
    count = len(data[kinds[0]].boxes)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a draw without any true box
        return [
            float(np.nanmean([weighted_ap50(one, times) for one in data.values()]))
            for times in drawn
        ]


def share_interval(
    hits: Sequence[int], tried: Sequence[int], scenes: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of hits over tries, given picture by picture with its scene."""
    names = sorted(set(scenes))
    number = [names.index(scene) for scene in scenes]
    hit = np.bincount(number, hits, len(names))
    all_ = np.bincount(number, tried, len(names))
    drawn = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), DRAWS
    )
    with np.errstate(invalid="ignore"):
        return percentiles((drawn @ hit) / (drawn @ all_))


def percentiles(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95 % interval of drawn values."""
    low, high = np.nanpercentile(values, PERCENT)
    return round(float(low), 3), round(float(high), 3)
