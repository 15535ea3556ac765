import pytest

from roadscan.model.uploaded_file import FileKind, StoredFile, WaitingDrive
from roadscan.serve.jobs.kinds.check import CheckRequest
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.scheduler import Scheduler, TownStatus, due_jobs, due_scorings
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town
from roadscan.store.rescoring import ScoringStatus
from roadscan.store.town.files import Files
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


def waiting(survey_name, digit):
    video, track = (
        StoredFile(digit + end * 63, 1, f"{digit}.{suffix}", kind, survey_name, "o", "Uta", NOW_S)
        for end, suffix, kind in (("a", "mp4", FileKind.VIDEO), ("b", "gpx", FileKind.TRACK))
    )
    return WaitingDrive(video, "", track, None, None)


def test_a_drive_that_no_check_can_be_made_of_stops_no_other(town, scheduler, monkeypatch, caplog):
    spoilt = [waiting("Nord/2026", "1"), waiting("x" * 81, "2"), waiting("Spring", "3")]
    monkeypatch.setattr(Files, "waiting", lambda _: spoilt)
    town.networks.put_in_force("c" * 64, "network", "Uta")
    for later_s in (0.0, 0.5, 1.0, 5.0):
        scheduler.run(NOW_S + later_s)
    (check,) = town.queue.jobs(50)
    assert check.request["drive"]["survey"] == "Spring"
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 4, "each is logged whole at first, and again only after its rest"
    assert "'Nord/2026'" in caplog.text


def test_a_job_that_cannot_be_submitted_stops_no_other_and_is_tried_again(
    town, scheduler, monkeypatch
):
    first, second = waiting("Spring", "1"), waiting("Spring", "2")
    monkeypatch.setattr(Files, "waiting", lambda _: [first, second])
    town.networks.put_in_force("c" * 64, "network", "Uta")
    tried = []

    def submit(_, request):
        tried.append(request.drive.video_name)
        if request.drive.video_name == "1.mp4" and tried.count("1.mp4") == 1:
            raise RuntimeError("once")

    monkeypatch.setattr(type(town.queue), "submit", submit)
    scheduler.run(NOW_S)
    scheduler.run(NOW_S + 1.0)
    assert sorted(tried) == ["1.mp4", "2.mp4"]
    (setback,) = scheduler.setbacks(NOW_S + 1.0)
    assert (setback.error, setback.next_try_s) == ("RuntimeError: once", NOW_S + 4.0)
    scheduler.run(NOW_S + 5.0)
    scheduler.run(NOW_S + 10.0)
    assert sorted(tried) == ["1.mp4", "1.mp4", "2.mp4"]
    assert scheduler.setbacks(NOW_S + 10.0) == ()
