"""Scores a survey anew, or by another scheme, from what the store has: no video, no detector."""

from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.segmentation import segments_of
from roadscan.errors import RoadscanError
from roadscan.pipeline.assess import Assessed, assess_survey
from roadscan.store.store import Store


def rescore(store: Store, survey: str, scheme: Scheme) -> Assessed:
    """Score a survey anew; its views and hits stay as they are.

    Raises what `use_scheme` raises.
    """
    use_scheme(store, survey, scheme)
    return score_again(store, survey)


def score_again(store: Store, survey: str) -> Assessed:
    """Score a survey by its own scheme, from what the store has now."""
    known = store.survey(survey)
    network, scheme = store.network(known.network_sha256), parse_scheme(known.scheme_text)
    kinds = frozenset(known.model_kinds)
    return assess_survey(store, survey, network, segments_of(network, scheme), scheme, kinds)


def use_scheme(store: Store, survey: str, scheme: Scheme) -> None:
    """Let a survey be scored by another scheme that sees the same cells.

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
    store.use_scheme(survey, scheme.text)
