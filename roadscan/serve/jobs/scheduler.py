"""Scheduler: enqueues the jobs that the store's state requires.

The arrival of a file triggers nothing. Each worker reads the state twice a second and submits what
is due: checks of waiting drives, scorings of changed surveys, the day's purge. (A check without
concerns starts its drive as its own last step.) A job's id is made from what it is due for: many
workers that see the same make one job, and what a kill took away is seen again.
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

REST: Final = 4.0
"""While drives are analysed, a survey rests so many times as long as its last scoring took: scoring
takes at most a fifth of one worker's time, however large the survey and many its drives."""

FIRST_REST_S: Final = 4.0
LONGEST_REST_S: Final = 3600.0
"""An item that went wrong rests for the first, then twice as long each time, up to the second."""
_LOG: Final = logging.getLogger("roadscan.serve.scheduler")


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
        self._setbacks = Setbacks()

    def run(self, now_s: float) -> None:
        """Submit what is due and was not due at the last run."""
        setback = partial(self._setbacks.note, now_s)
        status = _status_of(self._town, setback)
        due = {request.job_id(): request for request in due_jobs(status, now_s)}
        failed = set()
        for job_id in sorted(due.keys() - self._submitted):
            if self._setbacks.rests(now_s, job_id) or not self._submit(due[job_id], setback):
                failed.add(job_id)
        self._submitted = frozenset(due.keys() - failed)

    def _submit(self, request: JobRequest, setback: Setback) -> bool:
        """Submit a job; what goes wrong costs this one and none of the others."""
        try:
            self._town.queue.submit(request)
        except Exception as error:  # noqa: BLE001 -- whatever it is: the others go on
            setback(request.job_id(), error)
            return False
        return True


class Setbacks:
    """What went wrong with which item: each is logged whole, then rests twice as long each time."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def note(self, now_s: float, item: str, error: Exception) -> None:
        """Log an error with its traceback, unless the item rests."""
        if self.rests(now_s, item):
            return
        _, rest_s = self._seen.get(item, (0.0, FIRST_REST_S / 2))
        rest_s = min(2 * rest_s, LONGEST_REST_S)
        self._seen[item] = (now_s + rest_s, rest_s)
        _LOG.error("%s could not be scheduled; next try in %.0f s", item, rest_s, exc_info=error)

    def rests(self, now_s: float, item: str) -> bool:
        """Tell whether an item went wrong a short while ago."""
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
