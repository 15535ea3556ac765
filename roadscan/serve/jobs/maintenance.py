"""The steps of jobs that look at no picture: what a town's files, drives and databases need."""

import os
import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.publish.export import export_all
from roadscan.publish.layer_frames import load_results
from roadscan.serve.backup import BACKUPS, MANIFEST, backup
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.exports import export_path, remove_old_exports
from roadscan.serve.jobs.requests import (
    BackupRequest,
    CheckRequest,
    ExportRequest,
    PurgeRequest,
)
from roadscan.serve.retention import Deleted, retention_of
from roadscan.serve.settings import ServeSettings
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts

Facts = dict[str, str | int]
"""What a job answers, by name."""
NOBODY: Final = "roadscan work"
"""Stands in the audit log for what a worker does without anybody's asking."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What a worker needs for them."""

    settings: ServeSettings
    store: Store
    accounts: Accounts
    drives: Drives

    def delete_some(self, request: PurgeRequest) -> Deleted:
        """Delete some of the raw recordings that are due."""
        remove_old_exports(self.settings.data, time.time())
        who = request.asked_by or NOBODY
        return retention_of(self.settings, self.store, self.drives.queue, who).delete_some()

    def back_up(self, request: BackupRequest) -> Facts:
        """Copy the town into a new folder; what an attempt that broke off left is removed first."""
        began = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(float(request.asked_for)))
        target = self.settings.data / BACKUPS / began
        if target.is_dir() and not (target / MANIFEST).is_file():
            shutil.rmtree(target)
        if not target.is_dir():
            backup(self.settings, target, raw=request.raw)
        files = [path for path in target.rglob("*") if path.is_file()]
        size_bytes = sum(path.stat().st_size for path in files)
        return {"folder": f"{BACKUPS}/{began}", "files": len(files), "bytes": size_bytes}

    def export(self, request: ExportRequest) -> Facts:
        """Write all layers and pictures of a survey into one file, which is there whole or not."""
        data = self.settings.data
        remove_old_exports(data, time.time())
        if request.survey not in self.store.surveys():
            raise RoadscanError(
                "survey_unknown", f"there is no survey {request.survey!r}", "Choose another"
            )
        target = export_path(data, request.job_id())
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            export_all(self.store, load_results(self.store, request.survey), partial)
            _pack(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return {"bytes": target.stat().st_size}

    def start_drive(self, request: CheckRequest) -> Facts:
        """Let a drive be worked that nothing is wrong with, unless somebody was faster."""
        try:
            job_id = self.drives.start(request.drive)
        except RoadscanError as error:
            if error.code != "drive_not_waiting":
                raise
            return {"concerns": 0}
        self.accounts.record(NOBODY, "drive_submitted", job_id)
        return {"concerns": 0, "job_id": job_id}


def _pack(folder: Path, target: Path) -> None:
    packed = target.with_suffix(".packed")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(folder))
    os.replace(packed, target)  # noqa: PTH105 -- the atomic one
