"""When a video may have begun: what a camera's clock says, and the ways in which it goes wrong."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from roadscan.model.arrays import Floats

SEARCH_S: Final = 10.0
"""On either side of every guess: cameras are set by hand, and drift."""
ZONE_STEP_S: Final = 1800.0
ZONE_STEPS: Final = 28
"""Clocks on local time, or on that of another country: whole and half hours up to 14 h."""
ROLLOVER_S: Final = 1024 * 7 * 86_400.0
"""A GPS receiver counts weeks up to 1,024 (7,168 days) and then begins anew."""


@dataclass(frozen=True, slots=True)
class ClockGuess:
    """UTC times at which a video may have begun, and how far beside each of them to search.

    `why`: "camera" (its clock), "given", "end" (its clock when it stopped), "zone" (local time),
    "rollover" (of the GPS weeks), "chapter" (parts of a recording that share one time), or "track"
    (anywhere on the track: `starts_s` is empty).
    """

    why: str
    starts_s: Floats
    within_s: float = SEARCH_S


def guesses_for(
    created_s: float | None, duration_s: float, continues_s: float | None = None
) -> tuple[ClockGuess, ...]:
    """Return when a video may have begun, the likeliest first.

    `created_s` is the container's time, None without one; `continues_s` when the video of the same
    date before it ended, None if there is none.
    """
    anywhere: tuple[ClockGuess, ...] = (ClockGuess("track", np.zeros(0)),)
    if continues_s is not None:
        anywhere = (ClockGuess("chapter", np.array([continues_s])), *anywhere)
    if created_s is None:
        return anywhere
    steps = np.arange(1, ZONE_STEPS + 1) * ZONE_STEP_S
    zones = np.concatenate([-steps, steps])
    began_s = np.array([created_s, created_s - duration_s])
    return (
        ClockGuess("camera", began_s[:1]),
        ClockGuess("end", began_s[1:]),
        ClockGuess("zone", np.add.outer(began_s, zones).ravel()),
        ClockGuess("rollover", np.add.outer(began_s, [-ROLLOVER_S, ROLLOVER_S]).ravel()),
        *anywhere,
    )
