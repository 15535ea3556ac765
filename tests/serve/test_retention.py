import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from roadscan.model.upload import FileKind, Place, StoredFile
from roadscan.serve.app import create_app
from roadscan.serve.databases import jobs_url
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.purge import open_retention
from roadscan.serve.retention import DAY_S, LONGEST_S, Due, due_files
from roadscan.serve.settings import ServeSettings
from roadscan.serve.uploads.storage import UploadStorage
from roadscan.store.accounts import Accounts
from roadscan.store.files import Files
from roadscan.store.sqlite import share_store

NOW_S = 1_800_000_000.0


def file(sha256="a" * 64, kind=FileKind.VIDEO, uploaded_s=NOW_S, purged_s=None):
    return StoredFile(
        sha256, 10, "drive.mp4", kind, "Herbst", "u", "Uli", uploaded_s, purged_s=purged_s
    )


def due(one, *, finished_s=None, busy=False, keep_s=7 * DAY_S):
    finished = {} if finished_s is None else {one.sha256: finished_s}
    found = due_files(iter([one]), finished, frozenset([one.sha256] if busy else []), NOW_S, keep_s)
    return [item.why for item in found]


def test_a_video_goes_a_week_after_its_results():
    assert due(file(), finished_s=NOW_S - 7 * DAY_S) == [Due.WORKED]
    assert due(file(), finished_s=NOW_S - 6.9 * DAY_S) == []


def test_what_nobody_ever_worked_goes_after_a_month():
    assert due(file(uploaded_s=NOW_S - LONGEST_S)) == [Due.TOO_OLD]
    assert due(file(uploaded_s=NOW_S - LONGEST_S + 1)) == []


@pytest.mark.parametrize("kind", [FileKind.CAMERA, FileKind.OTHER])
def test_cameras_and_networks_stay(kind):
    assert due(file(kind=kind, uploaded_s=0.0), finished_s=0.0) == []


@given(age_s=st.floats(0, 1e9), done_s=st.none() | st.floats(0, NOW_S))
def test_nothing_goes_that_a_job_waits_for_or_that_went_before(age_s, done_s):
    assert due(file(uploaded_s=NOW_S - age_s), finished_s=done_s, busy=True) == []
    assert due(file(uploaded_s=NOW_S - age_s, purged_s=1.0), finished_s=done_s) == []


@pytest.fixture
def old_file(tmp_path):
    """A video that lies in a town for a month: its settings, its checksum, where its bytes are."""
    settings = ServeSettings(data=tmp_path)
    sha256 = hashlib.sha256(b"a month old").hexdigest()
    path = UploadStorage(tmp_path, settings.upload_limits).path_of(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a month old")
    JobQueue(jobs_url(settings)).close()
    with share_store(tmp_path) as store:
        old = file(sha256, uploaded_s=time.time() - LONGEST_S)
        Files(store.engine).put(old, Place("", 0, "", old.name), "upload")
    return settings, sha256, path


def test_deleting_takes_the_bytes_keeps_the_row_and_is_on_the_record(old_file):
    settings, sha256, path = old_file
    with share_store(settings.data) as store:
        with open_retention(settings) as retention:
            retention.delete_due()
            assert retention.due() == ()
        assert not path.exists()
        assert Files(store.engine).get(sha256).purged_s is not None
        line = Accounts(store.engine, time.time).audit_log(1)[0]
        assert (line.action, sha256 in line.subject) == ("file_purged", True)


@pytest.mark.parametrize("told", [True, False])
def test_the_service_deletes_what_is_due_only_if_it_is_told_to(old_file, told):
    settings, _, path = old_file
    settings = settings.model_copy(update={"deletes_raw": told})
    with share_store(settings.data) as store, TestClient(create_app(settings, store)) as client:
        ends = time.monotonic() + 10.0
        while told and path.exists() and time.monotonic() < ends:
            client.get("/healthz")  # the start looks at once
        assert path.exists() is not told
