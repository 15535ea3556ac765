import pytest

from roadscan.serve.jobs.kinds.check import CheckRequest
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.scheduler import Scheduler, TownStatus, due_jobs, due_scorings
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town
from roadscan.store.rescoring import ScoringStatus
from tests.databases import open_on
from tests.store.sample_surveys import survey

NOW_S = 1000.0
DAY_S = 86400.0


@pytest.fixture
def town(tmp_path):
    """A town whose clock stands still, and whose workers delete nothing by themselves."""
    with open_on("sqlite", tmp_path) as store:
        opened = Town(ServeSettings(data=tmp_path, deletes_raw=False), store, lambda: NOW_S)
        yield opened
        opened.close()


@pytest.fixture
def scheduler(town):
    return Scheduler(town)


def drive(name):
    same = dict.fromkeys(("video_sha256", "track_sha256", "network_sha256"), "a" * 64)
    return DriveRequest(survey="Spring", video_name=name, track_name="a.gpx", **same)


def scores(town):
    return [job for job in town.queue.jobs(50) if job.kind == "score"]


def test_many_drives_of_a_survey_are_scored_once(town, scheduler):
    for number in (1, 2, 3):
        town.store.join_survey(survey(number))
    for _ in range(3):
        scheduler.run(NOW_S)
    (job,) = scores(town)
    assert job.request == {"survey": "Spring", "change": 3}


def test_while_drives_are_under_way_a_survey_rests_after_a_scoring(town, scheduler):
    town.queue.submit(drive("one.mp4"))
    town.store.join_survey(survey(1))
    town.scorings.mark_done("Spring", 1, 10.0)
    town.store.join_survey(survey(2))
    scheduler.run(NOW_S + 39.0)
    assert scores(town) == []
    scheduler.run(NOW_S + 40.0)
    assert len(scores(town)) == 1


def test_the_last_drive_is_scored_at_once(town, scheduler):
    job_id = town.queue.submit(drive("one.mp4"))
    town.store.join_survey(survey(1))
    town.scorings.mark_done("Spring", 1, 10.0)
    town.store.join_survey(survey(2))
    town.queue.cancel(job_id)
    scheduler.run(NOW_S)
    assert len(scores(town)) == 1


def test_the_purge_of_a_day_is_one_job_however_many_workers_schedule_it(town):
    deleting = Town(ServeSettings(data=town.settings.data), town.store, town.clock)
    workers = [Scheduler(deleting) for _ in range(3)]
    for hour in range(48):
        for worker in workers:
            worker.run(hour * 3600.0)
    submitted = [job.request["asked_for"] for job in deleting.queue.jobs(50)]
    deleting.close()
    assert submitted == ["1970-01-02", "1970-01-01"]


def test_what_was_due_at_the_last_run_is_not_submitted_again(town, scheduler, monkeypatch):
    submitted = []
    monkeypatch.setattr(type(town.queue), "submit", lambda _, request: submitted.append(request))
    town.store.join_survey(survey(1))
    for _ in range(3):
        scheduler.run(NOW_S)
    assert [request.kind for request in submitted] == ["score"]


def test_checks_scorings_and_the_purge_of_the_day_are_due():
    check = CheckRequest(drive=drive("one.mp4"), sent_s=1.0)
    changed = ScoringStatus("Spring", 2, 1, NOW_S, 10.0)
    status = TownStatus((check,), (changed,), drives_under_way=True, deletes_raw=True)
    assert [job.kind for job in due_jobs(status, NOW_S)] == ["purge", "check"]
    later = list(due_jobs(status, NOW_S + DAY_S))
    assert [job.kind for job in later] == ["purge", "check", "score"]
    assert later[0].asked_for == "1970-01-02"


def test_a_survey_that_was_never_scored_does_not_rest():
    never = ScoringStatus("Spring", 1, 0, 0.0, 0.0)
    assert len(list(due_scorings([never], NOW_S, drives_under_way=True))) == 1
