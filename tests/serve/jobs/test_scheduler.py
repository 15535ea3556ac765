from hashlib import sha256

import pytest

from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import DriveRequest
from roadscan.serve.jobs.scheduler import Scheduler
from roadscan.store.rescoring import Scorings
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions
from tests.databases import open_on
from tests.store.sample_surveys import survey

NOW_S = 1000.0


@pytest.fixture
def store(tmp_path):
    with open_on("sqlite", tmp_path) as opened:
        yield opened


@pytest.fixture
def scorings(store):
    return Scorings(store.engine, lambda: NOW_S)


@pytest.fixture
def queue(tmp_path):
    opened = JobQueue(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield opened
    opened.close()


@pytest.fixture
def drives(store, queue):
    return Drives(Files(store.engine), NetworkVersions(store.engine, lambda: NOW_S), store, queue)


@pytest.fixture
def orders(drives, scorings):
    return Scheduler(drives, scorings, deletes_raw=False)


def drive(name):
    same = dict.fromkeys(("video_sha256", "track_sha256", "network_sha256"), "a" * 64)
    return DriveRequest(survey="Spring", video_name=name, track_name="a.gpx", **same)


def scores(queue):
    return [job for job in queue.jobs(50) if job.kind == "score"]


def test_many_drives_of_a_survey_are_scored_once(store, orders, queue):
    for number in (1, 2, 3):
        store.join_survey(survey(number))
    for _ in range(3):
        orders.look(NOW_S)
    (job,) = scores(queue)
    assert job.request == {"survey": "Spring", "change": 3}


def test_while_drives_are_on_their_way_a_survey_rests_after_a_scoring(
    store, orders, queue, scorings
):
    queue.submit(drive("one.mp4"))
    store.join_survey(survey(1))
    scorings.mark_done("Spring", 1, 10.0)
    store.join_survey(survey(2))
    orders.look(NOW_S + 39.0)
    assert scores(queue) == []
    orders.look(NOW_S + 40.0)
    assert len(scores(queue)) == 1


def test_the_last_drive_is_scored_at_once(store, orders, queue, scorings):
    job_id = queue.submit(drive("one.mp4"))
    store.join_survey(survey(1))
    scorings.mark_done("Spring", 1, 10.0)
    store.join_survey(survey(2))
    queue.cancel(job_id)
    orders.look(NOW_S)
    assert len(scores(queue)) == 1


def test_every_day_asks_once_for_what_is_due_to_be_deleted_however_many_look(
    drives, queue, scorings
):
    workers = [Scheduler(drives, scorings, deletes_raw=True) for _ in range(3)]
    for hour in range(48):
        for worker in workers:
            worker.look(hour * 3600.0)
    asked = [job.request["asked_for"] for job in queue.jobs(50)]
    assert asked == ["1970-01-02", "1970-01-01"]


def test_nothing_is_asked_to_be_deleted_where_that_is_switched_off(orders, queue):
    orders.look(NOW_S)
    assert queue.jobs(50) == ()


def test_a_drive_that_is_whole_is_looked_at_once_however_many_look(drives, queue, scorings):
    drives.networks.put_in_force("c" * 64, "Netz", "Ada")
    for name in ("drive.mp4", "drive.gpx", "alone.mp4"):
        file = StoredFile(
            sha256(name.encode()).hexdigest(),
            10,
            name,
            FileKind.of(name),
            "Spring",
            "u",
            "Uli",
            NOW_S,
        )
        drives.files.put(file, UploadSource("", 0, "", name), name)
    for _ in range(2):
        worker = Scheduler(drives, scorings, deletes_raw=False)
        worker.look(NOW_S)
        worker.look(NOW_S)
    (job,) = queue.jobs(50)
    assert (job.kind, job.request["drive"]["video_name"]) == ("check", "drive.mp4")


def test_nothing_is_asked_for_where_all_scores_are_new(store, orders, queue, scorings):
    store.join_survey(survey(1))
    scorings.mark_done("Spring", 1, 10.0)
    orders.look(NOW_S + 1e6)
    assert queue.jobs(50) == ()
