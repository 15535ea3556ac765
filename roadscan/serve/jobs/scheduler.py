"""Scheduler: enqueues the jobs that the store's state requires.

The arrival of a file triggers nothing. Each worker reads the state twice a second and submits what
is due: checks of waiting drives, scorings of changed surveys, the day's purge. (A check without
concerns starts its drive as its own last step.) A job's id is made from what it is due for: many
workers that see the same make one job, and what a kill took away is seen again.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from roadscan.serve.jobs.kinds.check import CheckRequest, checks_of_waiting
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.purge import PurgeRequest
from roadscan.serve.jobs.kinds.score import ScoreRequest
from roadscan.serve.queue.job import JobRequest
from roadscan.serve.town import Town
from roadscan.store.rescoring import ScoringStatus

REST: Final = 4.0
"""While drives are analysed, a survey rests so many times as long as its last scoring took: scoring
takes at most a fifth of one worker's time, however large the survey and many its drives."""


@dataclass(frozen=True, slots=True)
class TownStatus:
    """What decides which jobs are due."""

    checks: tuple[CheckRequest, ...]
    """Of the drives that are waiting and complete."""
    to_score: tuple[ScoringStatus, ...]
    """Surveys whose scores leave a change out."""
    drives_under_way: bool
    """More drives may soon join the surveys."""
    deletes_raw: bool
    """Whether workers delete raw recordings whose time is over."""


class Scheduler:
    """Submits what is due, each job once."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._submitted: frozenset[str] = frozenset()

    def run(self, now_s: float) -> None:
        """Submit what is due and was not due at the last run."""
        due = {request.job_id(): request for request in due_jobs(_status_of(self._town), now_s)}
        for job_id in sorted(due.keys() - self._submitted):
            self._town.queue.submit(due[job_id])
        self._submitted = frozenset(due)


def _status_of(town: Town) -> TownStatus:
    to_score = town.scorings.outstanding()
    return TownStatus(
        tuple(checks_of_waiting(town)),
        to_score,
        bool(to_score) and town.queue.under_way(DriveRequest.kind),
        town.settings.deletes_raw,
    )


def due_jobs(status: TownStatus, now_s: float) -> Iterator[JobRequest]:
    """Yield the jobs that are due, also those that were submitted before."""
    if status.deletes_raw:
        yield PurgeRequest(asked_for=utc_day(now_s))
    yield from status.checks
    yield from due_scorings(status.to_score, now_s, drives_under_way=status.drives_under_way)


def utc_day(now_s: float) -> str:
    """Return the day that a purge is due for; the first run of a day submits it."""
    return time.strftime("%Y-%m-%d", time.gmtime(now_s))


def due_scorings(
    to_score: Iterable[ScoringStatus], now_s: float, *, drives_under_way: bool
) -> Iterator[ScoreRequest]:
    """Yield a scoring for each changed survey, after a rest while drives are under way."""
    for scoring in to_score:
        if not drives_under_way or is_rested(scoring, now_s):
            yield ScoreRequest(survey=scoring.survey, change=scoring.requested)


def is_rested(scoring: ScoringStatus, now_s: float) -> bool:
    """Tell whether a survey may be scored although more drives may soon join it."""
    return now_s >= scoring.ended_s + REST * scoring.took_s
