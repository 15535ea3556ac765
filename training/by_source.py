"""Measures models source by source, and by the mean over sources, so that no large one decides.

    python -m training.by_source --model models/A models/B --data DIR --split val

For every source of pictures from vehicles: AP50 of each kind, its mean over the kinds with enough
boxes, the damages that are met at the confidences of model.toml, and the sound pictures in which
something is found. Pictures are those of the dataset folder; nothing is written.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from roadscan.detect.detection_metrics import Tally, figures
from roadscan.detect.model_folder import read_settings
from training.intervals import mean_draws, percentiles, share_interval
from training.measure import Seen, covered, measure, pooled

LEAST_BOXES = 10
"""A kind with fewer true boxes in a source is shown, but counts for no mean."""
MET = 0.3
"""A damage is met where one box covers this share of its own."""


@dataclass(frozen=True)
class Count:
    """So many of so many, with the 95 % interval of the share (by drawing scenes)."""

    number: int
    of: int
    interval: tuple[float, float]

    def __str__(self) -> str:
        if not self.of:
            return "–"
        low, high = self.interval
        return f"{self.number} of {self.of} ({low:.2f}–{high:.2f})"


def by_source(measured: Mapping[str, Sequence[Seen]]) -> dict[str, list[Seen]]:
    """Sort the pictures seen from vehicles by their source."""
    sources: dict[str, list[Seen]] = {}
    for name, seen in measured.items():
        if name.startswith(("vehicle", "survey")):
            for one in seen:
                sources.setdefault(one.row.source, []).append(one)
    return dict(sorted(sources.items()))


def kinds_with_boxes(seen: Sequence[Seen], classes: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds with enough true boxes for a mean."""
    return tuple(kind for kind in classes if pooled(seen, kind).boxes >= LEAST_BOXES)


def mean_ap50(seen: Sequence[Seen], kinds: Sequence[str]) -> float:
    """Return the mean AP50 of kinds; nan without any."""
    values = [figures(pooled(seen, kind), 1.0).ap50 for kind in kinds]
    return float(np.mean([value for value in values if value is not None])) if values else np.nan


def met(seen: Sequence[Seen], confidence: Mapping[str, float], *, same_kind: bool) -> Count:
    """Count the sure damages that a box of any kind, or of the same kind, covers far enough."""
    hits = [_met_in(one, confidence, same_kind=same_kind) for one in seen]
    return _count(seen, hits, [len(one.truth.kind) for one in seen])


def _met_in(one: Seen, confidence: Mapping[str, float], *, same_kind: bool) -> int:
    taken = _taken(one, confidence)
    if not taken.any() or not len(one.truth.kind):
        return 0
    hit = covered(one.truth.xyxy, one.found.xyxy[taken]) >= MET
    if same_kind:
        found = np.array(one.found.kind, object)[taken]
        hit &= np.array(one.truth.kind, object)[:, None] == found[None]
    return int(hit.any(axis=1).sum())


def alarmed(seen: Sequence[Seen], confidence: Mapping[str, float]) -> Count:
    """Count the sound pictures, without sure or unsure damage, in which a box is found."""
    sound = [one for one in seen if not len(one.truth.kind) and not len(one.unsure)]
    hits = [int(_taken(one, confidence).any()) for one in sound]
    return _count(sound, hits, [1] * len(sound))


def _taken(one: Seen, confidence: Mapping[str, float]) -> np.ndarray:
    """Return of each box found whether it is as sure as its kind must be, and may be claimed."""
    least = np.array([confidence.get(kind, 1.0) for kind in one.found.kind])
    labelled = np.array([kind in one.tallies for kind in one.found.kind], bool)
    return (one.found.confidence >= least) & labelled


def _count(seen: Sequence[Seen], hits: Sequence[int], tried: Sequence[int]) -> Count:
    scenes = [one.row.scene for one in seen]
    given = share_interval(hits, tried, scenes) if sum(tried) else (np.nan, np.nan)
    return Count(sum(hits), sum(tried), given)


def mean_over_sources(
    sources: Mapping[str, Sequence[Seen]], classes: Sequence[str]
) -> tuple[float, tuple[float, float]]:
    """Return the mean of the sources' mean AP50, and its 95 % interval."""
    kinds = {name: kinds_with_boxes(seen, classes) for name, seen in sources.items()}
    counted = [name for name, having in kinds.items() if having]
    means = [mean_ap50(sources[name], kinds[name]) for name in counted]
    draws = [mean_draws(sources[name], kinds[name]) for name in counted]
    return float(np.mean(means)), percentiles(np.nanmean(draws, axis=0))


def table(
    sources: Mapping[str, Sequence[Seen]], classes: Sequence[str], confidence: Mapping[str, float]
) -> str:
    """Write the figures of a model as a Markdown table, a line a source."""
    head = [
        "pictures",
        "number",
        *classes,
        "mean",
        "95 %",
        "met",
        "met, same kind",
        "sound, marked",
    ]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for name, seen in sources.items():
        kinds = kinds_with_boxes(seen, classes)
        own = percentiles(mean_draws(seen, kinds)) if kinds else (np.nan, np.nan)
        cells = [
            name,
            str(len(seen)),
            *(_ap50(pooled(seen, kind)) for kind in classes),
            f"{mean_ap50(seen, kinds):.2f}",
            f"{own[0]:.2f}–{own[1]:.2f}",
            str(met(seen, confidence, same_kind=False)),
            str(met(seen, confidence, same_kind=True)),
            str(alarmed(seen, confidence)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ap50(tally: Tally) -> str:
    ap50 = figures(tally, 1.0).ap50
    return "–" if ap50 is None else f"{ap50:.2f} ({tally.boxes})"


def main() -> None:
    """Print the figures of the models on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path, nargs="+", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=("val", "test"), default="val")
    given = parser.parse_args()
    for folder in given.model:
        settings = read_settings(folder)
        sources = by_source(measure(folder, given.data, given.split))
        confidence = dict(
            zip(settings.classes, settings.thresholds(settings.precision).confidence, strict=True)
        )
        value, (low, high) = mean_over_sources(sources, settings.classes)
        print(f"\n{settings.name} {settings.version}, {given.split}\n")
        print(table(sources, settings.classes, confidence))
        print(f"\nMean AP50 over sources {value:.3f} ({low:.2f}–{high:.2f}).")


if __name__ == "__main__":
    main()
