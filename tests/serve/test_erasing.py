"""A drive is erased over HTTP: results, pictures, recordings, and the job that made them."""

import pytest

from roadscan.model.upload import FileKind, Place, StoredFile
from roadscan.serve.jobs.exports import export_path
from roadscan.serve.jobs.requests import DriveRequest, State
from roadscan.store.files import Files
from roadscan.store.town import Town
from tests.serve.jobs.town import SAMPLES
from tests.store.surveys import TOWN, chunk, drive, observation, survey


@pytest.fixture
def worked(town, queue, store):
    """The sample drive, sent in and worked; its request."""
    read = queue.submit(town.network_request())
    town.work_once()
    request = town.drive_request(queue.job(read).done.facts["network_sha256"])
    files = Files(store.engine)
    for sha256, name in (
        (request.video_sha256, request.video_name),
        (request.track_sha256, request.track_name),
    ):
        file = StoredFile(sha256, 1, name, FileKind.of(name), "Herbst", "u", "Uli", 1000.0)
        files.put(file, Place("", 1, "", name), f"upload-{sha256[:4]}")
    queue.submit(request)
    town.work_once()
    return request


def the_drive(admin, survey="Herbst"):
    (told,) = admin.get("/api/drives", params={"survey": survey}).json()
    return told


def test_a_drive_goes_with_all_that_came_of_it_and_may_be_sent_again(
    admin, town, queue, store, worked
):
    told = the_drive(admin)
    assert (told["name"], round(told["length_m"], -1)) == (worked.video_name, 630)
    path_of = town.settings.data / "files"
    assert any(path_of.rglob(worked.video_sha256))
    export = export_path(town.settings.data, "export-1")
    export.parent.mkdir()
    export.write_bytes(b"with its pictures")
    answer = admin.delete(f"/api/drives/{told['drive_id']}")
    assert (answer.status_code, answer.json()) == (200, {"rescored": [], "ended": ["Herbst"]})
    assert not export.exists()
    assert store.surveys() == ()
    assert admin.get("/api/surveys").json() == []
    assert admin.get("/api/files").json() == []
    left = [name for name in (worked.video_sha256, worked.track_sha256) if any(path_of.rglob(name))]
    assert left == []
    (line,) = (one for one in admin.get("/api/audit").json() if one["action"] == "drive_erased")
    assert line["subject"] == f"{worked.video_name} {told['drive_id']}"
    for name in ("drive.mp4", "drive.gpx"):
        town.send_in(SAMPLES / name)
    again = queue.submit(worked)
    assert queue.job(again).state is State.WAITING
    town.work_once()
    assert the_drive(admin)["drive_id"] == told["drive_id"]
    assert sum(one.score is not None for one in store.assessment("Herbst").results) > 0


def test_a_drive_that_a_job_waits_for_is_not_erased(admin, queue, store, worked):
    told = the_drive(admin)
    waiting = queue.submit(worked.model_copy(update={"survey": "Winter"}))
    answer = admin.delete(f"/api/drives/{told['drive_id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "drive_in_work")
    assert the_drive(admin) == told
    queue.cancel(waiting)
    assert admin.delete(f"/api/drives/{told['drive_id']}").status_code == 200
    assert queue.of_video(worked.video_sha256) == ()


def test_a_drive_that_may_be_on_its_way_to_another_network_is_not_erased(admin, store):
    store.put_network(TOWN)
    store.put_drive(drive(1))
    store.join_survey(survey(1))
    Town(store.engine, lambda: 1000.0).put_network_in_force(TOWN.sha256, "2026", "Ada")
    moving = admin.post("/api/jobs/rematch", json={"survey": "Spring"}).json()["job_id"]
    assert admin.delete("/api/drives/drive-1").json()["code"] == "drive_in_work"
    admin.post(f"/api/jobs/{moving}/cancel")
    assert admin.delete("/api/drives/drive-1").status_code == 200


def test_the_others_of_its_survey_are_scored_without_it(admin, store):
    store.put_network(TOWN)
    for number in (1, 2):
        store.put_drive(drive(number))
        store.put_chunk(chunk(0, number, (observation(),)), drive(number).settings_sha256)
    store.join_survey(survey(1, 2))
    answer = admin.delete("/api/drives/drive-1")
    assert answer.json() == {"rescored": ["Spring"], "ended": []}
    assert [one["drive_id"] for one in admin.get("/api/drives?survey=Spring").json()] == ["drive-2"]


def test_a_track_that_another_drive_goes_by_stays(admin, queue, store, worked):
    other = DriveRequest.model_validate(worked.model_dump() | {"video_sha256": "0" * 64})
    queue.submit(other)
    assert admin.delete(f"/api/drives/{the_drive(admin)['drive_id']}").status_code == 200
    assert [one["sha256"] for one in admin.get("/api/files").json()] == [worked.track_sha256]


@pytest.mark.parametrize(
    ("drive_id", "status", "code"),
    [
        ("0" * 16, 404, "drive_unknown"),
        ("%00", 400, "request_invalid"),
        ("A B", 400, "request_invalid"),
    ],
)
def test_a_drive_that_there_is_not_is_told(admin, drive_id, status, code):
    answer = admin.delete(f"/api/drives/{drive_id}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
