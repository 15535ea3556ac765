"""Some lanes of a survey: what was seen of them, and what a change of them makes other on show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from roadscan.assess.lanes import SeenLane
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.segmentation import segments_of
from roadscan.model.damage import Damage, LaneGrid
from roadscan.model.road import Lane, Link, Network, Segment
from roadscan.model.survey import Assessment, Survey
from roadscan.publish.layer_frames import (
    Results,
    cells_layers,
    damages_layer,
    photos_of,
    segments_layer,
)
from roadscan.publish.served_features import feature_rows
from roadscan.store.layers.patch import LayerPatch
from roadscan.store.store import Store


@dataclass(frozen=True, slots=True)
class LanesOfSurvey:
    """The links of some lanes, and by what the survey scores them."""

    survey: Survey
    scheme: Scheme
    network: Network
    links: Mapping[str, Link]
    segments: Mapping[Lane, tuple[Segment, ...]]


def read_lanes(store: Store, survey: str, lanes: Iterable[Lane]) -> LanesOfSurvey:
    """Return some lanes of a survey; KeyError without one of this name."""
    known = store.survey(survey)
    scheme = parse_scheme(known.scheme_text)
    network = store.network_part(known.network_sha256, [link_id for link_id, _ in lanes])
    by_lane: dict[Lane, list[Segment]] = defaultdict(list)
    for segment in segments_of(network, scheme):
        by_lane[segment.link_id, segment.direction].append(segment)
    return LanesOfSurvey(
        known,
        scheme,
        network,
        {link.link_id: link for link in network.links},
        {lane: tuple(segments) for lane, segments in by_lane.items()},
    )


def see_lane(store: Store, known: LanesOfSurvey, lane: Lane) -> SeenLane:
    """Return all that the survey's drives saw of a lane."""
    name = known.survey.name
    grid, unusable = store.lane(name, *lane)
    seen = store.sightings(name, *lane)
    return SeenLane(known.links[lane[0]], known.segments.get(lane, ()), grid, unusable, seen)


def changed_damages(
    before: Iterable[Damage], after: Iterable[Damage]
) -> tuple[tuple[Damage, ...], tuple[Damage, ...]]:
    """Return the damages that are gone, and those that are new or other than they were."""
    old = {damage.damage_id: damage for damage in before}
    new = {damage.damage_id: damage for damage in after}
    gone = tuple(damage for name, damage in old.items() if name not in new)
    return gone, tuple(damage for name, damage in new.items() if old.get(name) != damage)


def patches_of(
    store: Store,
    known: LanesOfSurvey,
    changed: Assessment,
    grids: Iterable[LaneGrid],
    gone: Iterable[Damage],
) -> dict[str, LayerPatch]:
    """Return what the layers on show have to take in: other segments, damages and cells."""
    photos = photos_of(store, known.survey.name, changed.damages)
    results = Results(known.survey, known.scheme, known.network, (), changed, photos)
    layers = {
        "segments": [segments_layer(results)],
        "damages": [damages_layer(results)],
        "cells": cells_layers(results, grids),
    }
    lost = {"damages": tuple(damage.damage_id for damage in gone)}
    return {
        name: LayerPatch(
            lost.get(name, ()), tuple(row for part in parts for row in feature_rows(name, part))
        )
        for name, parts in layers.items()
    }
