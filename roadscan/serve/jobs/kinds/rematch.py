"""The matching of a survey's drives to another version of the network.

The drives become a survey of their own; the old survey keeps its scores and the network that they
are based on.
"""

import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, TypeAdapter

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.access import Caller, Right
from roadscan.model.survey import DriveKey, Survey
from roadscan.serve.api_description import problems
from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import Job, JobRequest, QueueName, Sha256, SurveyName
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.town import Town
from roadscan.store.store import Store
from roadscan.store.town.networks import NetworkVersion

LONGEST_NAME: Final = 60
"""Length of the part of a name that is retained, so that the result is a valid survey name."""
_MOVED: Final = re.compile(r" · Netz \d+$")


class RematchRequest(JobRequest):
    """A survey to be matched to another network."""

    kind: ClassVar[str] = "rematch"
    queue: ClassVar[QueueName] = QueueName.TOWN
    asked_for: str
    asked_by: str
    survey: SurveyName
    network_sha256: Sha256
    moved_to: SurveyName
    """The name of the new survey."""


class SurveyToRematch(BaseModel):
    """The survey that is matched to the network in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    survey: SurveyName


@dataclass(frozen=True, slots=True)
class RematchPlan:
    """The drives to be moved, and the number of those that cannot be."""

    drives: tuple[DriveKey, ...]
    untraced: int


_PLAN: Final = TypeAdapter(RematchPlan)
_MOVED_DRIVE: Final = TypeAdapter(DriveKey | None)


def moved_name(survey: str, number: int) -> str:
    """Return the name of a survey on a version of the network."""
    return f"{_MOVED.sub('', survey)[:LONGEST_NAME]} · Netz {number}"


def rematch_request(survey: str, version: NetworkVersion, who: str) -> RematchRequest:
    """Return the request that moves a survey to a version of the network."""
    return RematchRequest(
        asked_for=f"{time.time():.3f}",
        asked_by=who,
        survey=survey,
        network_sha256=version.network_sha256,
        moved_to=moved_name(survey, version.number),
    )


def surveys_to_move(store: Store, version: NetworkVersion) -> Iterator[str]:
    """Yield the surveys on another network, except those moved there from an older survey."""
    for name in store.surveys():
        on_it = store.survey(name).network_sha256 == version.network_sha256
        if not on_it and not _MOVED.search(name):
            yield name


def rematches_of(queue: JobQueue, surveys: Collection[str]) -> tuple[Job, ...]:
    """Return the jobs that moved or made any of these surveys; such jobs name their drives."""
    jobs = queue.of_kind(RematchRequest.kind)
    requests = ((job, RematchRequest.model_validate(job.request)) for job in jobs)
    return tuple(j for j, request in requests if {request.survey, request.moved_to} & {*surveys})


class RematchSteps:
    """The steps of a rematch, each completed or without effect."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._network = lru_cache(maxsize=1)(store.network)

    def plan(self, request: RematchRequest) -> RematchPlan:
        """Find the drives; raises `survey_unknown`."""
        from roadscan.pipeline.rematch import rematchable  # noqa: PLC0415 -- workers only

        try:
            if self._store.survey(request.survey).network_sha256 == request.network_sha256:
                return RematchPlan((), 0)
            found = rematchable(self._store, request.survey)
        except KeyError:
            what = f"there is no survey {request.survey!r}"
            raise RoadscanError("survey_unknown", what, "Choose another") from None
        return RematchPlan(found.traced, len(found.untraced))

    def move(self, request: RematchRequest, key: DriveKey) -> DriveKey | None:
        """Match a drive to the network; None if it is out of reach or was erased meanwhile."""
        from roadscan.pipeline.rematch import rematch_drive  # noqa: PLC0415 -- workers only

        scheme = parse_scheme(self._store.survey(request.survey).scheme_text)
        network = self._network(request.network_sha256)
        try:
            return rematch_drive(self._store, key, request.moved_to, network, scheme)
        except KeyError:
            return None
        except RoadscanError as error:
            if error.code != "network_too_far":
                raise
            return None

    def join(self, request: RematchRequest, moved: tuple[DriveKey, ...]) -> None:
        """Make a survey of the moved drives, which marks it for scoring."""
        known = self._store.survey(request.survey)
        self._store.join_survey(
            Survey(
                request.moved_to,
                request.network_sha256,
                known.model_name,
                known.model_kinds,
                known.scheme_text,
                moved,
                known.hit_rates,
            )
        )


def workflow(place: Workplace) -> Workflow[RematchRequest]:
    """Return the workflow of a worker."""
    own, steps = RematchSteps(place.town.store), place.steps

    def rematch(request: RematchRequest) -> str:
        publish_progress("matching", 0, 0)
        plan = steps.run_as("plan_rematch", _PLAN, lambda: own.plan(request))
        found = []
        for finished, key in enumerate(plan.drives):
            publish_progress("matching", finished, len(plan.drives))
            move = partial(own.move, request, key)
            found.append(steps.run_as("rematch_drive", _MOVED_DRIVE, move))
        moved = tuple(key for key in found if key is not None)

        def join() -> Facts:
            if moved:
                own.join(request, moved)
            return {
                "survey": request.moved_to,
                "drives": len(moved),
                "untraced": plan.untraced,
                "left_out": len(plan.drives) - len(moved),
            }

        return steps.finish("join_survey", join)

    return rematch


def routes(town: Town) -> APIRouter:
    """Return the route by which administrators request a rematch."""
    router = APIRouter(prefix="/api/jobs", tags=["jobs"])
    Admin = Annotated[Caller, Depends(town.guard.need(Right.ADMINISTER))]  # noqa: N806 -- a type

    @router.post("/rematch", status_code=202, responses=problems("network_missing"))
    def rematch(given: SurveyToRematch, caller: Admin) -> Job:
        """Match the drives of a survey to the network in force, as a survey of its own."""
        request = rematch_request(given.survey, town.network_in_force(), caller.name)
        job_id = town.queue.submit(request)
        town.accounts.record(caller.name, "rematch_submitted", job_id)
        return town.queue.job(job_id)

    return router


KIND: Final = JobKind(RematchRequest, workflow, routes, Right.ADMINISTER)
