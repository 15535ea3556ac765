"""What a reviewer says of a damage, from the question to what follows from it."""

from roadscan.assess.grid import row_count
from roadscan.assess.reviews import as_judged, sightings_of
from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.review import Subject
from roadscan.store.store import Store


def subject_of(store: Store, survey: str, damage_id: str) -> Subject:
    """Return what a verdict on a damage is about: the boxes that it is made of now.

    Raises `evidence_unknown` where a survey has no such damage, or where it was judged already and
    its scores have not followed yet.
    """
    try:
        damage, known = store.damage(survey, damage_id), store.survey(survey)
    except KeyError:
        raise _unknown(damage_id) from None
    link = store.link(known.network_sha256, damage.link_id)
    seen = store.sightings(survey, damage.link_id, damage.direction)
    judged = as_judged(seen, store.reviews.in_force(survey))
    scheme = parse_scheme(known.scheme_text)
    own = sightings_of(damage, judged, row_count(link), link.lane_width_m, scheme)
    # the one that is shown comes first; the others are of other frames, or stand beside it
    boxes = sorted(own, key=lambda sighting: sighting.observation != damage.best)
    keys = tuple(dict.fromkeys(sighting.box for sighting in boxes))
    if not keys:
        raise _unknown(damage_id)
    return Subject(survey, damage_id, damage.segment_id, damage.kind, keys)


def _unknown(damage_id: str) -> RoadscanError:
    return RoadscanError(
        "evidence_unknown",
        f"there is no damage {damage_id[:80]!r} in this survey",
        "Load the page again: it may have been judged, or scored anew",
    )
