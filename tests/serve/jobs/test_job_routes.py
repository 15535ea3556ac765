import json

import pytest

from roadscan.model.access import Role
from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions

VIDEO, TRACK, NETWORK = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def files(store):
    return Files(store.engine)


@pytest.fixture
def networks(store):
    return NetworkVersions(store.engine, lambda: 1000.0)


def send_in(files, sha256, name):
    file = StoredFile(sha256, 10, name, FileKind.of(name), "Herbst", "u1", "Uli", 1000.0)
    files.put(file, UploadSource("drop", 2, "tour", name), f"upload-{sha256[:4]}")


@pytest.fixture
def uploader(client, key_of):
    client.headers.update(key_of(Role.UPLOADER))
    return client


@pytest.mark.both_databases
def test_a_drive_that_waits_becomes_one_job(uploader, files, networks):
    send_in(files, VIDEO, "drive.mp4")
    send_in(files, TRACK, "drive.gpx")
    networks.put_in_force(NETWORK, "Netz", "Ada")
    answer = uploader.post("/api/jobs", json={"video_sha256": VIDEO})
    again = uploader.post("/api/jobs", json={"video_sha256": VIDEO})
    assert answer.status_code == 202
    assert answer.json()["state"] == "waiting"
    assert answer.json()["request"]["track_sha256"] == TRACK
    assert answer.json()["request"]["network_sha256"] == NETWORK
    assert (again.status_code, again.json()["code"]) == (409, "drive_not_waiting")
    assert len(uploader.get("/api/jobs").json()) == 1


def test_a_drive_without_its_track_says_what_it_waits_for(uploader, files, networks):
    send_in(files, VIDEO, "drive.mp4")
    networks.put_in_force(NETWORK, "Netz", "Ada")
    answer = uploader.post("/api/jobs", json={"video_sha256": VIDEO})
    assert (answer.status_code, answer.json()["code"]) == (400, "track_missing")


def test_without_a_network_nothing_can_be_worked_and_the_video_still_waits(uploader, files):
    send_in(files, VIDEO, "drive.mp4")
    send_in(files, TRACK, "drive.gpx")
    answer = uploader.post("/api/jobs", json={"video_sha256": VIDEO})
    assert (answer.status_code, answer.json()["code"]) == (409, "network_missing")
    assert len(files.waiting()) == 1


def test_the_newest_network_counts(networks):
    networks.put_in_force("1" * 64, "alt", "Ada")
    networks.put_in_force("2" * 64, "neu", "Ada")
    assert [version.name for version in networks.all()] == ["neu", "alt"]


@pytest.mark.both_databases
def test_events_tell_of_a_job_until_it_has_ended(uploader, files, networks):
    send_in(files, VIDEO, "drive.mp4")
    send_in(files, TRACK, "drive.gpx")
    networks.put_in_force(NETWORK, "Netz", "Ada")
    job_id = uploader.post("/api/jobs", json={"video_sha256": VIDEO}).json()["job_id"]
    assert uploader.post(f"/api/jobs/{job_id}/cancel").status_code == 204
    told = uploader.get(f"/api/jobs/{job_id}/events").text
    assert json.loads(told.removeprefix("data: "))["state"] == "cancelled"


@pytest.mark.both_databases
def test_only_a_job_that_has_stopped_is_tried_again(uploader, files, networks):
    send_in(files, VIDEO, "drive.mp4")
    send_in(files, TRACK, "drive.gpx")
    networks.put_in_force(NETWORK, "Netz", "Ada")
    job_id = uploader.post("/api/jobs", json={"video_sha256": VIDEO}).json()["job_id"]
    early = uploader.post(f"/api/jobs/{job_id}/retry")
    assert (early.status_code, early.json()["code"]) == (409, "job_not_stopped")


def test_an_unknown_job_is_not_found(uploader):
    answers = [uploader.get("/api/jobs/x"), uploader.post("/api/jobs/x/cancel")]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "job_unknown")] * 2
