"""A new version of the network: what was driven before is moved to it, its recordings long gone."""

import json
import shutil

import pytest

from roadscan.model.survey import DriveKey
from roadscan.serve.jobs.kinds.rematch import (
    RematchRequest,
    RematchSteps,
    moved_name,
    surveys_to_move,
)
from roadscan.serve.queue.job import State
from roadscan.store.town.networks import NetworkVersion, NetworkVersions
from tests.serve.jobs.town import SAMPLES, work_once
from tests.store.sample_surveys import TOWN, drive, survey

MOVED = "Herbst · Netz 2"


def put_in_force(admin, store, town, path, name):
    """Put a network in force; return it and the jobs that this begins."""
    sha256 = town.put_network(store, path)
    choice = {"network_sha256": sha256, "name": name}
    answer = admin.put("/api/networks/in-force", json=choice)
    assert answer.status_code == 202
    return sha256, answer.json()


@pytest.fixture
def newer(tmp_path):
    """The sample's network with all lanes half a metre narrower, and a name for a street."""
    network = json.loads((SAMPLES / "network.geojson").read_text("utf-8"))
    for feature in network["features"]:
        feature["properties"]["lane_width_m"] = 3.0
    path = tmp_path / "newer.geojson"
    path.write_text(json.dumps(network), "utf-8")
    return path


@pytest.mark.both_databases
def test_a_network_put_in_force_moves_what_was_driven_without_its_recordings(
    admin, queue, town, store, newer
):
    old, _ = put_in_force(admin, store, town, SAMPLES / "network.geojson", "2025")
    queue.submit(town.drive_request(old))
    work_once(town.settings, "--no-purge")
    before = store.assessment("Herbst")
    shutil.rmtree(town.settings.data / "files")
    new, jobs = put_in_force(admin, store, town, newer, "2026")
    assert [job["request"]["moved_to"] for job in jobs] == [MOVED]
    work_once(town.settings, "--no-purge")
    done = queue.job(jobs[0]["job_id"]).done
    assert done.failure is None
    assert done.facts == {"survey": MOVED, "drives": 1, "untraced": 0, "left_out": 0}
    assert store.survey(MOVED).network_sha256 == new
    assert store.assessment("Herbst") == before
    after = store.assessment(MOVED)
    assert sum(r.score is not None for r in after.results) > 0
    assert after.results != before.results
    assert store.counts(MOVED).detections == store.counts("Herbst").detections
    assert MOVED in {one["name"] for one in admin.get("/api/surveys").json()}
    asked = [line["subject"] for line in admin.get("/api/audit").json()]
    assert jobs[0]["job_id"] in asked


@pytest.mark.both_databases
def test_what_is_on_the_network_already_or_was_moved_before_is_not_moved(store):
    store.put_network(TOWN)
    names = ("Spring", "Winter", "Spring · Netz 2")
    for name in names:
        store.put_survey(survey(1, name=name))
    elsewhere = NetworkVersion(3, "f" * 64, "neu", "Ada", 1.0)
    here = NetworkVersion(3, TOWN.sha256, "alt", "Ada", 1.0)
    assert list(surveys_to_move(store, elsewhere)) == ["Spring", "Winter"]
    assert list(surveys_to_move(store, here)) == []


def test_a_survey_is_called_by_its_first_name_and_the_version():
    assert moved_name("Herbst", 2) == "Herbst · Netz 2"
    assert moved_name("Herbst · Netz 2", 13) == "Herbst · Netz 13"
    assert len(moved_name("x" * 80, 12345)) <= 80


def test_drives_that_cannot_be_moved_are_counted_and_do_not_end_the_job(
    admin, queue, town, store, newer
):
    store.put_network(TOWN)
    store.put_drive(drive(1))  # worked by a roadscan that kept no trace
    store.join_survey(survey(1))
    _, jobs = put_in_force(admin, store, town, newer, "2026")
    work_once(town.settings, "--no-purge")
    job = queue.job(jobs[0]["job_id"])
    assert (job.state, job.done.facts["drives"], job.done.facts["untraced"]) == (State.DONE, 0, 1)
    assert store.surveys() == ("Spring",)


def test_without_a_network_in_force_nothing_can_be_moved(admin):
    answer = admin.post("/api/jobs/rematch", json={"survey": "Herbst"})
    assert (answer.status_code, answer.json()["code"]) == (409, "network_missing")


def test_a_survey_that_there_is_not_ends_its_job(admin, queue, town, store):
    store.put_network(TOWN)
    NetworkVersions(store.engine, lambda: 1000.0).put_in_force(TOWN.sha256, "2026", "Ada")
    job = admin.post("/api/jobs/rematch", json={"survey": "Nie"}).json()
    assert RematchRequest.model_validate(job["request"]).moved_to == "Nie · Netz 1"
    work_once(town.settings, "--no-purge")
    assert queue.job(job["job_id"]).done.failure.code == "survey_unknown"


def test_a_drive_erased_meanwhile_is_left_out(store):
    store.put_network(TOWN)
    store.put_survey(survey(1))
    request = RematchRequest(
        asked_for="1.0",
        asked_by="Ada",
        survey="Spring",
        network_sha256=TOWN.sha256,
        moved_to="Spring · Netz 2",
    )
    assert RematchSteps(store).move(request, DriveKey("drive-1", "0" * 64)) is None
