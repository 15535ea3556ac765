"""Moves a survey to another version of the network, drive by drive; only workers import this."""

from dataclasses import dataclass
from functools import lru_cache

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.model.survey import DriveKey, Survey
from roadscan.pipeline.rematch import rematch_drive, rematchable
from roadscan.serve.jobs.requests import RematchRequest
from roadscan.store.store import Store


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
        """Put a drive on the network; None for one out of its reach, or erased meanwhile."""
        scheme = parse_scheme(self._store.survey(request.survey).scheme_text)
        network = self._network(request.network_sha256)
        try:
            return rematch_drive(self._store, key, request.moved_to, network, scheme)
        except KeyError:
            return None
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
