"""The workflows of what concerns the whole town."""

from typing import Final

from dbos import DBOS
from pydantic import TypeAdapter

from roadscan.serve.jobs.household import Household
from roadscan.serve.jobs.requests import (
    MAX_RECOVERIES,
    BackupRequest,
    Done,
    ExportRequest,
    PurgeRequest,
    RematchRequest,
)
from roadscan.serve.jobs.steps import Steps, answer, tell
from roadscan.serve.retention import Deleted

_DELETED: Final = TypeAdapter(Deleted)


def register_for_town(household: Household, steps: Steps) -> None:
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
        tell("matching", 0, 1)
        return answer(steps, "rematch", lambda: household.rematch(request))
