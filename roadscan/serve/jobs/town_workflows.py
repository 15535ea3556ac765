"""The workflows of what concerns the whole town."""

from functools import partial
from typing import Final

from dbos import DBOS
from pydantic import TypeAdapter

from roadscan.model.survey import DriveKey
from roadscan.serve.jobs.maintenance import Maintenance
from roadscan.serve.jobs.rematching import Rematching, RematchPlan
from roadscan.serve.jobs.requests import (
    MAX_RECOVERIES,
    BackupRequest,
    Done,
    ExportRequest,
    PurgeRequest,
    RematchRequest,
)
from roadscan.serve.jobs.steps import RefusedError, Steps, answer, refused, tell
from roadscan.serve.retention import Deleted

_DELETED: Final = TypeAdapter(Deleted)
_PLAN: Final = TypeAdapter(RematchPlan)
_MOVED: Final = TypeAdapter(DriveKey | None)


def register_for_town(household: Maintenance, rematching: Rematching, steps: Steps) -> None:
    """Tell DBOS of them."""

    @DBOS.workflow(name="purge", max_recovery_attempts=MAX_RECOVERIES)
    def purge(given: str) -> str:
        request = PurgeRequest.model_validate_json(given)
        tell("deleting", 0, 0)
        files = size_bytes = 0
        # by parts, each of what is due by then: a list made before a kill may be long out of date
        while True:
            part = _DELETED.validate_json(
                steps.run(
                    "delete_some",
                    lambda: _DELETED.dump_json(household.delete_some(request)).decode(),
                )
            )
            files, size_bytes = files + part.files, size_bytes + part.size_bytes
            tell("deleting", files, files + part.left)
            if not part.files or not part.left:
                return Done(facts={"files": files, "bytes": size_bytes}).model_dump_json()

    @DBOS.workflow(name="backup", max_recovery_attempts=MAX_RECOVERIES)
    def backup(given: str) -> str:
        request = BackupRequest.model_validate_json(given)
        tell("copying", 0, 1)
        return answer(steps, "back_up", lambda: household.back_up(request))

    @DBOS.workflow(name="export", max_recovery_attempts=MAX_RECOVERIES)
    def export(given: str) -> str:
        request = ExportRequest.model_validate_json(given)
        tell("writing", 0, 1)
        return answer(steps, "export", lambda: household.export(request))

    @DBOS.workflow(name="rematch", max_recovery_attempts=MAX_RECOVERIES)
    def rematch(given: str) -> str:
        request = RematchRequest.model_validate_json(given)
        tell("matching", 0, 0)
        try:
            plan = _PLAN.validate_json(
                steps.run(
                    "plan_rematch", lambda: _PLAN.dump_json(rematching.plan(request)).decode()
                )
            )
            moved = _move(rematching, steps, request, plan)
        except RefusedError as error:
            return refused(error)
        facts: dict[str, str | int] = {
            "survey": request.moved_to,
            "drives": len(moved),
            "untraced": plan.untraced,
            "left_out": len(plan.drives) - len(moved),
        }

        def join() -> dict[str, str | int]:
            if moved:
                rematching.join(request, moved)
            return facts

        return answer(steps, "join_survey", join)


def _move(
    rematching: Rematching, steps: Steps, request: RematchRequest, plan: RematchPlan
) -> tuple[DriveKey, ...]:
    """Move drive by drive; return those that were."""

    def move(key: DriveKey) -> str:
        return _MOVED.dump_json(rematching.move(request, key)).decode()

    found = []
    for done, key in enumerate(plan.drives):
        tell("matching", done, len(plan.drives))
        found.append(_MOVED.validate_json(steps.run("rematch_drive", partial(move, key))))
    return tuple(key for key in found if key is not None)
