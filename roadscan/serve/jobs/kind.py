"""Kinds of jobs as records, declared by their modules and listed in the registry."""

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
"""A function from a request to the job's result, a `Done` as JSON."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The resources that a worker provides to its workflows."""

    town: Town
    steps: Steps
    folder: Path
    """Folder for the files of one step; empty before and after it."""


@dataclass(frozen=True, slots=True)
class JobKind(Generic[R]):
    """A kind of job."""

    request: type[R]
    workflow: Callable[[Workplace], Workflow[R]]
    """Makes the workflow of a worker.

    Only workers call it, so only it and its steps may import models and decoders.
    """
    routes: Callable[[Town], APIRouter] | None = None
    """Makes the routes that submit such jobs; None if only the scheduler submits them."""
    changed_by: Right = Right.UPLOAD
    """The right needed to cancel or retry such a job."""

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return self.request.kind
