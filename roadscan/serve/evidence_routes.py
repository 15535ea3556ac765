"""The evidence for a score over HTTP: its steps, and pictures of damages and of the road."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right, Role
from roadscan.model.damage import Damage, Verdict
from roadscan.model.review import Decision
from roadscan.model.road import Direction, RoadClass, Segment, Surface
from roadscan.model.score import Indicators
from roadscan.model.stored_picture import Picture
from roadscan.model.time import iso_utc
from roadscan.pipeline.scheme import score_steps
from roadscan.pipeline.segment_pictures import PictureAlong, pictures_along
from roadscan.read.score_input import ScoreInput
from roadscan.serve.access.guard import authentication
from roadscan.serve.api_description import answered_with, problems
from roadscan.serve.ogc.layer_access import Readable, readable_collection
from roadscan.serve.town import Town
from roadscan.store.layers.reader import LayerReader
from roadscan.store.layers.selection import Layer
from roadscan.store.store import Store

MAX_ID: Final = 500
JPEG: Final = "image/jpeg"
Survey = Annotated[str, Query(min_length=1, max_length=MAX_ID)]
Id = Annotated[str, Query(alias="id", min_length=1, max_length=MAX_ID)]


class ReviewResponse(BaseModel):
    """A reviewer's verdict on something that the detector found."""

    model_config = ConfigDict(frozen=True)
    verdict: Verdict
    kind_before: str
    kind: str
    role: Role | None
    """The reviewer's role; None where the account no longer exists."""
    day: str
    """In UTC."""
    who: str | None
    """None for callers who may not see pictures, as for the reason."""
    reason: str | None


class SegmentEvidence(BaseModel):
    """A segment, its score computed again from its indicators, and whether both agree."""

    model_config = ConfigDict(frozen=True)
    properties: dict[str, Any]
    steps: dict[str, Any]
    agrees: bool
    reviews: tuple[ReviewResponse, ...]
    """The verdicts that its score rests on, oldest first."""


class DamageEvidence(BaseModel):
    """The picture that shows a damage best, and where in it."""

    model_config = ConfigDict(frozen=True)
    photo: str | None
    """Its address; None without one."""
    view: str
    box: tuple[float, float, float, float] | None
    """x1, y1, x2, y2 as fractions of the picture's width and height."""
    confidence: float
    frame_t_s: float


class RoadPicture(BaseModel):
    """A stored picture of the road, and the part of the link that it shows."""

    model_config = ConfigDict(frozen=True)
    photo: str
    """Its address."""
    from_m: float
    to_m: float
    """At most: a bend or traffic may hide the far end."""
    frame_t_s: float
    width: int
    height: int


def evidence_router(town: Town, readable: Readable) -> APIRouter:
    """Return the routes under /api/evidence."""
    router = APIRouter(prefix="/api/evidence", tags=["evidence"])
    features, store, accounts = town.layers, town.store, town.accounts
    photos, unknown = town.guard.need(Right.PHOTOS), problems("survey_unknown", "evidence_unknown")
    picture = answered_with(JPEG) | problems("survey_unknown", "evidence_unknown", "photo_missing")

    @router.get("/segment", dependencies=[Depends(authentication)], responses=unknown)
    def segment(request: Request, survey: Survey, segment_id: Id) -> SegmentEvidence:
        readable_collection(readable, request, "segments")
        with features.reading() as reader:
            properties = _properties(reader, survey, segment_id)
        told = store.reviews.on_segment(survey, _segment(segment_id, properties))
        reviews = _reviews(town, told, in_full=town.guard.caller(request).may(Right.PHOTOS))
        scheme = parse_scheme(store.survey(survey).scheme_text)
        indicators = Indicators(*(properties[f"{name}_pct"] for name in ("riss", "afli", "ofs")))
        given = ScoreInput(
            RoadClass(properties["road_class"]), Surface(properties["surface"]), indicators
        )
        steps = score_steps(given, scheme).as_json()
        # a score may be withheld for another reason, such as too little coverage
        agrees = properties["score"] is None or steps["score"] == properties["score"]
        return SegmentEvidence(properties=properties, steps=steps, agrees=agrees, reviews=reviews)

    @router.get("/damage", responses=unknown)
    def damage(
        survey: Survey,
        damage_id: Id,
        _: Annotated[Caller, Depends(photos)],
    ) -> DamageEvidence:
        found = _damage(store, survey, damage_id)
        picture = store.pictures.of(survey, found.best)
        address = None if picture is None else f"/api/evidence/photo?{_query(survey, damage_id)}"
        return DamageEvidence(
            photo=address,
            view="" if picture is None else picture.view.value,
            box=None if picture is None else _box(found, picture),
            confidence=found.best.confidence,
            frame_t_s=found.best.frame_t_s,
        )

    @router.get("/photo", response_class=Response, responses=picture)
    def photo(
        survey: Survey,
        damage_id: Id,
        caller: Annotated[Caller, Depends(photos)],
    ) -> Response:
        picture = store.pictures.of(survey, _damage(store, survey, damage_id).best)
        if picture is None:
            raise RoadscanError("photo_missing", "this damage has no picture", "See its reasons")
        accounts.record(caller.name, "photo_viewed", f"{survey} {damage_id}")
        return _jpeg(picture)

    @router.get("/road", responses=unknown)
    def road(
        survey: Survey,
        segment_id: Id,
        _: Annotated[Caller, Depends(photos)],
    ) -> list[RoadPicture]:
        with features.reading() as reader:
            segment = _segment(segment_id, _properties(reader, survey, segment_id))
        return [_road_picture(survey, one) for one in pictures_along(store, survey, segment)]

    @router.get(
        "/road-photo",
        response_class=Response,
        responses=answered_with(JPEG) | problems("photo_missing"),
    )
    def road_photo(
        survey: Survey,
        drive_id: Annotated[str, Query(alias="drive", min_length=1, max_length=MAX_ID)],
        frame_t_s: Annotated[float, Query(alias="t_s", allow_inf_nan=False)],
        caller: Annotated[Caller, Depends(photos)],
    ) -> Response:
        picture = store.pictures.of_frame(survey, drive_id, frame_t_s)
        if picture is None:
            raise RoadscanError("photo_missing", "there is no such picture", "Begin at the map")
        accounts.record(caller.name, "photo_viewed", f"{survey} {drive_id} {frame_t_s:.3f}")
        return _jpeg(picture)

    return router


def _reviews(
    town: Town, decisions: Sequence[Decision], *, in_full: bool
) -> tuple[ReviewResponse, ...]:
    """Return verdicts as responses; names and reasons are for staff."""
    roles = {one.name: one.role for one in town.accounts.all()} if decisions else {}
    return tuple(
        ReviewResponse(
            verdict=one.ruling.verdict,
            kind_before=one.subject.kind,
            kind=one.ruling.kind,
            role=roles.get(one.ruling.who),
            day=iso_utc(one.ruling.at_s)[:10],
            who=one.ruling.who if in_full else None,
            reason=one.ruling.reason if in_full else None,
        )
        for one in decisions
    )


def _jpeg(picture: Picture) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(picture.jpeg, media_type=JPEG, headers=headers)


def _segment(segment_id: str, properties: dict[str, Any]) -> Segment:
    return Segment(
        segment_id,
        properties["link_id"],
        Direction(properties["direction"]),
        properties["from_m"],
        properties["to_m"],
    )


def _road_picture(survey: str, one: PictureAlong) -> RoadPicture:
    picture = one.picture
    named = {"survey": survey, "drive": picture.drive_id, "t_s": picture.frame_t_s}
    return RoadPicture(
        photo=f"/api/evidence/road-photo?{urlencode(named)}",
        from_m=one.from_m,
        to_m=one.to_m,
        frame_t_s=picture.frame_t_s,
        width=picture.width,
        height=picture.height,
    )


def _properties(reader: LayerReader, survey: str, segment_id: str) -> dict[str, Any]:
    for layer in reader.layers("segments"):
        if layer.source.survey == survey:
            return _feature(reader, layer, segment_id)
    raise _unknown("survey", survey)


def _feature(reader: LayerReader, layer: Layer, feature_id: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(reader.feature(layer, feature_id).geojson)
    except KeyError:
        raise _unknown("segment", feature_id) from None
    properties: dict[str, Any] = found["properties"]
    return properties


def _damage(store: Store, survey: str, damage_id: str) -> Damage:
    if survey not in store.surveys():
        raise _unknown("survey", survey)
    try:
        return store.damage(survey, damage_id)
    except KeyError:
        raise _unknown("damage", damage_id) from None


def _unknown(what: str, name: str) -> RoadscanError:
    code = "survey_unknown" if what == "survey" else "evidence_unknown"
    return RoadscanError(code, f"there is no {what} {name[:80]!r}", "Begin at the map or the table")


def _query(survey: str, damage_id: str) -> str:
    return urlencode({"survey": survey, "id": damage_id})


def _box(damage: Damage, picture: Picture) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = damage.best.box_xyxy
    across, down = picture.scale / picture.width, picture.scale / picture.height
    return x1 * across, y1 * down, x2 * across, y2 * down
