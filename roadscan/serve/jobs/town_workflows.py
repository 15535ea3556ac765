"""The workflows of what concerns the whole town."""

from typing import Final

from dbos import DBOS
from pydantic import TypeAdapter

from roadscan.serve.jobs.household import Household
from roadscan.serve.jobs.requests import MAX_RECOVERIES, Done, PurgeRequest
from roadscan.serve.jobs.steps import Steps, tell
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
