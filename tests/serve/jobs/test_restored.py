"""A town brought back from a copy that was made while its jobs were under way."""

import shutil
import time

import pytest

from roadscan.serve.backup import BACKUPS, restore
from roadscan.serve.jobs.kinds.backup import BackupRequest
from roadscan.serve.jobs.kinds.export import ExportRequest
from roadscan.serve.queue.job import State
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import jobs_url, open_town
from tests.databases import address_on, beside, new_database, remove_database
from tests.serve.jobs.town import SampleTown, work_once

WAIT_S = 120.0


@pytest.fixture(scope="module")
def copied(database, tmp_path_factory):
    """A town whose worker was killed at a drive, right after it had made a backup as a job."""
    with address_on(database) as address:
        town = SampleTown(ServeSettings(data=tmp_path_factory.mktemp("town"), database=address))
        queue, worker = town.queue(), town.begin_work()
        read = queue.submit(town.network_request())
        _until(lambda: queue.job(read).state is State.DONE)
        network_sha256 = str(queue.job(read).done.facts["network_sha256"])
        ids = {"drive": queue.submit(town.drive_request(network_sha256))}
        _until(lambda: queue.job(ids["drive"]).state is State.RUNNING)
        asked = {"asked_for": f"{time.time():.3f}", "asked_by": "Ada"}
        ids["backup"] = queue.submit(BackupRequest(**asked, raw=True))
        ids["export"] = queue.submit(ExportRequest(**asked, survey="Winter"))
        _until(lambda: queue.job(ids["backup"]).state is State.DONE)
        worker.kill()
        worker.wait()
        folder = town.settings.data / str(queue.job(ids["backup"]).done.facts["folder"])
        queue.close()
        yield town.settings, folder, ids


@pytest.fixture
def again(copied, tmp_path):
    """Where it is brought back, and its jobs."""
    settings, folder, ids = copied
    name = new_database("template0") if settings.database else ""
    there = ServeSettings(data=tmp_path / "again", database=beside(name) if name else "")
    restore(folder, there)
    queue = JobQueue(jobs_url(there))
    yield there, {kind: lambda job=job: queue.job(job) for kind, job in ids.items()}
    queue.close()
    if name:
        remove_database(name)


@pytest.mark.both_databases
def test_the_backup_is_not_made_once_more_and_all_else_goes_on(again):
    settings, jobs = again
    assert {kind: job().state for kind, job in jobs.items()} == {
        "drive": State.RUNNING,
        "backup": State.CANCELLED,
        "export": State.WAITING,
    }
    work_once(settings, "--no-purge")
    assert jobs["drive"]().state is State.DONE
    assert jobs["backup"]().state is State.CANCELLED
    assert jobs["export"]().done.failure.code == "survey_unknown"
    assert not (settings.data / BACKUPS).exists()
    with open_town(settings) as town, town.layers.reading() as features:
        assert [layer.features for layer in features.layers("segments")] == [58]


def test_a_drive_whose_recording_was_left_out_ends_with_its_code(again):
    settings, jobs = again
    shutil.rmtree(settings.data / "files")
    work_once(settings, "--no-purge")
    assert jobs["drive"]().done.failure.code == "file_missing"


def _until(happened):
    ends = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)
