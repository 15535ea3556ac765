"""Curves as pictures, and the contact sheet of what a model misses and makes up."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np

from roadscan.detect.detection_metrics import Tally, overlaps
from training.calibration import Reliability
from training.measure import Seen, first_hits

mpl.use("agg")
from matplotlib import pyplot as plt

TILE_PX = 300
TILES = 24
COLUMNS = 6
TRUE, FOUND = (255, 160, 0), (0, 0, 255)
"""BGR: blue is true, red is found."""


def curves(tallies: dict[str, Tally], confidence: dict[str, float], path: Path, title: str) -> None:
    """Draw precision over recall for each class; a dot is the confidence of model.toml."""
    figure, axes = plt.subplots(figsize=(5, 4.5))
    for kind, tally in tallies.items():
        if not tally.boxes:
            continue
        given = np.array(tally.confidence)
        order = np.argsort(-given, kind="stable")
        right = np.cumsum(first_hits(tally)[order])
        recall, precision = right / tally.boxes, right / np.arange(1, len(right) + 1)
        (line,) = axes.plot(recall, precision, label=f"{kind} ({tally.boxes} boxes)")
        taken = int((given >= confidence[kind]).sum())
        if taken:
            axes.plot(recall[taken - 1], precision[taken - 1], "o", color=line.get_color())
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1), title=title)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def diagram(before: Reliability, after: Reliability, path: Path, title: str) -> None:
    """Draw the share of hits over confidence, before and after temperature scaling."""
    figure, axes = plt.subplots(figsize=(4.5, 4.5))
    axes.plot((0, 1), (0, 1), color="grey", linewidth=1)
    for found, name in ((before, "network"), (after, "with temperature")):
        axes.plot(found.confidence, found.hit_rate, "o-", label=f"{name}: error {found.error:.3f}")
    axes.set(xlabel="confidence", ylabel="share of hits", xlim=(0, 1), ylim=(0, 1), title=title)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def contact_sheet(
    seen: Sequence[Seen], confidence: dict[str, float], data: Path, path: Path
) -> None:
    """Draw 12 pictures with misses, then 12 with false alarms, each spread over the set's scenes.

    A miss is a true box that nothing found overlaps by half; a false alarm the most confident
    box that overlaps no true one. Thin blue boxes are true, red ones found.
    """
    missed = [one for one in seen if _missed(one, confidence)]
    alarmed = sorted(
        (one for one in seen if _alarm(one, confidence) > 0),
        key=lambda one: -_alarm(one, confidence),
    )
    half = TILES // 2
    chosen = [*_by_scene(missed)[:half], *_by_scene(alarmed)[:half]]
    tiles = [_tile(one, confidence, data) for one in chosen]
    tiles += [np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    if rows:
        cv2.imwrite(str(path), np.vstack(rows))


def _by_scene(seen: Sequence[Seen]) -> list[Seen]:
    """Sort the first picture of every scene before the second of any."""
    count: Counter[tuple[str, str]] = Counter()
    turns = []
    for one in seen:
        scene = one.row.source, one.row.scene
        turns.append(count[scene])
        count[scene] += 1
    return [seen[number] for number in np.argsort(turns, kind="stable")]


def _taken(one: Seen, confidence: dict[str, float]) -> np.ndarray:
    levels = [confidence.get(kind, 1.0) for kind in one.found.kind]
    labelled = [kind in one.tallies for kind in one.found.kind]
    return (one.found.confidence >= np.array(levels)) & np.array(labelled, bool)


def _missed(one: Seen, confidence: dict[str, float]) -> bool:
    shares = overlaps(one.truth.xyxy, one.found.xyxy[_taken(one, confidence)])
    return bool((shares.max(axis=1, initial=0) < 0.5).any())


def _alarm(one: Seen, confidence: dict[str, float]) -> float:
    taken = _taken(one, confidence)
    shares = overlaps(one.found.xyxy[taken], one.truth.xyxy).max(axis=1, initial=0)
    return float(one.found.confidence[taken][shares < 0.1].max(initial=0))


def _tile(one: Seen, confidence: dict[str, float], data: Path) -> np.ndarray:
    image = cv2.imread(str(data / one.row.file))
    scale = TILE_PX / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for corners, kind in zip(one.truth.xyxy, one.truth.kind, strict=True):
        _box(small, corners * scale, kind, TRUE, low=True)
    for number in np.flatnonzero(_taken(one, confidence)):
        text = f"{one.found.kind[number]} {one.found.confidence[number]:.2f}"
        _box(small, one.found.xyxy[number] * scale, text, FOUND, low=False)
    tile = np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    return tile


def _box(
    canvas: np.ndarray, xyxy: np.ndarray, text: str, colour: tuple[int, ...], *, low: bool
) -> None:
    x1, y1, x2, y2 = (int(value) for value in xyxy)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 1)
    place = (x1 + 2, y2 - 3) if low else (x1 + 2, max(9, y1 + 9))
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.33, colour, 1, cv2.LINE_AA)
