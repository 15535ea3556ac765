"""Which surveys there are, and in which colours their classes are shown."""

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict

from roadscan.assess.scheme import parse_scheme
from roadscan.serve.access.guard import authentication
from roadscan.serve.ogc.layer_access import Readable, readable_collection
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.store import Store


class ClassResponse(BaseModel):
    """A condition class of the survey's scheme."""

    model_config = ConfigDict(frozen=True)
    number: int
    colour: str


class SurveyResponse(BaseModel):
    """A survey that has layers."""

    model_config = ConfigDict(frozen=True)
    name: str
    scheme: str
    scheme_version: str
    classes: tuple[ClassResponse, ...]


def surveys_router(features: LayerStore, store: Store, readable: Readable) -> APIRouter:
    """Return the route that lists the surveys to whoever may read their segments."""
    router = APIRouter(prefix="/api", tags=["layers"])

    @router.get("/surveys", dependencies=[Depends(authentication)])
    def surveys(request: Request) -> list[SurveyResponse]:
        readable_collection(readable, request, "segments")
        with features.reading() as reader:
            found = [layer.source for layer in reader.layers("segments")]
        return [
            SurveyResponse(
                name=source.survey,
                scheme=source.scheme,
                scheme_version=source.scheme_version,
                classes=_classes(store, source.survey),
            )
            for source in found
        ]

    return router


def _classes(store: Store, survey: str) -> tuple[ClassResponse, ...]:
    scheme = parse_scheme(store.survey(survey).scheme_text)
    return tuple(ClassResponse(number=c.number, colour=c.colour) for c in scheme.classes)
