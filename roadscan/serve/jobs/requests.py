"""What jobs are asked for and what they answer: plain values that a database can keep."""

import hashlib
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from roadscan.errors import RoadscanError
from roadscan.model.drive_check import DriveCheck
from roadscan.read.network_preview import NetworkPreview

APPLICATION: Final = "roadscan"
APPLICATION_VERSION: Final = "1"
"""Of the workflows' shape: raised when old ones cannot go on under new code, never otherwise."""
DRIVES: Final = "drives"
SURVEYS: Final = "surveys"
"""Queue on which one survey is scored at a time: what it writes is the survey's, not a drive's."""
CHECKS: Final = "checks"
"""Queue of looks at drives, which do not wait for the drives that are worked."""
TOWN: Final = "town"
"""Queue of what concerns the whole town, one job at a time."""
PROGRESS: Final = "progress"
"""Event under which a workflow tells how far it is."""
LOOK: Final = "look"
"""Event under which the columns and faults of a network are told, whether it can be read or not."""
FOUND: Final = "found"
"""Event under which the check of a drive is told."""
FOUND_OF_DRIVE: Final = TypeAdapter(DriveCheck)
"""Reads and writes that event."""
MAX_ATTEMPTS: Final = 3
"""For a step that goes wrong."""
MAX_RECOVERIES: Final = 20
"""For a job whose worker ended: each restart of a machine counts, and a drive may take hours; but
one that brings its worker down each time has to end."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SurveyName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
ColumnName = Annotated[str, Field(max_length=200)]
LOOKS: Final = TypeAdapter(NetworkPreview)
"""Reads and writes that event."""
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class DriveRequest(BaseModel):
    """A drive to be worked: its files by checksum, and its settings."""

    model_config = _FROZEN
    survey: SurveyName
    video_sha256: Sha256
    video_name: str
    track_sha256: Sha256
    track_name: str
    camera_sha256: Sha256 | None = None
    camera_name: str = ""
    network_sha256: Sha256
    scheme: str = "ap9k"
    model: str = ""
    offset_s: Annotated[float, Field(allow_inf_nan=False)] | None = None
    every_m: Annotated[float, Field(ge=0.5, le=100.0)] = 3.0

    def job_id(self) -> str:
        """Return an id made of the content: asking twice for one drive makes one job."""
        return "drive-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


class NetworkColumns(BaseModel):
    """Which column of a network means what, "" where none does: all that a mapping may say."""

    model_config = _FROZEN
    link_id: ColumnName = ""
    street: ColumnName = ""
    street_key: ColumnName = ""
    road_class: ColumnName = ""
    surface: ColumnName = ""
    oneway: ColumnName = ""
    lane_width: ColumnName = ""
    width: ColumnName = ""
    lanes: ColumnName = ""
    outside_town: ColumnName = ""
    highway: ColumnName = ""


class CheckRequest(BaseModel):
    """A drive to be looked at before it is worked; where nothing is wrong it then begins."""

    model_config = _FROZEN
    drive: DriveRequest
    sent_s: float
    """When its video came: one that was withdrawn and is sent again is looked at again."""

    def job_id(self) -> str:
        """Return an id made of the content."""
        return "check-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


class NetworkRequest(BaseModel):
    """A network to be read, so that somebody can look at it before it is put in force."""

    model_config = _FROZEN
    file_sha256: Sha256
    file_name: str
    scheme: str = "ap9k"
    columns: NetworkColumns | None = None
    """None takes them by their usual names, or as a mapping file in the zip says."""

    def job_id(self) -> str:
        """Return an id made of the content."""
        return "network-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


class ScoreRequest(BaseModel):
    """A survey to be scored anew since drives came in; nobody asks for it but the store."""

    model_config = _FROZEN
    survey: SurveyName
    change: int
    """Of the survey, as `Scorings` counts them: asking twice for one change makes one job."""

    def job_id(self) -> str:
        """Return an id made of the content."""
        return "score-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


SchemeName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
"""Of a scheme that comes with roadscan; no path to a file."""


class RescoreRequest(BaseModel):
    """A survey to be scored by another scheme, from what the store has."""

    model_config = _FROZEN
    survey: SurveyName
    scheme: SchemeName
    asked_s: float
    """When it was asked for: the same may be asked for again after new drives."""

    def job_id(self) -> str:
        """Return an id made of the content."""
        return "rescore-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


class PurgeRequest(BaseModel):
    """Raw recordings to be deleted whose time is over."""

    model_config = _FROZEN
    asked_for: str
    """The day, or the moment: asking twice for one makes one job."""
    asked_by: str = ""
    """The administrator; "" where nobody but the day did."""

    def job_id(self) -> str:
        """Return an id made of the day or the moment, whoever asks."""
        return "purge-" + hashlib.sha256(self.asked_for.encode()).hexdigest()[:24]


class BackupRequest(BaseModel):
    """The town to be copied."""

    model_config = _FROZEN
    asked_for: str
    asked_by: str
    raw: bool
    """With the videos and tracks that are still kept."""

    def job_id(self) -> str:
        """Return an id made of the moment."""
        return "backup-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


class ExportRequest(BaseModel):
    """All layers and pictures of a survey to be written into one file."""

    model_config = _FROZEN
    asked_for: str
    asked_by: str
    survey: SurveyName

    def job_id(self) -> str:
        """Return an id made of the survey and the moment."""
        return "export-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


class RematchRequest(BaseModel):
    """The drives of a survey to be matched to another network, as a survey of their own."""

    model_config = _FROZEN
    asked_for: str
    asked_by: str
    survey: SurveyName
    network_sha256: Sha256
    moved_to: SurveyName
    """What the new survey is called."""

    def job_id(self) -> str:
        """Return an id made of the survey and the moment."""
        return "rematch-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:24]


ChoreRequest = PurgeRequest | BackupRequest | ExportRequest | RematchRequest
"""What administrators and planners ask for."""
Request = (
    DriveRequest | CheckRequest | NetworkRequest | ScoreRequest | RescoreRequest | ChoreRequest
)


class Failure(BaseModel):
    """Why a job could not do what was asked: a RoadscanError as a value."""

    model_config = _FROZEN
    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: RoadscanError) -> "Failure":
        """Keep an error."""
        return cls(code=error.code, message=error.message, hint=error.hint)


class Done(BaseModel):
    """What a job answers."""

    model_config = _FROZEN
    failure: Failure | None = None
    facts: dict[str, str | int] = {}


class Progress(BaseModel):
    """How far a job is: a stage, and how many of its pieces are done."""

    model_config = _FROZEN
    stage: str
    done: int
    total: int


class JobKind(StrEnum):
    """What a job does: the name of its workflow."""

    DRIVE = "drive"
    CHECK = "check"
    NETWORK = "network"
    SCORE = "score"
    RESCORE = "rescore"
    PURGE = "purge"
    BACKUP = "backup"
    EXPORT = "export"
    REMATCH = "rematch"


CHORES: Final = frozenset({JobKind.PURGE, JobKind.BACKUP, JobKind.EXPORT, JobKind.REMATCH})


class State(StrEnum):
    """Where a job stands."""

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
