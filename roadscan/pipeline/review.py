"""What a reviewer says of a damage, from the question to what follows from it.

A decision changes few lanes, and lanes do not depend on each other: those alone are assessed anew,
and what is different goes into the store and into the served layers with the decision. Where that
cannot be, the survey is scored as a whole by a job, as after any other change.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from roadscan.assess.lanes import AssessedLane, Rules, assess_lane
from roadscan.assess.reviews import Judgements, as_judged, sightings_of
from roadscan.assess.scheme import parse_scheme
from roadscan.assess.segmentation import row_count, segment_rows
from roadscan.errors import RoadscanError
from roadscan.model.review import BoxVerdict, Decision, ReviewedDamage, Ruling
from roadscan.model.road import Lane, Segment
from roadscan.model.score import SegmentResult
from roadscan.model.survey import Assessment
from roadscan.pipeline.lanes import LanesOfSurvey, changed_damages, patches_of, read_lanes, see_lane
from roadscan.store.rescoring import RescoreDelta
from roadscan.store.store import Store


def subject_of(store: Store, survey: str, damage_id: str) -> ReviewedDamage:
    """Return what a verdict on a damage is about: the boxes that it is made of now.

    Raises `evidence_unknown` where a survey has no such damage, or where it was judged already and
    its scores have not followed yet.
    """
    try:
        damage, known = store.damage(survey, damage_id), store.survey(survey)
    except KeyError:
        raise _unknown(damage_id) from None
    (link,) = store.network_part(known.network_sha256, [damage.link_id]).links
    seen = store.sightings(survey, damage.link_id, damage.direction)
    judged = as_judged(seen, store.reviews.in_force(survey))
    scheme = parse_scheme(known.scheme_text)
    own = sightings_of(damage, judged, row_count(link), link.lane_width_m, scheme)
    # the one that is shown comes first; the others are of other frames, or stand beside it
    boxes = sorted(own, key=lambda sighting: sighting.observation != damage.best)
    keys = tuple(dict.fromkeys(sighting.box for sighting in boxes))
    if not keys:
        raise _unknown(damage_id)
    return ReviewedDamage(survey, damage_id, damage.segment_id, damage.kind, keys)


def decide(store: Store, subject: ReviewedDamage, ruling: Ruling) -> Decision:
    """Write a ruling down, and let scores and layers follow it."""
    change = store.reviews.up_to_date_change(subject.survey)
    before = store.reviews.in_force(subject.survey)
    after = before | dict.fromkeys(subject.boxes, BoxVerdict(ruling.verdict, ruling.kind))
    followed = None if change is None else _followed(store, subject, change, before, after)
    return store.reviews.decide(subject, ruling, followed)


def undo(store: Store, number: int, who: str, at_s: float) -> Decision:
    """Take a decision back, and let scores and layers follow.

    Raises `review_unknown`.
    """
    subject = store.reviews.decision(number).subject
    change = store.reviews.up_to_date_change(subject.survey)
    before = store.reviews.in_force(subject.survey)
    after = store.reviews.in_force(subject.survey, without=number)
    followed = None if change is None else _followed(store, subject, change, before, after)
    return store.reviews.undo(number, who, at_s, followed)


@dataclass(frozen=True, slots=True)
class _Change:
    """A lane before and after."""

    segments: tuple[Segment, ...]
    before: AssessedLane
    after: AssessedLane

    @property
    def results(self) -> Iterable[SegmentResult]:
        pairs = zip(self.before.results, self.after.results, strict=True)
        return (after for before, after in pairs if before != after)

    @property
    def touched(self) -> frozenset[str]:
        """The segments whose results or cells are other ones."""
        found = {result.segment_id for result in self.results}
        old, new = self.before.grid, self.after.grid
        if old is not None and new is not None:
            none = np.zeros_like(new.views)
            kinds = {*old.hits, *new.hits}
            differs = [old.hits.get(k, none) != new.hits.get(k, none) for k in sorted(kinds)]
            rows = np.flatnonzero(np.any(differs, axis=(0, 2))) if differs else np.array([])
            found |= {s.segment_id for s in self.segments if np.isin(rows, segment_rows(s)).any()}
        return frozenset(found)


def _followed(
    store: Store, subject: ReviewedDamage, change: int, before: Judgements, after: Judgements
) -> RescoreDelta:
    """Work out what another set of judgements about a subject's boxes changes."""
    lanes = sorted(store.reviews.lanes_of(subject.survey, subject))
    known = read_lanes(store, subject.survey, lanes)
    changes = [_change(store, known, lane, before, after) for lane in lanes]
    gone, new = changed_damages(
        (damage for one in changes for damage in one.before.damages),
        (damage for one in changes for damage in one.after.damages),
    )
    touched = [(one, one.touched) for one in changes]
    pairs = [
        (segment, result)
        for one, names in touched
        for segment, result in zip(one.segments, one.after.results, strict=True)
        if segment.segment_id in names
    ]
    changed = Assessment(
        tuple(segment for segment, _ in pairs), tuple(result for _, result in pairs), new
    )
    grids = [one.after.grid for one in changes if one.after.grid is not None]
    return RescoreDelta(
        change,
        tuple(result for one in changes for result in one.results),
        gone,
        new,
        patches_of(store, known, changed, grids, gone),
    )


def _change(
    store: Store, known: LanesOfSurvey, lane: Lane, before: Judgements, after: Judgements
) -> _Change:
    seen, kinds = see_lane(store, known, lane), frozenset(known.survey.model_kinds)
    old, new = (
        assess_lane(seen, Rules(known.scheme, kinds, judgements)) for judgements in (before, after)
    )
    return _Change(seen.segments, old, new)


def _unknown(damage_id: str) -> RoadscanError:
    return RoadscanError(
        "evidence_unknown",
        f"there is no damage {damage_id[:80]!r} in this survey",
        "Load the page again: it may have been judged, or scored anew",
    )
