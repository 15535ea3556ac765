"""Scheduler: enqueues the jobs that the store's state requires.

The arrival of a file triggers nothing. Each worker reads the state twice a second and submits what
is due: checks of waiting drives, scorings of changed surveys, the day's purge. (A check without
concerns starts its drive as its own last step.) A job's id is made from what it is due for: many
workers that find the same job due make one, and a job lost to a kill is found due again.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from roadscan.serve.jobs.kinds.check import CheckRequest, Setback, checks_of_waiting
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.purge import PurgeRequest
from roadscan.serve.jobs.kinds.score import ScoreRequest
from roadscan.serve.queue.job import JobRequest
from roadscan.serve.town import Town
from roadscan.store.rescoring import ScoringStatus
from roadscan.store.town.workers import SchedulerSetback

REST: Final = 4.0
"""While drives are analysed, a survey rests for this many times the duration of its last scoring:
scoring takes at most a fifth of one worker's time, however large the survey and many its drives."""

FIRST_REST_S: Final = 4.0
LONGEST_REST_S: Final = 3600.0
"""A failed item rests for the first of these, then twice as long each time, up to the second."""
MAX_ERROR: Final = 300
"""Characters of an error that are shown."""
_LOG: Final = logging.getLogger("roadscan.serve.scheduler")


@dataclass(frozen=True, slots=True)
class TownStatus:
    """The state that determines which jobs are due."""

    checks: tuple[CheckRequest, ...]
    """Of the drives that are waiting and complete."""
    to_score: tuple[ScoringStatus, ...]
    """Surveys whose scores do not include all changes."""
    drives_under_way: bool
    """Whether more drives may soon join the surveys."""
    deletes_raw: bool
    """Whether workers delete raw recordings whose time is over."""


class Scheduler:
    """The scheduler of a worker: submits the jobs that are due, each once."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._submitted: frozenset[str] = frozenset()
        self._setbacks = Setbacks()

    def run(self, now_s: float) -> None:
        """Submit the jobs that are due now and were not due at the last run."""
        setback = partial(self._setbacks.note, now_s)
        status = _status_of(self._town, setback)
        due = {request.job_id(): request for request in due_jobs(status, now_s)}
        failed = set()
        for job_id in sorted(due.keys() - self._submitted):
            if self._setbacks.rests(now_s, job_id) or not self._submit(due[job_id], setback):
                failed.add(job_id)
        self._submitted = frozenset(due.keys() - failed)

    def setbacks(self, now_s: float) -> tuple[SchedulerSetback, ...]:
        """Return what could not be scheduled lately."""
        return self._setbacks.current(now_s)

    def _submit(self, request: JobRequest, setback: Setback) -> bool:
        """Submit a job; a failure affects this job only."""
        try:
            self._town.queue.submit(request)
        except Exception as error:  # noqa: BLE001 -- no error may stop the others
            setback(request.job_id(), error)
            return False
        return True


class Setbacks:
    """Failures by item: each is logged in full; the item then rests, twice as long each time."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._errors: dict[str, str] = {}

    def note(self, now_s: float, item: str, error: Exception) -> None:
        """Log an error with its traceback, unless the item rests."""
        if self.rests(now_s, item):
            return
        _, rest_s = self._seen.get(item, (0.0, FIRST_REST_S / 2))
        rest_s = min(2 * rest_s, LONGEST_REST_S)
        self._seen[item] = (now_s + rest_s, rest_s)
        self._errors[item] = " ".join(f"{type(error).__name__}: {error}".split())[:MAX_ERROR]
        _LOG.error("%s could not be scheduled; next try in %.0f s", item, rest_s, exc_info=error)

    def current(self, now_s: float) -> tuple[SchedulerSetback, ...]:
        """Return what failed lately: its next try is due, or was a moment ago."""
        return tuple(
            SchedulerSetback(item, self._errors[item], until_s)
            for item, (until_s, rest_s) in self._seen.items()
            if now_s < until_s + rest_s
        )

    def rests(self, now_s: float, item: str) -> bool:
        """Return whether an item failed only a short while ago."""
        until_s, _ = self._seen.get(item, (now_s, 0.0))
        return now_s < until_s


def _status_of(town: Town, setback: Setback) -> TownStatus:
    to_score = town.scorings.outstanding()
    return TownStatus(
        tuple(checks_of_waiting(town, setback)),
        to_score,
        bool(to_score) and town.queue.under_way(DriveRequest.kind),
        town.settings.deletes_raw,
    )


def due_jobs(status: TownStatus, now_s: float) -> Iterator[JobRequest]:
    """Yield the jobs that are due, including those already submitted."""
    if status.deletes_raw:
        yield PurgeRequest(asked_for=utc_day(now_s))
    yield from status.checks
    yield from due_scorings(status.to_score, now_s, drives_under_way=status.drives_under_way)


def utc_day(now_s: float) -> str:
    """Return the day for which a purge is due; the first run of a day submits it."""
    return time.strftime("%Y-%m-%d", time.gmtime(now_s))


def due_scorings(
    to_score: Iterable[ScoringStatus], now_s: float, *, drives_under_way: bool
) -> Iterator[ScoreRequest]:
    """Yield a scoring for each changed survey, after a rest while drives are under way."""
    for scoring in to_score:
        if not drives_under_way or is_rested(scoring, now_s):
            yield ScoreRequest(survey=scoring.survey, change=scoring.requested)


def is_rested(scoring: ScoringStatus, now_s: float) -> bool:
    """Return whether a survey may be scored even though more drives may soon join it."""
    return now_s >= scoring.ended_s + REST * scoring.took_s
