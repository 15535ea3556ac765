"""Moves surveys to another version of the network: which, under what name, drive by drive.

What is moved becomes a survey of its own; the old one keeps its scores and the network that they
were made on.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.survey import DriveKey, Survey
from roadscan.pipeline.rematch import rematch_drive, rematchable
from roadscan.serve.jobs.requests import RematchRequest
from roadscan.store.store import Store
from roadscan.store.town import NetworkVersion

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


@dataclass(frozen=True, slots=True)
class RematchPlan:
    """The drives that are to be moved, and how many cannot be."""

    drives: tuple[DriveKey, ...]
    untraced: int


class Rematching:
    """The steps of a job that moves a survey, each done whole or not at all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._network = lru_cache(maxsize=1)(store.network)

    def plan(self, request: RematchRequest) -> RematchPlan:
        """Find the drives; raises `survey_unknown`."""
        try:
            if self._store.survey(request.survey).network_sha256 == request.network_sha256:
                return RematchPlan((), 0)
            found = rematchable(self._store, request.survey)
        except KeyError:
            what = f"there is no survey {request.survey!r}"
            raise RoadscanError("survey_unknown", what, "Choose another") from None
        return RematchPlan(found.traced, len(found.untraced))

    def move(self, request: RematchRequest, key: DriveKey) -> DriveKey | None:
        """Put a drive on the network; None for one that it does not reach."""
        scheme = parse_scheme(self._store.survey(request.survey).scheme_text)
        network = self._network(request.network_sha256)
        try:
            return rematch_drive(self._store, key, request.moved_to, network, scheme)
        except RoadscanError as error:
            if error.code != "network_too_far":
                raise
            return None

    def join(self, request: RematchRequest, moved: tuple[DriveKey, ...]) -> None:
        """Make a survey of the drives that were moved, and ask for its scoring."""
        known = self._store.survey(request.survey)
        self._store.join_survey(
            Survey(
                request.moved_to,
                request.network_sha256,
                known.model_name,
                known.model_kinds,
                known.scheme_text,
                moved,
            )
        )
