"""Bring the scores of a survey up to date from the store, without videos or the detector."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from roadscan.assess.passes import CombinedLane
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.segmentation import segments_of
from roadscan.errors import RoadscanError
from roadscan.model.damage import Damage, position_on_network
from roadscan.model.road import Lane
from roadscan.model.score import SegmentResult
from roadscan.model.survey import Assessment, DriveKey
from roadscan.pipeline.score_lanes import delta_of, score_lanes
from roadscan.publish.layer_frames import Results, drives_layer, photo_paths
from roadscan.publish.served_features import feature_rows, publish_features
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.patch import LayerPatch
from roadscan.store.rescoring import RescoreDelta, Scorings
from roadscan.store.store import Store

LANES_AT_ONCE: Final = 500
"""Lanes read together when all are scored, since no transaction is open meanwhile."""


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """Counts of scored segments, of unscored ones by reason, and of damages."""

    scored: int
    not_scored: dict[str, int]
    damages: int
    lost_m: dict[str, float]
    """Metres of lane covered by unusable frames only, by reason."""


def score_survey(store: Store, survey: str) -> Results:
    """Score all lanes of a survey by its scheme and replace the earlier results."""
    known = store.survey(survey)
    network, scheme = store.network(known.network_sha256), parse_scheme(known.scheme_text)
    segments = segments_of(network, scheme)
    judgements = store.reviews.in_force(survey)
    reviewed = store.reviews.lanes(survey) if judgements else frozenset[Lane]()
    lanes = sorted({(segment.link_id, segment.direction) for segment in segments})
    results: dict[str, SegmentResult] = {}
    damages: list[Damage] = []
    judged: dict[Lane, CombinedLane] = {}
    for some in score_lanes(store, known, lanes, judgements, network, LANES_AT_ONCE):
        results.update({result.segment_id: result for result in some.results})
        damages.extend(some.damages)
        judged.update({lane: one for lane, one in some.combined.items() if lane in reviewed})
    assessment = Assessment(
        segments,
        tuple(results[segment.segment_id] for segment in segments),
        tuple(sorted(damages, key=position_on_network)),
    )
    store.put_assessment(survey, assessment)
    photos = photo_paths(store, survey, assessment.damages)
    return Results(known, scheme, network, store.drives(survey), assessment, photos, judged)


def score_new_drives(store: Store, scorings: Scorings, survey: str) -> int | None:
    """Score the lanes of the drives that joined since the last scoring; update the layers.

    Returns the last change of the survey that the scores now include. None if something else
    changed as well or the survey has no layers yet: then all lanes have to be scored, although some
    may already be up to date. It can be repeated safely, also after an interruption.
    """
    status = scorings.status(survey)
    drives = scorings.drives_joined(status)
    if not drives:
        return None
    known, judgements = store.survey(survey), store.reviews.in_force(survey)
    lanes = sorted({lane for key in drives for lane in store.lanes_driven(key)})
    for some in score_lanes(store, known, lanes, judgements):
        if not scorings.apply_delta(survey, delta_of(store, some, status.done)):
            return None
    applied = scorings.apply_delta(survey, _paths(store, survey, status.done, drives))
    return status.requested if applied else None


def update_scores(store: Store, scorings: Scorings, layers: LayerStore, survey: str) -> None:
    """Bring the scores and served layers of a survey up to date.

    If only drives were added, only their lanes are scored; otherwise all lanes are, into a new
    edition of the layers.
    """
    began_s = time.monotonic()
    change = score_new_drives(store, scorings, survey)
    if change is None:
        change = scorings.status(survey).requested
        publish_features(store, layers, score_survey(store, survey))
    scorings.mark_done(survey, change, time.monotonic() - began_s)


def use_scheme(store: Store, survey: str, scheme: Scheme) -> None:
    """Give a survey another scheme; its views and hits stay as they are.

    Raises
    ------
    RoadscanError
        `survey_unknown`; `scheme_needs_video` if views and hits would differ with the scheme.
    """
    try:
        known = store.survey(survey)
    except KeyError:
        names = ", ".join(repr(name) for name in store.surveys()) or "none"
        raise RoadscanError(
            "survey_unknown", f"there is no survey {survey[:80]!r}", f"Known: {names}"
        ) from None
    before = parse_scheme(known.scheme_text)
    if scheme.viewing != before.viewing:
        raise RoadscanError(
            "scheme_needs_video",
            f"{scheme.id} counts other kinds, cells or lane widths than {before.id}",
            "Give the videos to roadscan run with this scheme",
        )
    store.use_scheme(survey, scheme.text)


def summary_of(assessment: Assessment) -> ScoreSummary:
    """Count the results of a scoring."""
    scores = [result.score for result in assessment.results]
    reasons = Counter(score.reason for score in scores if score.score is None)
    return ScoreSummary(
        len(scores) - reasons.total(),
        dict(sorted(reasons.items())),
        len(assessment.damages),
        _lost_m(assessment),
    )


def _lost_m(assessment: Assessment) -> dict[str, float]:
    lost: dict[str, float] = defaultdict(float)
    for segment, result in zip(assessment.segments, assessment.results, strict=True):
        for reason, share in result.lost.items():
            lost[reason] += share * segment.length_m
    return {reason: round(metres, 1) for reason, metres in sorted(lost.items())}


def _paths(store: Store, survey: str, change: int, drives: Sequence[DriveKey]) -> RescoreDelta:
    """Return the paths of new drives, to be added to the layer of drives."""
    known = store.survey(survey)
    results = Results(
        known,
        parse_scheme(known.scheme_text),
        store.network_part(known.network_sha256, ()),
        tuple(store.drive(key) for key in drives),
        Assessment((), (), ()),
        {},
        {},
    )
    patch = LayerPatch((), tuple(feature_rows("drives", [drives_layer(results)])))
    return RescoreDelta(change, (), (), (), {"drives": patch})
