"""Jobs as records: their requests, progress and results."""

import hashlib
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.survey import MAX_SURVEY_NAME, SURVEY_NAME

APPLICATION_VERSION: Final = "1"
"""Version of the workflows' shape, raised only if old ones cannot continue under new code."""
PROGRESS: Final = "progress"
"""Event under which a workflow publishes its `Progress`."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SurveyName = Annotated[str, Field(min_length=1, max_length=MAX_SURVEY_NAME, pattern=SURVEY_NAME)]
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class QueueName(StrEnum):
    """The queues; how many jobs of each run at once is set by the worker."""

    DRIVES = "drives"
    SURVEYS = "surveys"
    """One survey at a time: what a scoring writes belongs to the survey, not to a drive."""
    CHECKS = "checks"
    """Checks of drives, which do not wait behind the drives that are analysed."""
    TOWN = "town"
    """What concerns the whole town, one job at a time."""


class JobRequest(BaseModel):
    """The input of a job: plain values that a database can hold, and where such jobs wait."""

    model_config = _FROZEN
    kind: ClassVar[str]
    """The name of the workflow."""
    queue: ClassVar[QueueName]

    def job_id(self) -> str:
        """Return an id made from the content: submitting a request twice makes one job."""
        return job_id_of(self.kind, self.model_dump_json())


class Failure(BaseModel):
    """Why a job could not do what was asked: a RoadscanError as a value."""

    model_config = _FROZEN
    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: RoadscanError) -> "Failure":
        """Return an error as a value."""
        return cls(code=error.code, message=error.message, hint=error.hint)


class Done(BaseModel):
    """The result of a job."""

    model_config = _FROZEN
    failure: Failure | None = None
    facts: dict[str, str | int] = {}


class Progress(BaseModel):
    """How far a job is: a stage, and how many of its pieces are done."""

    model_config = _FROZEN
    stage: str
    done: int
    total: int


class State(StrEnum):
    """The state of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(BaseModel):
    """A job as the service shows it."""

    model_config = _FROZEN
    job_id: str
    kind: str
    state: State
    request: dict[str, object]
    progress: Progress | None
    done: Done | None
    worker: str
    created_s: float
    updated_s: float


def job_id_of(kind: str, content: str) -> str:
    """Return the id of a job of a kind, made from what distinguishes it."""
    return f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:24]}"
