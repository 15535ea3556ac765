import hashlib
import time
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.network import NetworkRequest
from roadscan.serve.queue.job import State
from roadscan.serve.retention import (
    DAY_S,
    LONGEST_S,
    Due,
    FileUses,
    Retention,
    count_unseen_time,
    due_files,
)
from roadscan.serve.town import Town, open_town, upload_limits
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.town.files import Files
from tests.serve.jobs.town import work_once

NOW_S = 1_800_000_000.0


SENT_S = NOW_S - 10 * DAY_S


def file(sha256="a" * 64, kind=FileKind.VIDEO, uploaded_s=SENT_S, purged_s=None):
    return StoredFile(
        sha256, 10, "drive.mp4", kind, "Herbst", "u", "Uli", uploaded_s, purged_s=purged_s
    )


def due(one, *, finished_s=None, busy=False, awaited=False, keep_s=7 * DAY_S):
    finished = {} if finished_s is None else {one.sha256: finished_s}
    this, none = frozenset([one.sha256]), frozenset()
    uses = FileUses(finished, this if busy else none, this if awaited else none)
    found = due_files(iter([one]), uses, NOW_S, keep_s)
    return [item.why for item in found]


def test_a_video_goes_a_week_after_its_results():
    assert due(file(), finished_s=NOW_S - 7 * DAY_S) == [Due.WORKED]
    assert due(file(), finished_s=NOW_S - 6.9 * DAY_S) == []


def test_what_nobody_ever_worked_goes_after_a_month():
    assert due(file(uploaded_s=NOW_S - LONGEST_S)) == [Due.TOO_OLD]
    assert due(file(uploaded_s=NOW_S - LONGEST_S + 1)) == []


@pytest.mark.parametrize("kind", [FileKind.CAMERA, FileKind.NETWORK, FileKind.OTHER])
def test_cameras_and_networks_stay(kind):
    assert due(file(kind=kind, uploaded_s=0.0), finished_s=0.0) == []


def test_what_another_drive_waits_for_stays_for_the_longest_time():
    assert due(file(), finished_s=NOW_S - 8 * DAY_S, awaited=True) == []
    old = file(uploaded_s=NOW_S - LONGEST_S)
    assert due(old, finished_s=NOW_S - 8 * DAY_S, awaited=True) == [Due.TOO_OLD]


def test_results_from_before_it_was_sent_again_do_not_make_a_video_due():
    assert due(file(uploaded_s=NOW_S - DAY_S), finished_s=NOW_S - 30 * DAY_S) == []


@given(age_s=st.floats(0, 1e9), done_s=st.none() | st.floats(0, NOW_S))
def test_nothing_goes_that_a_job_waits_for_or_that_went_before(age_s, done_s):
    assert due(file(uploaded_s=NOW_S - age_s), finished_s=done_s, busy=True) == []
    assert due(file(uploaded_s=NOW_S - age_s, purged_s=1.0), finished_s=done_s) == []


@pytest.fixture
def town(settings, store):
    """A town in which two videos lie for a month: their checksums, and where their bytes are."""
    storage = UploadStorage(settings.data, upload_limits(settings))
    found = {}
    for content in (b"a month old", b"as old"):
        sha256 = hashlib.sha256(content).hexdigest()
        found[sha256] = storage.path_of(sha256)
        found[sha256].parent.mkdir(parents=True, exist_ok=True)
        found[sha256].write_bytes(content)
        old = file(sha256, uploaded_s=time.time() - LONGEST_S)
        Files(store.engine).put(old, UploadSource("", 0, "", old.name), "upload")
    return found


@contextmanager
def retention_of(settings):
    with open_town(settings) as opened:
        yield Retention(opened, "roadscan purge")


def deletions(accounts):
    return [line for line in accounts.audit_log(50) if line.action == "file_purged"]


@pytest.mark.both_databases
def test_deleting_takes_the_bytes_keeps_the_row_and_is_on_the_record(
    settings, town, store, accounts
):
    with retention_of(settings) as retention:
        for item in retention.due():
            assert retention.delete(item)
        assert retention.due() == ()
    for sha256, path in town.items():
        assert not path.exists()
        assert Files(store.engine).get(sha256).purged_s is not None
        assert [sha256 in line.subject for line in deletions(accounts)].count(True) == 1


@pytest.mark.both_databases
def test_two_who_delete_the_same_leave_one_line_in_the_audit_log(settings, town, accounts):
    with retention_of(settings) as one, retention_of(settings) as other:
        (first, _), (same, _) = one.due(), other.due()
        assert [one.delete(first), other.delete(same)] == [True, False]
    assert len(deletions(accounts)) == 1


@pytest.mark.both_databases
def test_what_a_job_takes_after_it_was_found_to_be_due_stays(settings, town, store):
    with retention_of(settings) as retention:
        first, _ = retention.due()
        Files(store.engine).take(first.file.sha256, "Herbst", "a job")
        assert not retention.delete(first)
    assert town[first.file.sha256].exists()


def test_a_worker_deletes_what_is_due_without_being_told_and_only_once_a_day(
    settings, town, accounts
):
    work_once(settings)
    work_once(settings)
    with open_town(settings) as opened:
        (job,) = opened.queue.jobs(50)
    assert (job.kind, job.state) == ("purge", State.DONE)
    assert job.done.facts == {"files": 2, "bytes": 20}
    assert not any(path.exists() for path in town.values())
    assert [line.who for line in deletions(accounts)] == ["roadscan work"] * 2


def test_a_clock_that_is_40_days_ahead_deletes_nothing_until_somebody_says_that_it_is_right(
    settings, store, tmp_path
):
    sent_s, now_s = time.time() - DAY_S, [time.time()]
    video = file(uploaded_s=sent_s)
    Files(store.engine).put(video, UploadSource("", 0, "", video.name), "upload")
    town = Town(settings, store, lambda: now_s[0])
    town.shared_clock.tick()
    now_s[0] += 40 * DAY_S
    assert Retention(town, "x").due() == ()
    count_unseen_time(town, "Ada")
    assert [item.why for item in Retention(town, "x").due()] == [Due.TOO_OLD]
    assert [line.action for line in town.accounts.audit_log(1)] == ["clock_confirmed"]
    town.close()


def test_a_file_that_a_network_was_read_from_is_not_deleted(settings, store):
    town = Town(settings, store)
    request = NetworkRequest(file_sha256="c" * 64, file_name="roads.geojson")
    for old in (file("c" * 64, FileKind.TRACK, 1.0), file("d" * 64, FileKind.TRACK, 1.0)):
        Files(store.engine).put(old, UploadSource("", 0, "", "roads.geojson"), old.sha256)
    town.queue.submit(request)  # waits, which counts as well as done
    assert [item.file.sha256 for item in Retention(town, "x").due()] == ["d" * 64]
    town.close()


def test_a_worker_that_is_told_not_to_deletes_nothing(settings, town):
    work_once(settings, "--no-purge")
    assert all(path.exists() for path in town.values())


@pytest.mark.both_databases
def test_what_is_due_is_found_without_asking_any_job_for_its_progress(settings, town, monkeypatch):
    with retention_of(settings) as retention:
        retention.town.queue.submit(
            DriveRequest(
                survey="Herbst",
                video_sha256=next(iter(town)),
                video_name="drive.mp4",
                track_sha256="0" * 64,
                track_name="drive.gpx",
                network_sha256="0" * 64,
            )
        )
        monkeypatch.delattr(retention.town.queue._client.__class__, "get_event")
        assert [item.file.sha256 for item in retention.due()] == list(town)[1:]
