"""Scores a survey by another scheme, from what the store has: no video, no detector."""

from dataclasses import replace

from roadscan.assess.grid import segments_of
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.errors import RoadscanError
from roadscan.pipeline.assess import Assessed, assess_survey
from roadscan.store.store import Store


def rescore(store: Store, survey: str, scheme: Scheme) -> Assessed:
    """Score a survey anew; its views and hits stay as they are.

    Raises
    ------
    RoadscanError
        `survey_unknown`; `scheme_needs_video` if the scheme would see other cells.
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
    store.put_survey(replace(known, scheme_text=scheme.text))
    network = store.network(known.network_sha256)
    kinds = frozenset(known.model_kinds)
    return assess_survey(store, survey, network, segments_of(network, scheme), scheme, kinds)
