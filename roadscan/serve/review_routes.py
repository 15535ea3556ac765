"""The review of damages over HTTP: a queue, verdicts, undo, the detector's precision."""

import time
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from roadscan.assess.reviews import agreement_of
from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.assess.sensitivity import Effect, effects
from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.damage import Verdict
from roadscan.model.layers.register_fields import Stretch
from roadscan.model.review import Ruling
from roadscan.model.road import Link
from roadscan.model.survey import MAX_SURVEY_NAME, SURVEY_NAME, Survey
from roadscan.pipeline.review import decide, subject_of, undo
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.queue.job import SurveyName
from roadscan.serve.town import Town
from roadscan.store.store import Store

MAX_PAGE: Final = 200
MAX_REASON: Final = 500
JPEG: Final = "image/jpeg"
MAX_NAME: Final = 500
NO_NUL: Final = r"^[^\x00]*$"
"""PostgreSQL cannot store text that contains NUL."""
Name = Annotated[
    str, Query(alias="survey", min_length=1, max_length=MAX_SURVEY_NAME, pattern=SURVEY_NAME)
]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class VerdictGiven(BaseModel):
    """A reviewer's verdict on a damage."""

    model_config = _FROZEN
    survey: SurveyName
    damage_id: Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=NO_NUL)]
    verdict: Verdict
    kind: str = ""
    """The right kind, for the verdict corrected."""
    reason: Annotated[str, Field(max_length=MAX_REASON, pattern=NO_NUL)] = ""


class KindResponse(BaseModel):
    """A kind of damage that a reviewer may choose."""

    model_config = _FROZEN
    kind: str
    label: str


class WaitingDamage(BaseModel):
    """A damage that was not reviewed yet, and its effect on the score."""

    model_config = _FROZEN
    damage_id: str
    kind: str
    label: str
    street: str
    from_street: str | None
    to_street: str | None
    towards: str | None
    direction: str
    link_id: str
    segment_id: str
    offset_m: float
    length_m: float
    width_m: float
    n_observations: int
    confidence: float
    score: float | None
    condition_class: int | None
    without: float | None
    """The segment's score without this damage."""
    share: float
    """From 1 on it decides the segment's class; see docs/web.md."""


class ReviewQueue(BaseModel):
    """The damages to review, the most important first."""

    model_config = _FROZEN
    waiting: int
    reviewed: int
    kinds: tuple[KindResponse, ...]
    damages: tuple[WaitingDamage, ...]


def _from(*path: str) -> Any:
    return Field(validation_alias=AliasPath(*path))


class DecisionResponse(BaseModel):
    """A decision as it was recorded; the model is filled from a `Decision`."""

    model_config = ConfigDict(frozen=True, from_attributes=True)
    number: int
    at_s: float = _from("ruling", "at_s")
    who: str = _from("ruling", "who")
    verdict: Verdict = _from("ruling", "verdict")
    kind: str = _from("ruling", "kind")
    kind_before: str = _from("subject", "kind")
    reason: str = _from("ruling", "reason")
    damage_id: str = _from("subject", "damage_id")
    segment_id: str = _from("subject", "segment_id")
    boxes: Annotated[int, BeforeValidator(len)] = _from("subject", "boxes")
    undone: bool


class AgreementResponse(BaseModel):
    """How often reviewers agreed with the detector, of the damages that they reviewed.

    The precision on reviewed boxes only: they are no random sample, and nobody was asked about
    damage that was not found.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)
    kind: str
    judged: int
    right: int
    another_kind: int
    no_damage: int
    share: float


def reviews_router(town: Town) -> APIRouter:
    """Return the routes under /api/reviews."""
    router, store = APIRouter(prefix="/api/reviews", tags=["reviews"]), town.store
    reviewer, unknown = town.guard.need(Right.REVIEW), problems("survey_unknown")

    @router.get("/queue", responses=unknown)
    def queue(
        survey: Name, _: Annotated[Caller, Depends(reviewer)], limit: Limit = 50
    ) -> ReviewQueue:
        known = _known(store, survey)
        scheme = parse_scheme(known.scheme_text)
        assessment = store.damaged(survey)
        network = store.network_part(
            known.network_sha256, {damage.link_id for damage in assessment.damages}
        )
        links = {link.link_id: link for link in network.links}
        found = effects(assessment, links, scheme)
        waiting = [effect for effect in found if effect.damage.review is None]
        return ReviewQueue(
            waiting=len(waiting),
            reviewed=len(found) - len(waiting),
            kinds=tuple(
                KindResponse(kind=kind, label=scheme.kinds[kind].label)
                for kind in _kinds(known, scheme)
            ),
            damages=tuple(
                _waiting_damage(one, links[one.damage.link_id]) for one in waiting[:limit]
            ),
        )

    @router.get("", responses=unknown)
    def decisions(
        survey: Name, _: Annotated[Caller, Depends(reviewer)], limit: Limit = 50
    ) -> list[DecisionResponse]:
        _known(store, survey)
        return [
            DecisionResponse.model_validate(one)
            for one in store.reviews.of(survey)[: -limit - 1 : -1]
        ]

    @router.post(
        "",
        status_code=201,
        responses=problems("survey_unknown", "evidence_unknown", "query_invalid"),
    )
    def give(given: VerdictGiven, caller: Annotated[Caller, Depends(reviewer)]) -> DecisionResponse:
        known = _known(store, given.survey)
        subject = subject_of(store, given.survey, given.damage_id)
        kind = _called(given, subject.kind, _kinds(known, parse_scheme(known.scheme_text)))
        ruling = Ruling(given.verdict, kind, given.reason.strip(), caller.name, time.time())
        made = decide(store, subject, ruling)
        what = f"{given.survey} {given.damage_id} {given.verdict.value} {kind} ({made.number})"
        town.accounts.record(caller.name, "review_decided", what)
        return DecisionResponse.model_validate(made)

    @router.post("/{number}/undo", responses=problems("review_unknown"))
    def take_back(number: Number, caller: Annotated[Caller, Depends(reviewer)]) -> DecisionResponse:
        undone = undo(store, number, caller.name, time.time())
        town.accounts.record(caller.name, "review_undone", f"{undone.subject.survey} ({number})")
        return DecisionResponse.model_validate(undone)

    @router.get(
        "/{number}/photo",
        response_class=Response,
        responses=answered_with(JPEG) | problems("review_unknown", "photo_missing"),
    )
    def photo(number: Number, caller: Annotated[Caller, Depends(reviewer)]) -> Response:
        subject = store.reviews.decision(number).subject
        shown = subject.boxes[0]
        picture = store.pictures.of_frame(subject.survey, shown.drive_id, shown.frame_t_s)
        if picture is None:
            raise RoadscanError("photo_missing", "this damage has no picture", "See its reasons")
        what = f"{subject.survey} {subject.damage_id}"
        town.accounts.record(caller.name, "photo_viewed", what)
        headers = {"Cache-Control": "private, no-store"}
        return Response(picture.jpeg, media_type=JPEG, headers=headers)

    @router.get("/agreement", responses=unknown)
    def agreement(survey: Name, _: Annotated[Caller, Depends(reviewer)]) -> list[AgreementResponse]:
        _known(store, survey)
        return list(map(AgreementResponse.model_validate, agreement_of(store.reviews.of(survey))))

    return router


def _known(store: Store, survey: str) -> Survey:
    try:
        return store.survey(survey)
    except KeyError:
        raise RoadscanError(
            "survey_unknown", f"there is no survey {survey[:80]!r}", "See /api/surveys"
        ) from None


def _kinds(survey: Survey, scheme: Scheme) -> list[str]:
    """Return the kinds that the model detects and the scheme scores."""
    return [kind for kind in scheme.kinds if kind in survey.model_kinds]


def _called(given: VerdictGiven, kind: str, kinds: Sequence[str]) -> str:
    """Return the new kind of a damage; raises `query_invalid` for an invalid correction."""
    if given.verdict is not Verdict.CORRECTED:
        return kind
    if given.kind == kind or given.kind not in kinds:
        others = ", ".join(name for name in kinds if name != kind)
        raise RoadscanError(
            "query_invalid",
            f"a {kind} cannot be corrected to {given.kind[:40]!r}",
            f"Take one of {others}",
        )
    return given.kind


def _waiting_damage(effect: Effect, link: Link) -> WaitingDamage:
    damage = effect.damage
    where = Stretch(link, damage.direction, damage.from_offset_m, damage.to_offset_m)
    same: dict[str, Any] = {
        name: getattr(damage, name)
        for name in ("damage_id", "kind", "label", "link_id", "n_observations", "confidence")
    }
    return WaitingDamage(
        **same,
        street=link.street,
        from_street=where.from_street,
        to_street=where.to_street,
        towards=where.towards,
        direction=damage.direction.value,
        segment_id=effect.segment_id,
        offset_m=round((damage.from_offset_m + damage.to_offset_m) / 2, 2),
        length_m=round(damage.to_offset_m - damage.from_offset_m, 2),
        width_m=round(damage.left_max_m - damage.left_min_m, 2),
        score=effect.score,
        condition_class=effect.condition_class,
        without=effect.without,
        share=effect.share,
    )
