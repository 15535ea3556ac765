"""Accuracy of a run on the rendered sample drive, whose ground truth is known."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import geopandas
import numpy as np

from roadscan.assess.scheme import Scheme
from roadscan.assess.score import score_segment
from roadscan.assess.segmentation import cells_of_segment
from roadscan.model.road import Network, Segment
from roadscan.model.score import Indicators

HIT_M = 3.0
"""A true damage counts as found if one of its kind is reported within this distance."""


@dataclass(frozen=True, slots=True)
class KindCheck:
    """Counts of damages of one kind: true, found, reported, and correctly reported."""

    true: int
    found: int
    reported: int
    right: int


@dataclass(frozen=True, slots=True)
class TruthCheck:
    """Recall and precision of damages, and the error of the scores."""

    hit_m: float
    recall: float | None
    precision: float | None
    kinds: dict[str, KindCheck]
    segments: int
    """Segments with a score."""
    score_error_mean: float | None
    """Mean absolute difference from the score that follows from the true damage."""
    score_error_max: float | None
    same_class: int
    """Segments whose class is the true one."""

    def as_json(self) -> str:
        """Return it as indented JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def check_against_truth(
    truth_path: Path,
    layers: Path,
    network: Network,
    segments: tuple[Segment, ...],
    scheme: Scheme,
) -> TruthCheck:
    """Compare the layers of a run with the damage that was rendered.

    Only damage in driven lanes counts. `truth_path` is a file that data_samples/make.py wrote,
    `layers` the GeoPackage of the run.
    """
    truth = geopandas.read_file(truth_path).to_crs(network.crs_epsg)
    scored = geopandas.read_file(layers, layer="segments").set_index("segment_id")
    damages = geopandas.read_file(layers, layer="damages")
    driven = scored[scored["score"].notna()]
    lanes = set(zip(driven["link_id"], driven["direction"], strict=True))
    in_lane = truth[truth["in_lane"].astype(bool)]
    visible = in_lane[
        [lane in lanes for lane in zip(in_lane["link_id"], in_lane["direction"], strict=True)]
    ]
    kinds = {
        kind: _check_kind(visible[visible["kind"] == kind], damages[damages["kind"] == kind])
        for kind in sorted({*visible["kind"], *damages["kind"]})
    }
    true_scores = _true_scores(in_lane, network, segments, scheme)
    pairs = [
        (float(score), true_scores[segment_id]) for segment_id, score in driven["score"].items()
    ]
    errors = np.array([abs(given - true[0]) for given, true in pairs])
    classes = [int(value) for value in driven["condition_class"]]
    return TruthCheck(
        hit_m=HIT_M,
        recall=_share(sum(k.found for k in kinds.values()), sum(k.true for k in kinds.values())),
        precision=_share(
            sum(k.right for k in kinds.values()), sum(k.reported for k in kinds.values())
        ),
        kinds=kinds,
        segments=len(pairs),
        score_error_mean=round(float(errors.mean()), 3) if len(errors) else None,
        score_error_max=round(float(errors.max()), 3) if len(errors) else None,
        same_class=sum(given == true[1] for given, (_, true) in zip(classes, pairs, strict=True)),
    )


def _check_kind(true: geopandas.GeoDataFrame, reported: geopandas.GeoDataFrame) -> KindCheck:
    apart_m = np.array([reported.distance(shape).to_numpy() for shape in true.geometry])
    near = apart_m.reshape(len(true), len(reported)) <= HIT_M
    return KindCheck(
        len(true), int(near.any(axis=1).sum()), len(reported), int(near.any(axis=0).sum())
    )


def _true_scores(
    truth: geopandas.GeoDataFrame,
    network: Network,
    segments: tuple[Segment, ...],
    scheme: Scheme,
) -> dict[str, tuple[float, int]]:
    """Return score and class of every segment that can be scored, from the true cells."""
    hit: dict[tuple[str, str, str], set[tuple[int, int]]] = defaultdict(set)
    for row in truth.itertuples():
        rule = scheme.kinds.get(row.kind)
        if rule is not None:
            cells = json.loads(row.cells) if isinstance(row.cells, str) else row.cells
            hit[row.link_id, row.direction, rule.indicator].update((r, s) for r, s in cells)
    links = {link.link_id: link for link in network.links}
    scores = {}
    for segment in segments:
        cells = set(cells_of_segment(segment))
        lane = (segment.link_id, segment.direction.value)
        riss, afli, ofs = (
            _percent(len(cells & hit[(*lane, name)]), len(cells))
            for name in ("riss", "afli", "ofs")
        )
        link = links[segment.link_id]
        score = score_segment(Indicators(riss, afli, ofs), link.road_class, link.surface, scheme)
        if score.score is not None and score.condition_class is not None:
            scores[segment.segment_id] = (score.score, score.condition_class)
    return scores


def _percent(part: int, whole: int) -> float:
    share = Decimal(100 * part) / Decimal(whole)
    return float(share.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
