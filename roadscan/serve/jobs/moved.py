"""Surveys moved to another version of the network: which, and what they are called there.

What is moved becomes a survey of its own; the old one keeps its scores and the network that they
were made on.
"""

import re
import time
from collections.abc import Iterator
from typing import Final

from roadscan.serve.jobs.requests import RematchRequest
from roadscan.store.store import Store
from roadscan.store.town.networks import NetworkVersion

LONGEST_NAME: Final = 60
"""Of the part of a name that stays, so that the whole is a survey's name."""
_MOVED: Final = re.compile(r" · Netz \d+$")


def moved_name(survey: str, number: int) -> str:
    """Return how a survey is called on a version of the network."""
    return f"{_MOVED.sub('', survey)[:LONGEST_NAME]} · Netz {number}"


def rematch_request(survey: str, version: NetworkVersion, who: str) -> RematchRequest:
    """Return what a job is asked for that moves a survey."""
    return RematchRequest(
        asked_for=f"{time.time():.3f}",
        asked_by=who,
        survey=survey,
        network_sha256=version.network_sha256,
        moved_to=moved_name(survey, version.number),
    )


def surveys_to_move(store: Store, version: NetworkVersion) -> Iterator[str]:
    """Yield the surveys on another network, but those that were moved there from an older one."""
    for name in store.surveys():
        on_it = store.survey(name).network_sha256 == version.network_sha256
        if not on_it and not _MOVED.search(name):
            yield name
