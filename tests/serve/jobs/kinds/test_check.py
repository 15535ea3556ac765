"""Drives are looked at before they are worked; what is clean begins, the rest is decided."""

import hashlib
import time
from dataclasses import replace

import pytest

from roadscan.model.access import Role
from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve.jobs.kinds.check import checks_of_waiting, found_by
from roadscan.serve.queue.job import State
from roadscan.serve.town import Town, upload_limits
from roadscan.serve.uploads.upload_storage import UploadStorage
from tests.serve.jobs.town import SAMPLES, work_once

LONG_S = 300.0


@pytest.fixture
def opened(settings, store):
    """The town as the service has it open."""
    town = Town(settings, store)
    yield town
    town.close()


@pytest.fixture
def network(town, store, opened):
    """The sample's network, in force."""
    sha256 = town.put_network(store)
    opened.networks.put_in_force(sha256, "Straßen", "Ada")
    return sha256


def send_in(town, opened, names, owner="somebody"):
    """Put files where uploads end and say so to the store; by name, what their bytes are."""
    sent = {}
    for name, content in names.items():
        sha256 = hashlib.sha256(content).hexdigest()
        path = UploadStorage(town.settings.data, upload_limits(town.settings)).path_of(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        file = StoredFile(
            sha256, len(content), name, FileKind.of(name), "Herbst", owner, "Uli", 1000.0
        )
        opened.files.put(file, UploadSource("drop", len(names), "", name), f"upload-{sha256[:8]}")
        sent[name] = sha256
    return sent


def sample(name):
    return (SAMPLES / name).read_bytes()


def whole_drive():
    return {
        "drive.mp4": sample("drive.mp4"),
        "drive.gpx": sample("drive.gpx"),
        "camera.toml": sample("camera.toml"),
    }


def broken_drive():
    return {"broken.mp4": b"no video at all", "broken.gpx": sample("drive.gpx")}


def of_kind(queue, kind):
    return [job for job in queue.jobs(50) if job.kind == kind]


@pytest.fixture
def uploader(client, key_of):
    client.headers.update(key_of(Role.UPLOADER))
    return client


@pytest.fixture
def checked_broken(town, queue, opened, network):
    """A drive that cannot be worked, looked at: its check's id."""
    send_in(town, opened, broken_drive())
    work_once(town.settings, "--no-purge")
    (job,) = of_kind(queue, "check")
    return job.job_id


@pytest.mark.both_databases
def test_a_drive_that_nothing_is_wrong_with_begins_by_itself(
    town, queue, opened, network, accounts
):
    sent = send_in(town, opened, whole_drive())
    (request,) = checks_of_waiting(opened)
    job_id = queue.submit(request)
    worker = town.begin_work()
    try:
        until(lambda: queue.job(job_id).state is State.DONE)
    finally:
        worker.terminate()
        worker.wait()
    found = found_by(queue, job_id)
    assert found.concerns == ()
    assert found.would_cover.on_network_m > 600.0
    assert found.track.name == "drive.gpx"
    (drive,) = of_kind(queue, "drive")
    assert drive.request["video_sha256"] == sent["drive.mp4"]
    assert drive.request["camera_sha256"] == sent["camera.toml"]
    assert opened.files.waiting() == ()
    assert [(line.who, line.action) for line in accounts.audit_log(1)] == [
        ("roadscan work", "drive_submitted")
    ]


def test_a_drive_that_cannot_be_worked_says_why_and_waits(queue, opened, checked_broken):
    job = queue.job(checked_broken)
    assert (job.state, job.done.failure.code) == (State.FAILED, "video_not_a_video")
    assert of_kind(queue, "drive") == []
    assert len(opened.files.waiting()) == 1


def test_what_was_found_is_told_beside_the_drive_that_waits(uploader, checked_broken):
    (told,) = uploader.get("/api/checks").json()
    assert (told["check_id"], told["verdict"], told["waits"]) == (checked_broken, "failed", True)
    assert told["failure"]["code"] == "video_not_a_video"
    assert uploader.get(f"/api/checks/{checked_broken}").json() == told


def test_a_file_that_is_wrong_is_told_by_the_name_that_its_sender_gave_it(
    uploader, town, opened, network
):
    name = "Gohliser Weg, früh.gpx"
    send_in(town, opened, {"Gohliser Weg, früh.mp4": sample("drive.mp4"), name: b"<html>"})
    work_once(town.settings, "--no-purge")
    (told,) = uploader.get("/api/checks").json()
    assert told["failure"] == {
        "code": "track_format_unknown",
        "message": f"{name} is not in a supported track format: it is XML, but not GPX, KML or TCX",
        "hint": "Give FIT, GPX, KML, TCX, GeoJSON, NMEA or CSV; CSV with columns time, lat, lon",
    }


def test_a_drive_is_worked_all_the_same_if_somebody_says_so(
    uploader, queue, opened, accounts, checked_broken
):
    answer = uploader.post(f"/api/checks/{checked_broken}/start", json={"offset_s": -3600.0})
    assert answer.status_code == 202
    (drive,) = of_kind(queue, "drive")
    assert drive.request["offset_s"] == -3600.0
    assert opened.files.waiting() == ()
    assert accounts.audit_log(1)[0].action == "drive_started_anyway"
    again = uploader.post(f"/api/checks/{checked_broken}/start", json={})
    assert (again.status_code, again.json()["code"]) == (409, "drive_not_waiting")


@pytest.mark.both_databases
def test_only_its_sender_or_an_administrator_withdraws_a_drive(
    client, key_of, settings, opened, accounts, checked_broken
):
    address = f"/api/checks/{checked_broken}/withdraw"
    (drive,) = opened.files.waiting()
    refused = client.post(address, headers=key_of(Role.UPLOADER))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert client.post(address, headers=key_of(Role.ADMIN)).status_code == 204
    storage = UploadStorage(settings.data, upload_limits(settings))
    for file in (drive.video, drive.track):
        assert opened.files.get(file.sha256) is None
        assert not storage.path_of(file.sha256).exists()
    assert [line.action for line in accounts.audit_log(2)] == ["drive_withdrawn"] * 2


def test_a_track_that_another_drive_needs_is_not_withdrawn_with_the_first(
    client, key_of, town, opened, checked_broken
):
    other = send_in(town, opened, {"other.mp4": b"neither a video"})["other.mp4"]
    track = sample("drive.gpx")
    sha256 = hashlib.sha256(track).hexdigest()
    opened.files.put(opened.files.get(sha256), UploadSource("drop", 2, "", "other.gpx"), "again")
    client.post(f"/api/checks/{checked_broken}/withdraw", headers=key_of(Role.ADMIN))
    (left,) = opened.files.waiting()
    assert (left.video.sha256, left.track.sha256) == (other, sha256)


@pytest.mark.both_databases
def test_what_is_withdrawn_from_one_survey_stays_with_the_other(
    client, key_of, town, opened, checked_broken
):
    for file in (opened.files.waiting()[0].video, opened.files.waiting()[0].track):
        opened.files.put(replace(file, survey="Spring"), UploadSource("", 0, "", file.name), "u")
    client.post(f"/api/checks/{checked_broken}/withdraw", headers=key_of(Role.ADMIN))
    (left,) = opened.files.waiting()
    assert (left.video.survey, left.track.survey) == ("Spring", "Spring")
    assert opened.upload_storage.path_of(left.video.sha256).exists()


def test_nothing_is_decided_before_the_check_has_ended(uploader, town, queue, opened, network):
    send_in(town, opened, broken_drive())
    (request,) = checks_of_waiting(opened)
    job_id = queue.submit(request)
    for act in ("start", "withdraw"):
        answer = uploader.post(f"/api/checks/{job_id}/{act}", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "check_not_ended")


def test_another_job_is_no_check(uploader, queue, town):
    job_id = queue.submit(town.network_request())
    answer = uploader.get(f"/api/checks/{job_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_unknown")


def test_without_a_network_no_drive_is_looked_at(opened, town):
    send_in(town, opened, broken_drive())
    assert list(checks_of_waiting(opened)) == []


def test_a_video_that_was_withdrawn_and_is_sent_again_is_looked_at_again(
    town, opened, network, settings
):
    send_in(town, opened, broken_drive())
    (first,) = checks_of_waiting(opened)
    (drive,) = opened.files.waiting()
    opened.files.delete(drive.video.sha256)
    later_s = StoredFile(
        drive.video.sha256, 15, "broken.mp4", FileKind.VIDEO, "Herbst", "x", "Uli", 2000.0
    )
    opened.files.put(later_s, UploadSource("drop", 2, "", "broken.mp4"), "second")
    (second,) = checks_of_waiting(opened)
    assert first.job_id() != second.job_id()


def until(happened):
    ends = time.monotonic() + LONG_S
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.2)
