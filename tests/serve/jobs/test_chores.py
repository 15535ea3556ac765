"""Deletion, backup, export and moving to another network, asked for over HTTP, done by a worker."""

import zipfile

import pytest

from roadscan.model.access import Role
from roadscan.model.upload import FileKind, Place, StoredFile
from roadscan.serve.backup import check
from roadscan.serve.jobs.drives import Drives
from roadscan.serve.jobs.exports import KEPT_S, export_path, remove_old_exports
from roadscan.serve.jobs.household import Household
from roadscan.serve.jobs.requests import DriveRequest, RematchRequest, State
from roadscan.store.files import Files
from roadscan.store.town import Town
from tests.serve.jobs.town import SampleTown, work_once
from tests.store.surveys import survey

KINDS = ("purge", "backup", "export", "rematch")
BODY = {"backup": {"raw": True}, "export": {"survey": "Spring"}, "rematch": {"survey": "Spring"}}


@pytest.fixture
def queue(settings):
    opened = SampleTown(settings).queue()
    yield opened
    opened.close()


@pytest.fixture
def admin(client, key_of):
    client.headers.update(key_of(Role.ADMIN))
    return client


def test_chores_are_jobs_with_an_end_like_any_other(admin, settings, queue, accounts):
    ids = {k: admin.post(f"/api/jobs/{k}", json=BODY.get(k)).json()["job_id"] for k in KINDS}
    assert {job["kind"] for job in admin.get("/api/jobs?kind=purge&kind=backup").json()} == {
        "purge",
        "backup",
    }
    assert admin.get("/api/jobs?kind=score").json() == []
    work_once(settings, "--no-purge")
    jobs = {kind: queue.job(job_id) for kind, job_id in ids.items()}
    assert jobs["purge"].done.facts == {"files": 0, "bytes": 0}
    copied = settings.data / str(jobs["backup"].done.facts["folder"])
    assert check(copied).database == ("postgresql" if settings.database else "sqlite")
    for kind in ("export", "rematch"):
        assert jobs[kind].done.failure.code == "survey_unknown"
    asked = {line.action for line in accounts.audit_log(20)}
    assert {f"{kind}_submitted" for kind in KINDS} <= asked


def test_only_an_administrator_cancels_a_chore(client, key_of):
    job_id = client.post("/api/jobs/purge", headers=key_of(Role.ADMIN)).json()["job_id"]
    refused = client.post(f"/api/jobs/{job_id}/cancel", headers=key_of(Role.UPLOADER))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    allowed = client.post(f"/api/jobs/{job_id}/cancel", headers=key_of(Role.ADMIN))
    assert allowed.status_code == 204


def test_an_export_that_is_not_there_is_not_found(admin):
    job_id = admin.post("/api/jobs/purge").json()["job_id"]
    answers = [admin.get(f"/api/exports/{each}") for each in (job_id, "no-job")]
    assert [answer.json()["code"] for answer in answers] == ["file_missing", "job_unknown"]


def test_exports_go_after_a_week(tmp_path):
    path = export_path(tmp_path, "export-1")
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w"):
        pass
    made_s = path.stat().st_mtime
    remove_old_exports(tmp_path, made_s + KEPT_S)
    assert path.exists()
    remove_old_exports(tmp_path, made_s + KEPT_S + 1.0)
    assert not path.exists()


class Finished:
    """A queue whose drives have all been worked; it remembers what it is asked for."""

    def __init__(self, requests, job):
        self.asked = []
        self._jobs = [
            job.model_copy(update={"state": State.DONE, "request": r.model_dump()})
            for r in requests
        ]

    def drives(self):
        return iter(self._jobs)

    def submit(self, request):
        self.asked.append(request)


def test_moving_a_survey_works_its_drives_again_and_counts_those_whose_video_is_gone(
    store, settings, accounts, admin, queue
):
    store.put_survey(survey(1))
    files, town = Files(store.engine), Town(store.engine, lambda: 1000.0)
    town.put_network_in_force("0" * 64, "neu", "Ada")
    here, gone, track = "a" * 64, "b" * 64, "d" * 64
    for sha256, name in ((here, "here.mp4"), (track, "drive.gpx")):
        file = StoredFile(sha256, 1, name, FileKind.of(name), "Spring", "u", "Uli", 1000.0)
        files.put(file, Place("", 0, "", name), name)
    old = [
        DriveRequest(
            survey="Spring",
            video_sha256=sha256,
            video_name="x.mp4",
            track_sha256=track,
            track_name="drive.gpx",
            network_sha256="1" * 64,
        )
        for sha256 in (here, gone)
    ]
    finished = Finished(old, queue.job(admin.post("/api/jobs/purge").json()["job_id"]))
    household = Household(settings, store, accounts, Drives(files, town, store, finished))
    facts = household.rematch(RematchRequest(asked_for="1.0", asked_by="Ada", survey="Spring"))
    assert facts == {"drives": 1, "gone": 1, "survey": "Spring · Netz 1"}
    (again,) = finished.asked
    assert (again.network_sha256, again.survey) == ("0" * 64, "Spring · Netz 1")
    assert again.video_sha256 == here
