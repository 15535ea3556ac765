"""A kind of job as one record, which its module declares and the registry lists."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from fastapi import APIRouter

from roadscan.model.access import Right
from roadscan.serve.jobs.steps import Steps
from roadscan.serve.queue.job import JobRequest
from roadscan.serve.town import Town

R = TypeVar("R", bound=JobRequest)
Workflow = Callable[[R], str]
"""From a request to the job's result, a `Done` as JSON."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker gives its workflows."""

    town: Town
    steps: Steps
    folder: Path
    """For the files of one step, empty before and after it."""


@dataclass(frozen=True, slots=True)
class JobKind(Generic[R]):
    """A kind of job."""

    request: type[R]
    workflow: Callable[[Workplace], Workflow[R]]
    """Makes the workflow of a worker.

    Only workers call it, so only it and its steps may import models and decoders.
    """
    routes: Callable[[Town], APIRouter] | None = None
    """Makes the routes by which such jobs are asked for; None where only the scheduler does."""
    changed_by: Right = Right.UPLOAD
    """Needed to cancel such a job, or to retry it."""

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return self.request.kind
