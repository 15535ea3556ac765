"""What nobody asks for: the state of the store does.

Each worker looks every now and then and submits what is wanted. An id is made of what it is wanted
for, so that many workers who see the same make one job, and what a kill took away is seen again.
"""

import time
from typing import Final

from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.requests import PurgeRequest, ScoreRequest
from roadscan.store.rescoring import Scorings, ScoringStatus

REST: Final = 4.0
"""While drives are worked, a survey rests so many times as long as its last scoring took: scoring
takes at most a fifth of one worker's time, however large the survey and many its drives."""


class Scheduler:
    """Submits what the state of the store asks for, and what every day does."""

    def __init__(self, drives: Drives, scorings: Scorings, *, deletes_raw: bool) -> None:
        self._drives = drives
        self._queue = drives.queue
        self._scorings = scorings
        self._deletes_raw = deletes_raw
        self._day = ""
        self._checked: frozenset[str] = frozenset()

    def look(self, now_s: float) -> None:
        """Look once."""
        self._see_to_the_day(now_s)
        self._see_to_the_waiting()
        outstanding = self._scorings.outstanding()
        if not outstanding:
            return
        busy = self._queue.under_way("drive")
        for scoring in outstanding:
            if not busy or is_rested(scoring, now_s):
                self._queue.submit(ScoreRequest(survey=scoring.survey, change=scoring.requested))

    def _see_to_the_waiting(self) -> None:
        """Ask for a look at each drive that is whole and that nobody asked for before."""
        wanted = {request.job_id(): request for _, request in self._drives.checks()}
        for job_id in sorted(wanted.keys() - self._checked):
            self._queue.submit(wanted[job_id])
        self._checked = frozenset(wanted)

    def _see_to_the_day(self, now_s: float) -> None:
        """Ask once a day (UTC) for what is due to be deleted; the first look of a day asks."""
        day = time.strftime("%Y-%m-%d", time.gmtime(now_s))
        if self._deletes_raw and day != self._day:
            self._queue.submit(PurgeRequest(asked_for=day))
            self._day = day


def is_rested(scoring: ScoringStatus, now_s: float) -> bool:
    """Tell whether a survey may be scored although more drives may be on their way."""
    return now_s >= scoring.ended_s + REST * scoring.took_s
