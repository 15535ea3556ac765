"""Puts an eraser together for a town, for `roadscan erase` and `roadscan drives`."""

import time
from contextlib import closing

from roadscan.serve.drive_routes import ErasedResponse, Eraser
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import jobs_url, need_town, open_town
from roadscan.serve.uploads.upload_service import UploadService
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.surveys.list_drives import KnownDrive, find_drive, known_drives
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions

WHO = "roadscan erase"


def drives_of_town(settings: ServeSettings) -> tuple[KnownDrive, ...]:
    """Return all drives of a town; raises `file_missing` without one."""
    need_town(settings)
    with open_town(settings) as store:
        return known_drives(store.engine)


def find_in_town(settings: ServeSettings, drive_id: str) -> KnownDrive:
    """Return a drive of a town; raises `file_missing`, `drive_unknown`."""
    need_town(settings)
    with open_town(settings) as store:
        return find_drive(store.engine, drive_id)


def erase_from_town(settings: ServeSettings, drive_id: str) -> ErasedResponse:
    """Erase a drive as the administration page does, also while the service runs.

    Raises `file_missing`, `drive_unknown`, `drive_in_work`.
    """
    need_town(settings)
    with closing(JobQueue(jobs_url(settings))) as queue, open_town(settings) as store:
        drive = find_drive(store.engine, drive_id).drive
        files = Files(store.engine)
        drives = Drives(files, NetworkVersions(store.engine, time.time), store, queue)
        arrivals = UploadService(UploadStorage(settings.data, settings.upload_limits), files)
        told = Eraser(settings.data, drives, arrivals, LayerStore(store.engine)).erase(drive)
        Accounts(store.engine, time.time).record(
            WHO, "drive_erased", f"{drive.video.name} {drive_id}"
        )
    return told
