"""The steps of jobs that look at no picture: what a town's files, drives and databases need."""

from dataclasses import dataclass
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.requests import CheckRequest, PurgeRequest
from roadscan.serve.purge import retention_of
from roadscan.serve.retention import Deleted
from roadscan.serve.settings import ServeSettings
from roadscan.store.accounts import Accounts
from roadscan.store.sql import SqlStore

NOBODY: Final = "roadscan work"
"""Stands in the audit log for what a worker does without anybody's asking."""


@dataclass(frozen=True, slots=True)
class Household:
    """What a worker needs for them."""

    settings: ServeSettings
    store: SqlStore
    accounts: Accounts
    drives: Drives

    def delete_some(self, request: PurgeRequest) -> Deleted:
        """Delete some of the raw recordings that are due."""
        who = request.asked_by or NOBODY
        return retention_of(self.settings, self.store, self.drives.queue, who).delete_some()

    def start_drive(self, request: CheckRequest) -> dict[str, str | int]:
        """Let a drive be worked that nothing is wrong with, unless somebody was faster."""
        try:
            job_id = self.drives.start(request.drive)
        except RoadscanError as error:
            if error.code != "drive_not_waiting":
                raise
            return {"concerns": 0}
        self.accounts.record(NOBODY, "drive_submitted", job_id)
        return {"concerns": 0, "job_id": job_id}
