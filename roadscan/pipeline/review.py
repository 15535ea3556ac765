"""Reviews of damages: the subject of a review, and the rescoring after a decision.

A decision affects few lanes. Only these are scored again, and the changes are written to the store
and the served layers together with the decision. Where that is not possible, a job scores the whole
survey, as after any other change.
"""

from roadscan.assess.lanes import combined_lane
from roadscan.assess.reviews import Judgements, sightings_of
from roadscan.assess.scheme import parse_scheme
from roadscan.assess.segmentation import row_count
from roadscan.errors import RoadscanError
from roadscan.model.review import BoxVerdict, Decision, ReviewedDamage, Ruling
from roadscan.model.survey import LaneEvidence
from roadscan.pipeline.score_lanes import delta_of, score_lanes
from roadscan.store.rescoring import RescoreDelta
from roadscan.store.store import Store


def subject_of(store: Store, survey: str, damage_id: str) -> ReviewedDamage:
    """Return the subject of a verdict on a damage: the boxes that form it now.

    Raises `evidence_unknown` if the survey has no such damage, or if it was already reviewed and
    the scores are not up to date yet.
    """
    try:
        damage, known = store.damage(survey, damage_id), store.survey(survey)
    except KeyError:
        raise _unknown(damage_id) from None
    (link,) = store.network_part(known.network_sha256, [damage.link_id]).links
    lane = damage.link_id, damage.direction
    seen = store.seen_on(survey, {damage.link_id}).get(lane, LaneEvidence())
    scheme, width_m = parse_scheme(known.scheme_text), link.lane_width_m
    combined = combined_lane(seen, store.reviews.in_force(survey), width_m, scheme)
    found = () if combined is None else combined.sightings
    own = sightings_of(damage, found, row_count(link), width_m, scheme)
    # the box shown to the reviewer comes first; the others are in other frames, or beside it
    boxes = sorted(own, key=lambda sighting: sighting.observation != damage.best)
    keys = tuple(dict.fromkeys(sighting.box for sighting in boxes))
    if not keys:
        raise _unknown(damage_id)
    return ReviewedDamage(survey, damage_id, damage.segment_id, damage.kind, keys)


def decide(store: Store, subject: ReviewedDamage, ruling: Ruling) -> Decision:
    """Record a ruling and bring scores and layers up to date with it."""
    change = store.reviews.up_to_date_change(subject.survey)
    verdict = BoxVerdict(ruling.verdict, ruling.kind)
    after = store.reviews.in_force(subject.survey) | dict.fromkeys(subject.boxes, verdict)
    return store.reviews.decide(subject, ruling, _delta(store, subject, change, after))


def undo(store: Store, number: int, who: str, at_s: float) -> Decision:
    """Withdraw a decision and bring scores and layers up to date.

    Raises `review_unknown`.
    """
    subject = store.reviews.decision(number).subject
    change = store.reviews.up_to_date_change(subject.survey)
    after = store.reviews.in_force(subject.survey, without=number)
    return store.reviews.undo(number, who, at_s, _delta(store, subject, change, after))


def _delta(
    store: Store, subject: ReviewedDamage, change: int | None, judgements: Judgements
) -> RescoreDelta | None:
    """Return the effect of judgements on the subject's lanes; None if all lanes must be scored."""
    lanes = sorted(store.reviews.lanes_of(subject.survey, subject))
    if change is None or not lanes:
        return None
    survey = store.survey(subject.survey)
    (scored,) = score_lanes(store, survey, lanes, judgements, at_once=len(lanes))
    return delta_of(store, scored, change)


def _unknown(damage_id: str) -> RoadscanError:
    return RoadscanError(
        "evidence_unknown",
        f"there is no damage {damage_id[:80]!r} in this survey",
        "Load the page again: it may have been judged, or scored anew",
    )
