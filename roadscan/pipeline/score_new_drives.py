"""Scores what drives that joined a survey saw, and leaves the rest of the survey as it is.

Lanes do not depend on each other. So a drive costs what it is long, however large its survey; the
outcome is that of a scoring of all.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from roadscan.assess.lanes import Rules, assess_lane
from roadscan.assess.reviews import Judgements
from roadscan.model.road import Lane
from roadscan.model.survey import Assessment, DriveKey
from roadscan.pipeline.lanes import changed_damages, patches_of, read_lanes, see_lane
from roadscan.publish.layer_frames import Results, drives_layer
from roadscan.publish.served_features import feature_rows
from roadscan.store.layers.patch import LayerPatch
from roadscan.store.rescoring import RescoreDelta, Scorings
from roadscan.store.store import Store

LANES_AT_ONCE: Final = 20
"""Written in one transaction: so few that memory stays small and others need not wait long."""


def score_new_drives(store: Store, scorings: Scorings, survey: str) -> int | None:
    """Let scores and layers follow the drives that joined since the last scoring.

    Returns the last change of the survey that they take into account; None where something else
    changed too, or nothing is on show yet: then the survey has to be scored as a whole, and may
    have taken in some lanes already. Done twice or broken off, it changes nothing more.
    """
    standing = scorings.status(survey)
    drives = scorings.drives_joined(standing)
    if not drives:
        return None
    judgements = store.reviews.in_force(survey)
    lanes = sorted({lane for key in drives for lane in store.lanes_driven(key)})
    for some in _batches(lanes):
        if not scorings.apply_delta(survey, _lanes(store, survey, standing.done, some, judgements)):
            return None
    shown = scorings.apply_delta(survey, _paths(store, survey, standing.done, drives))
    return standing.requested if shown else None


def _batches(lanes: Iterable[Lane]) -> Iterator[list[Lane]]:
    unread = iter(lanes)
    while some := list(islice(unread, LANES_AT_ONCE)):
        yield some


def _lanes(
    store: Store, survey: str, change: int, lanes: Sequence[Lane], judgements: Judgements
) -> RescoreDelta:
    known = read_lanes(store, survey, lanes)
    rules = Rules(known.scheme, frozenset(known.survey.model_kinds), judgements)
    assessed = [assess_lane(see_lane(store, known, lane), rules) for lane in lanes]
    segments = tuple(segment for lane in lanes for segment in known.segments.get(lane, ()))
    results = tuple(result for one in assessed for result in one.results)
    before = store.damages_on(survey, [segment.segment_id for segment in segments])
    found = tuple(damage for one in assessed for damage in one.damages)
    gone, new = changed_damages(before, found)
    grids = [one.grid for one in assessed if one.grid is not None]
    layers = patches_of(store, known, Assessment(segments, results, found), grids, gone)
    return RescoreDelta(change, results, gone, new, layers)


def _paths(store: Store, survey: str, change: int, drives: Sequence[DriveKey]) -> RescoreDelta:
    known = read_lanes(store, survey, ())
    nothing = Assessment((), (), ())
    paths = drives_layer(
        Results(
            known.survey,
            known.scheme,
            known.network,
            tuple(store.drive(key) for key in drives),
            nothing,
            {},
        )
    )
    patch = LayerPatch((), tuple(feature_rows("drives", paths)))
    return RescoreDelta(change, (), (), (), {"drives": patch})
