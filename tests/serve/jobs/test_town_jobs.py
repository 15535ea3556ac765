"""Deletion, backup, export and moving to another network, asked for over HTTP, done by a worker."""

import zipfile

import pytest

from roadscan.model.access import Role
from roadscan.serve.backup import check
from roadscan.serve.survey_exports import KEPT_S, export_path, remove_old_exports
from roadscan.store.town.networks import NetworkVersions
from tests.serve.jobs.town import work_once
from tests.store.sample_surveys import TOWN

KINDS = ("purge", "backup", "export", "rematch")
BODY = {"backup": {"raw": True}, "export": {"survey": "Spring"}, "rematch": {"survey": "Spring"}}


@pytest.mark.both_databases
def test_chores_are_jobs_with_an_end_like_any_other(admin, settings, store, queue, accounts):
    store.put_network(TOWN)
    NetworkVersions(store.engine, lambda: 1000.0).put_in_force(TOWN.sha256, "2026", "Ada")
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
