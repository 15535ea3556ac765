"""What nobody asks for: the state of the store does.

Each worker looks every now and then and submits what is wanted. An id is made of what it is wanted
for, so that many workers who see the same make one job, and what a kill took away is seen again.
"""

from dataclasses import dataclass
from typing import Final

from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import ScoreRequest
from roadscan.store.scorings import Scoring, Scorings

REST: Final = 4.0
"""While drives are worked, a survey rests so many times as long as its last scoring took: scoring
takes at most a fifth of one worker's time, however large the survey and many its drives."""


@dataclass(frozen=True, slots=True)
class StandingOrders:
    """Submits what the state of the store asks for."""

    queue: JobQueue
    scorings: Scorings

    def look(self, now_s: float) -> None:
        """Look once."""
        outstanding = self.scorings.outstanding()
        if not outstanding:
            return
        busy = self.queue.under_way("drive")
        for scoring in outstanding:
            if not busy or is_rested(scoring, now_s):
                self.queue.submit(ScoreRequest(survey=scoring.survey, change=scoring.wanted))


def is_rested(scoring: Scoring, now_s: float) -> bool:
    """Tell whether a survey may be scored although more drives may be on their way."""
    return now_s >= scoring.ended_s + REST * scoring.took_s
