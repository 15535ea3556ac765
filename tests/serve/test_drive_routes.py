"""A drive is erased over HTTP: results, pictures, recordings, and the job that made them."""

import pytest
from sqlalchemy import select

from roadscan.cli.app import exit_code
from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve.drive_erasure import jobs_of_video
from roadscan.serve.jobs.kinds.check import CheckRequest
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.rematch import RematchRequest
from roadscan.serve.queue.job import State
from roadscan.serve.survey_exports import export_path
from roadscan.store.database import truncate_log
from roadscan.store.sqlite import share_store
from roadscan.store.tables import pictures
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions
from tests.pipeline.test_erase import nobody_about
from tests.pipeline.test_run import run_small
from tests.serve.jobs.town import SAMPLES, work_once
from tests.store.sample_surveys import TOWN, chunk, drive, observation, survey


@pytest.fixture
def worked(town, queue, store):
    """The sample drive, sent in and worked, a few frames of it; its request."""
    whole = town.drive_request(town.put_network(store))
    request = whole.model_copy(update={"every_m": 60.0})
    files = Files(store.engine)
    for sha256, name in (
        (request.video_sha256, request.video_name),
        (request.track_sha256, request.track_name),
    ):
        file = StoredFile(sha256, 1, name, FileKind.of(name), "Herbst", "u", "Uli", 1000.0)
        files.put(file, UploadSource("", 1, "", name), f"upload-{sha256[:4]}")
    queue.submit(request)
    town.work_once()
    return request


def the_drive(admin, survey="Herbst"):
    (told,) = admin.get("/api/drives", params={"survey": survey}).json()
    return told


@pytest.mark.both_databases
def test_a_drive_goes_with_all_that_came_of_it_and_may_be_sent_again(
    admin, town, queue, store, worked
):
    told = the_drive(admin)
    assert (told["name"], round(told["length_m"], -1)) == (worked.video_name, 630)
    path_of = town.settings.data / "files"
    assert any(path_of.rglob(worked.video_sha256))
    export = export_path(town.settings.data, "export-1")
    killed = export.with_suffix(".partial") / "photos" / "d.jpg"
    for path in (export, killed):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"with its pictures")
    answer = admin.delete(f"/api/drives/{told['drive_id']}")
    assert (answer.status_code, answer.json()) == (200, {"rescored": [], "ended": ["Herbst"]})
    assert not export.exists()
    assert not killed.exists()
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


@pytest.fixture
def ran(admin, town, store, small_drive, monkeypatch):
    """A run's results in the town's folder, and served: its drive, and the photos that lie there.

    Stands in for two ways to fill a folder; on PostgreSQL the town's store is not in it.
    """
    nobody_about(monkeypatch)
    data = town.settings.data
    result = run_small(small_drive, data, survey="Herbst")
    (told,) = result.record.drives
    if town.settings.database:
        copy_drive(data, store)
    work_once(town.settings, "--no-purge")
    photos = {path.read_bytes() for path in (data / "photos").iterdir()}
    assert photos
    return told.drive_id, photos


def copy_drive(data, store):
    """Let a town on PostgreSQL know the drive of a run into its folder."""
    with share_store(data) as ran:
        network = ran.network(ran.survey("Herbst").network_sha256)
        store.put_network(network)
        (key,) = ran.survey("Herbst").drives
        store.put_drive(ran.drive(key))
        store.join_survey(ran.survey("Herbst"))


def files_with(data, *contents):
    """Return the names of files that hold any of some bytes."""
    files = (path for path in sorted(data.rglob("*")) if path.is_file())
    return [path.name for path in files if any(one in path.read_bytes() for one in contents)]


@pytest.mark.both_databases
def test_what_a_run_left_of_it_in_the_served_folder_goes_with_it(admin, town, store, ran):
    drive_id, photos = ran
    data = town.settings.data
    kept = pictures_of(data, drive_id)
    assert {"run.json", "drives.geojson", "roadscan.gpkg"} <= {*files_with(data, drive_id.encode())}
    assert files_with(data, *photos, *kept)
    answer = admin.delete(f"/api/drives/{drive_id}")
    assert (answer.status_code, answer.json()) == (200, {"rescored": [], "ended": ["Herbst"]})
    assert files_with(data, *photos) == []
    if town.settings.database:  # the store that the run made there is another one
        return
    assert files_with(data, *kept) == []
    told = admin.get("/api/audit").json()
    assert [one["action"] for one in told if drive_id in one["subject"]] == ["drive_erased"]
    truncate_log(store.engine)  # the audit log's line is in there as often as its page was written
    left = b"".join(path.read_bytes() for path in data.iterdir() if path.is_file())
    assert left.count(drive_id.encode()) == 1


def pictures_of(data, drive_id):
    with share_store(data) as ran, ran.engine.connect() as db:
        query = select(pictures.c.jpeg).where(pictures.c.drive_id == drive_id)
        return set(db.scalars(query))


def test_results_of_a_run_without_the_drive_stay_in_the_served_folder(admin, town, store, ran):
    store.put_network(TOWN)
    store.put_drive(drive(1))
    store.join_survey(survey(1))
    before = files_with(town.settings.data, *ran[1])
    assert admin.delete("/api/drives/drive-1").status_code == 200
    assert files_with(town.settings.data, *ran[1]) == before
    assert (town.settings.data / "run.json").exists()


@pytest.mark.both_databases
def test_the_command_erases_from_a_town_while_it_is_served(admin, town, store, worked, capsys):
    told, data = the_drive(admin), town.settings.data
    command = ["erase", told["drive_id"], "--data", str(data)]
    command += ["--database", town.settings.database] if town.settings.database else []
    assert exit_code(command) == 0
    assert capsys.readouterr().out.startswith(f"would erase {told['drive_id']} {worked.video_name}")
    assert the_drive(admin) == told
    assert exit_code([*command, "--delete"]) == 0
    assert capsys.readouterr().out == f"erased {told['drive_id']}; Herbst: ended with it\n"
    assert admin.get("/api/surveys").json() == []
    assert not any((data / "files").rglob(worked.video_sha256))
    (line,) = (one for one in admin.get("/api/audit").json() if one["action"] == "drive_erased")
    assert (line["who"], told["drive_id"] in line["subject"]) == ("roadscan erase", True)
    assert exit_code([*command, "--delete"]) == 3
    assert "drive_unknown" in capsys.readouterr().err


def test_checks_of_it_and_jobs_that_moved_it_are_forgotten(admin, queue, store, worked):
    check = CheckRequest(drive=worked, sent_s=1.0)
    moved = RematchRequest(
        asked_for="1.0",
        asked_by="Ada",
        survey="Herbst",
        network_sha256=worked.network_sha256,
        moved_to="Herbst · Netz 2",
    )
    jobs = [queue.submit(check), queue.submit(moved)]
    drive_id = the_drive(admin)["drive_id"]
    assert admin.delete(f"/api/drives/{drive_id}").json()["code"] == "drive_in_work"
    for job in jobs:
        queue.cancel(job)
    assert admin.delete(f"/api/drives/{drive_id}").status_code == 200
    assert [queue.known(job) for job in jobs] == [None, None]


@pytest.mark.both_databases
def test_a_drive_that_a_job_waits_for_is_not_erased(admin, queue, store, worked):
    told = the_drive(admin)
    waiting = queue.submit(worked.model_copy(update={"survey": "Winter"}))
    answer = admin.delete(f"/api/drives/{told['drive_id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "drive_in_work")
    assert the_drive(admin) == told
    queue.cancel(waiting)
    assert admin.delete(f"/api/drives/{told['drive_id']}").status_code == 200
    assert jobs_of_video(queue, worked.video_sha256) == ()


def test_a_drive_that_may_be_on_its_way_to_another_network_is_not_erased(admin, store):
    store.put_network(TOWN)
    store.put_drive(drive(1))
    store.join_survey(survey(1))
    NetworkVersions(store.engine, lambda: 1000.0).put_in_force(TOWN.sha256, "2026", "Ada")
    moving = admin.post("/api/jobs/rematch", json={"survey": "Spring"}).json()["job_id"]
    assert admin.delete("/api/drives/drive-1").json()["code"] == "drive_in_work"
    admin.post(f"/api/jobs/{moving}/cancel")
    assert admin.delete("/api/drives/drive-1").status_code == 200


@pytest.mark.both_databases
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
