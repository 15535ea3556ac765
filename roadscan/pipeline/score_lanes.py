"""Score lanes of a survey from the store: the only way to a score.

Lanes do not depend on each other. So the cost of a new drive or a review depends on the lanes that
it touches, not on the size of the survey, and the result is the same as that of scoring all lanes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from roadscan.assess.lanes import AssessedLane, Rules, assess_lane
from roadscan.assess.passes import CombinedLane
from roadscan.assess.reviews import Judgements
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.segmentation import segments_of
from roadscan.model.damage import Damage
from roadscan.model.hit_rate import known_kinds
from roadscan.model.layers.cells import cell_id
from roadscan.model.road import Lane, Network, Segment
from roadscan.model.score import SegmentResult
from roadscan.model.survey import Assessment, LaneEvidence, Survey
from roadscan.publish.layer_frames import (
    Results,
    cells_layers,
    damages_layer,
    photo_paths,
    segments_layer,
)
from roadscan.publish.served_features import feature_rows
from roadscan.store.layers.patch import LayerPatch
from roadscan.store.rescoring import RescoreDelta
from roadscan.store.store import Store

LANES_AT_ONCE: Final = 20
"""Lanes written in one transaction: few, to limit memory and the wait of other writers."""


@dataclass(frozen=True, slots=True)
class ScoredLanes:
    """Some lanes of a survey with their scores."""

    survey: Survey
    scheme: Scheme
    network: Network
    """Contains at least the links of these lanes."""
    segments: tuple[Segment, ...]
    results: tuple[SegmentResult, ...]
    """In the order of the segments."""
    damages: tuple[Damage, ...]
    combined: Mapping[Lane, CombinedLane]
    """The combined passes over each lane that was seen, with reviews applied."""


def score_lanes(
    store: Store,
    survey: Survey,
    lanes: Iterable[Lane],
    judgements: Judgements,
    network: Network | None = None,
    at_once: int = LANES_AT_ONCE,
) -> Iterator[ScoredLanes]:
    """Score lanes of a survey, `at_once` at a time, in the order given.

    Their links are read from the store unless `network` has them.
    """
    scheme = parse_scheme(survey.scheme_text)
    known = known_kinds(survey.model_kinds, survey.hit_rates)
    rules = Rules(scheme, known, judgements, survey.hit_rates)
    segments = None if network is None else _by_lane(segments_of(network, scheme))
    unread = iter(lanes)
    while some := list(islice(unread, at_once)):
        link_ids = {link_id for link_id, _ in some}
        part = network or store.network_part(survey.network_sha256, link_ids)
        own = _by_lane(segments_of(part, scheme)) if segments is None else segments
        links = {link.link_id: link for link in part.links}
        seen = store.seen_on(survey.name, link_ids)
        scored = {
            lane: assess_lane(links[lane[0]], own[lane], seen.get(lane, LaneEvidence()), rules)
            for lane in some
        }
        yield _joined(survey, scheme, part, own, scored)


def delta_of(store: Store, scored: ScoredLanes, change: int) -> RescoreDelta:
    """Return what has to be replaced in scores, damages and served layers.

    `change` is the last change of the survey that the scores included so far.
    """
    name = scored.survey.name
    before = store.damages_on(name, [segment.segment_id for segment in scored.segments])
    removed, changed = _changed_damages(before, scored.damages)
    assessment = Assessment(scored.segments, scored.results, scored.damages)
    photos = photo_paths(store, name, scored.damages)
    results = Results(
        scored.survey, scored.scheme, scored.network, (), assessment, photos, scored.combined
    )
    frames = {
        "segments": [segments_layer(results)],
        "damages": [damages_layer(results)],
        "cells": cells_layers(results, scored.combined.values()),
    }
    gone = {
        "damages": tuple(damage.damage_id for damage in removed),
        "cells": tuple(_unviewed_cells(scored.combined.values())),
    }
    patches = {
        layer: LayerPatch(gone.get(layer, ()), tuple(feature_rows(layer, own)))
        for layer, own in frames.items()
    }
    return RescoreDelta(change, scored.results, removed, changed, patches)


def _unviewed_cells(lanes: Iterable[CombinedLane]) -> Iterator[str]:
    """Yield the cells that no pass views once several are registered: a pass may have before."""
    for lane in lanes:
        if len(lane.affected) > 1:
            for row, strip in np.argwhere(lane.grid.views == 0).tolist():
                yield cell_id(*lane.grid.lane, row, strip)


def _joined(
    survey: Survey,
    scheme: Scheme,
    network: Network,
    segments: Mapping[Lane, Sequence[Segment]],
    scored: Mapping[Lane, AssessedLane],
) -> ScoredLanes:
    return ScoredLanes(
        survey,
        scheme,
        network,
        tuple(segment for lane in scored for segment in segments[lane]),
        tuple(result for one in scored.values() for result in one.results),
        tuple(damage for one in scored.values() for damage in one.damages),
        {lane: one.lane for lane, one in scored.items() if one.lane is not None},
    )


def _by_lane(segments: Iterable[Segment]) -> Mapping[Lane, Sequence[Segment]]:
    by_lane: dict[Lane, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_lane[segment.link_id, segment.direction].append(segment)
    return by_lane


def _changed_damages(
    before: Iterable[Damage], after: Iterable[Damage]
) -> tuple[tuple[Damage, ...], tuple[Damage, ...]]:
    """Return the damages that are gone, and those that are new or have changed."""
    old = {damage.damage_id: damage for damage in before}
    new = {damage.damage_id: damage for damage in after}
    removed = tuple(damage for name, damage in old.items() if name not in new)
    return removed, tuple(damage for name, damage in new.items() if old.get(name) != damage)
