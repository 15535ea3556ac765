"""The disk, the models and what is due, as administrators are told."""

import hashlib
import re
import shutil
import time
from contextlib import closing

import pytest
from typer.main import get_command

from roadscan.cli.app import app
from roadscan.detect import model_folder
from roadscan.detect.model_folder import list_models
from roadscan.model.access import AuditEntry
from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve.backup import BACKUPS
from roadscan.serve.pages.page_routes import STATIC
from roadscan.serve.pages.texts import LANGUAGES, texts
from roadscan.serve.retention import DAY_S, LONGEST_S, Due
from roadscan.serve.survey_exports import export_path
from roadscan.serve.town import upload_limits
from roadscan.serve.uploads.tus_protocol import UploadMetadata
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.town.files import Files
from roadscan.store.town.workers import WorkerHeartbeats
from tests.serve.jobs.town import work_once


def put(store, name, size_bytes, *, uploaded_s):
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    kind = FileKind.of(name)
    file = StoredFile(sha256, size_bytes, name, kind, "Herbst", "u", "Uli", uploaded_s)
    Files(store.engine).put(file, UploadSource("", 0, "", name), name)
    return file


@pytest.mark.both_databases
def test_the_disk_is_told_with_what_this_town_takes_of_it(admin, settings, store):
    now_s = time.time()
    put(store, "one.mp4", 5_000_000_000, uploaded_s=now_s)
    put(store, "one.gpx", 20, uploaded_s=now_s)
    put(store, "camera.toml", 7, uploaded_s=now_s)
    gone = put(store, "gone.mp4", 1_000, uploaded_s=now_s)
    told = AuditEntry(now_s, "Ada", "file_purged", gone.name)
    Files(store.engine).mark_purged(gone.sha256, told)
    storage = UploadStorage(settings.data, upload_limits(settings))
    under_way = storage.create(
        UploadMetadata(UploadSource("", 0, "", "two.mp4"), "", "", ""), 100, "u", "Uli", 0
    )
    with closing(storage.writer(under_way.upload_id, 0)) as writer:
        writer.write(b"x" * 30)
    export = export_path(settings.data, "export-1")
    export.parent.mkdir()
    export.write_bytes(b"z" * 11)
    WorkerHeartbeats(store.engine, time.time).beat("hall-1")

    told = admin.get("/api/admin/disk").json()
    disk, real = told["disk"], shutil.disk_usage(settings.data)
    assert told["workers"] == ["hall-1"]
    assert disk["recordings"] == {"files": 2, "size_bytes": 5_000_000_020}
    assert disk["other_files"] == {"files": 1, "size_bytes": 7}
    assert disk["uploads"] == {"files": 1, "size_bytes": 30, "missing_bytes": 70}
    assert disk["exports"] == {"files": 1, "size_bytes": 11}
    assert disk["backups"] == {"folders": 0, "size_bytes": 0, "unknown": 0}
    assert disk["total_bytes"] == real.total
    assert 0 < disk["free_bytes"] <= real.total
    assert disk["reserve_bytes"] == settings.free_disk_reserve_bytes
    assert disk["database_bytes"] > 100_000
    assert disk["database_here"] == (not settings.database)


def test_a_backup_has_the_size_that_its_job_told_and_others_are_counted(admin, settings, queue):
    job_id = admin.post("/api/jobs/backup", json={"raw": False}).json()["job_id"]
    work_once(settings, "--no-purge")
    (settings.data / BACKUPS / "by hand").mkdir()
    disk = admin.get("/api/admin/disk").json()["disk"]
    size_bytes = queue.job(job_id).done.facts["bytes"]
    assert disk["backups"] == {"folders": 2, "size_bytes": size_bytes, "unknown": 1}


def test_models_are_told_with_what_they_find_and_whether_they_are_whole(admin):
    told = {model["name"]: model for model in admin.get("/api/admin/models").json()["installed"]}
    for model in list_models():
        about = told[model.name]["described"]
        assert (about["version"], about["task"], about["default"]) == (
            model.version,
            model.task,
            model.default,
        )
        assert tuple(about["classes"]) == model.classes
        assert about["precision"] in about["precisions"]
        assert ("int8" in about["precisions"]) == (model.network_int8 is not None)
        assert about["sha256"] == model.identity()
        assert about["size_bytes"] > 1_000_000
        assert told[model.name]["failure"] is None


def test_a_model_that_was_cut_off_is_told_and_the_others_stay(admin, tmp_path, monkeypatch):
    folder = tmp_path / "models"
    shutil.copytree(model_folder._models_folder(), folder)
    (folder / "rdd-v5nu/network.bin").write_bytes(b"cut off")
    (folder / "people-v5nu/model.toml").write_text("name = ")
    monkeypatch.setattr(model_folder, "_models_folder", lambda: folder)
    told = {model["name"]: model for model in admin.get("/api/admin/models").json()["installed"]}
    spoiled, unread = told["rdd-v5nu"], told["people-v5nu"]
    assert spoiled["failure"]["code"] == "model_checksum"
    assert spoiled["described"]["version"] >= 1
    assert (unread["failure"]["code"], unread["described"]) == ("model_invalid", None)


@pytest.mark.both_databases
def test_settings_are_those_of_the_start_and_what_is_due_is_what_would_be_deleted(
    admin, settings, store, accounts
):
    now_s = time.time()
    for k in range(101):
        put(store, f"{k}.mp4", 10 + k, uploaded_s=now_s - LONGEST_S - 60.0 * k)
    put(store, "new.mp4", 1_000, uploaded_s=now_s)
    told = admin.get("/api/admin/retention").json()
    assert told["settings"] == {
        "keep_days": settings.keep_raw_s / DAY_S,
        "longest_days": 30.0,
        "deletes_by_itself": True,
        "picture_every_m": 20.0,
        "upload_expires_days": 7.0,
        "exports_kept_days": 7.0,
    }
    assert (told["due_files"], told["due_bytes"]) == (101, sum(range(10, 111)))
    assert len(told["first"]) == 100
    first = told["first"][0]
    assert (first["name"], first["size_bytes"], first["why"]) == (
        "0.mp4",
        10,
        "longest_time_is_over",
    )
    assert "file_purged" not in {line.action for line in accounts.audit_log(50)}
    admin.post("/api/jobs/purge")
    work_once(settings, "--no-purge")
    assert admin.get("/api/admin/retention").json()["due_files"] == 0
    assert len([line for line in accounts.audit_log(300) if line.action == "file_purged"]) == 101


def test_the_page_has_words_for_whatever_is_told():
    for language in LANGUAGES:
        known = texts(language)
        assert {f"due_{why.value}" for why in Due} <= known.keys()
        for model in list_models():
            assert f"task_{model.task}" in known
            assert all({f"damage_{c}", f"object_{c}"} & known.keys() for c in model.classes)


def test_the_page_names_options_that_the_service_has():
    named = set(re.findall(r"--[a-z][a-z-]+", (STATIC / "admin_retention.js").read_text()))
    options = {name for p in get_command(app).commands["serve"].params for name in p.opts}
    assert named == {"--keep-days", "--no-purge", "--picture-every-m", "--upload-expires"}
    assert named | {"--disk-reserve"} <= options
