"""Boxes and measured pictures that no network made."""

import numpy as np

from roadscan.detect.detection_metrics import Tally, count
from roadscan.model.frame import Boxes
from training.measure import Seen, judged
from training.pictures import ManifestRow

KINDS = "D00", "D40"


def boxes(*rows: tuple[float, float, float, float, float, str]) -> Boxes:
    numbers = np.array([row[:5] for row in rows], float).reshape(-1, 5)
    return Boxes(numbers[:, :4], numbers[:, 4], tuple(row[5] for row in rows))


def seen(
    scene: str,
    truth: Boxes,
    found: Boxes,
    labelled: tuple[str, ...] = KINDS,
    *,
    unsure: tuple[tuple[float, ...], ...] = (),
    source: str = "town",
) -> Seen:
    row = ManifestRow(
        "f", source, "vehicle", "test", scene, "", len(truth.kind), " ".join(labelled)
    )
    regions = np.array(unsure, float).reshape(-1, 4)
    found = judged(found, truth, regions)
    tallies = {kind: Tally() for kind in labelled}
    count(found, truth, tallies)
    return Seen(row, truth, found, tallies, regions)
