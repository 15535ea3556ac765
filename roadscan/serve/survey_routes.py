"""The surveys over HTTP, with the colours of their condition classes."""

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from roadscan.assess.scheme import parse_scheme
from roadscan.serve.access.guard import authentication
from roadscan.serve.ogc.layer_access import Readable, readable_collection
from roadscan.serve.town import Town


class ClassResponse(BaseModel):
    """A condition class of the survey's scheme."""

    model_config = ConfigDict(frozen=True, from_attributes=True)
    number: int
    colour: str


class SurveyResponse(BaseModel):
    """A survey that has layers."""

    model_config = ConfigDict(frozen=True)
    name: str
    scheme: str
    scheme_version: str
    classes: tuple[ClassResponse, ...]


def surveys_router(town: Town, readable: Readable) -> APIRouter:
    """Return the route that lists the surveys to callers who may read their segments."""
    router = APIRouter(prefix="/api", tags=["layers"])

    @router.get("/surveys", dependencies=[Depends(authentication)])
    def surveys(request: Request) -> list[SurveyResponse]:
        readable_collection(readable, request, "segments")
        with town.layers.reading() as reader:
            found = [layer.source for layer in reader.layers("segments")]
        return [
            SurveyResponse(
                name=source.survey,
                scheme=source.scheme,
                scheme_version=source.scheme_version,
                classes=_classes(town, source.survey),
            )
            for source in found
        ]

    return router


def _classes(town: Town, survey: str) -> tuple[ClassResponse, ...]:
    scheme = parse_scheme(town.store.survey(survey).scheme_text)
    return tuple(map(ClassResponse.model_validate, scheme.classes))
