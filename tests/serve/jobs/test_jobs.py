import io
import json
import signal
import time
import zipfile

import pytest
from PIL import Image
from starlette.testclient import TestClient

from roadscan.errors import RoadscanError
from roadscan.model.access import Role
from roadscan.read.network_faults import LineFault
from roadscan.serve.app import create_app
from roadscan.serve.jobs.kinds.network import NetworkColumns, NetworkRequest, preview_by
from roadscan.serve.jobs.kinds.rescore import RescoreRequest
from roadscan.serve.queue.job import QueueName, State
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import open_town
from tests.databases import address_on
from tests.serve.jobs.town import SAMPLES, SampleTown

WAIT_S = 90.0


@pytest.fixture(scope="module")
def town(database, tmp_path_factory):
    """A town whose network has been read by a worker."""
    with address_on(database) as address:
        town = SampleTown(ServeSettings(data=tmp_path_factory.mktemp("town"), database=address))
        queue = town.queue()
        queue.submit(town.network_request())
        town.work_once()
        queue.close()
        yield town


@pytest.fixture
def queue(town):
    opened = town.queue()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def network_sha256(town):
    queue = town.queue()
    done = queue.jobs(50)[-1].done  # the first of them; others read networks that nobody drives on
    queue.close()
    return str(done.facts["network_sha256"])


@pytest.mark.both_databases
def test_a_network_is_read_and_described_before_it_counts(queue):
    job = queue.jobs(1)[0]
    assert job.state is State.DONE
    assert job.done.facts["crs"] == "EPSG:25833"
    assert job.done.facts["links"] == 8
    assert steps_of(queue, job.job_id) == ["look_at_network", "read_network"]


def steps_of(queue, job_id):
    """Return the steps of a job, whose names are stored: a town that is updated goes on by them."""
    names = [step["function_name"] for step in queue._client.list_workflow_steps(job_id)]
    return [name for name in names if name != "DBOS.setEvent"]


def test_a_network_in_a_zip_is_read_by_a_worker(town, queue, tmp_path):
    with zipfile.ZipFile(tmp_path / "n.zip", "w") as archive:
        archive.write(SAMPLES / "network.geojson", "Export/Straßen.geojson")
    sha256 = town.send_in(tmp_path / "n.zip")
    job_id = queue.submit(NetworkRequest(file_sha256=sha256, file_name="Netz.zip"))
    town.work_once()
    assert queue.job(job_id).done.facts["links"] == 8


def network_file(path, **changes):
    """The sample's network with other values in its first line."""
    network = json.loads((SAMPLES / "network.geojson").read_text("utf-8"))
    network["features"][0]["properties"] |= changes
    path.write_text(json.dumps(network), "utf-8")
    return path


def test_the_columns_of_a_network_are_shown_and_may_mean_something_else(town, queue, tmp_path):
    sha256 = town.send_in(network_file(tmp_path / "n.geojson", kommentar="Allee", surface="cheese"))
    file = NetworkRequest(file_sha256=sha256, file_name="Netz.geojson")
    columns = NetworkColumns(link_id="link_id", street="kommentar", surface="surface")
    usual, other = (
        queue.submit(request) for request in (file, file.model_copy(update={"columns": columns}))
    )
    town.work_once()
    look = preview_by(queue, usual)
    assert look.lines == 8
    assert look.taken["street"] == "street"
    assert [(fault.line, fault.kind, fault.value) for fault in look.faults] == [
        (1, LineFault.SURFACE_UNKNOWN, "cheese")
    ]
    assert preview_by(queue, other).taken["street"] == "kommentar"
    assert queue.job(other).done.facts["named"] == 1
    assert queue.job(usual).done.facts["named"] == 8
    assert (
        queue.job(usual).done.facts["network_sha256"]
        != queue.job(other).done.facts["network_sha256"]
    )


def test_a_network_keeps_the_ids_of_the_one_in_force(town, queue, network_sha256, tmp_path):
    network = json.loads((SAMPLES / "network.geojson").read_text("utf-8"))
    for feature in network["features"]:
        del feature["properties"]["link_id"]
    (tmp_path / "n.geojson").write_text(json.dumps(network), "utf-8")
    request = NetworkRequest(
        file_sha256=town.send_in(tmp_path / "n.geojson"), file_name="Netz.geojson"
    )
    alone, after = (
        queue.submit(one)
        for one in (request, request.model_copy(update={"before_sha256": network_sha256}))
    )
    town.work_once()
    facts = queue.job(after).done.facts
    assert (facts["known_ids"], facts["links"]) == (8, 8)
    assert queue.job(alone).done.facts["known_ids"] == 0


def test_a_network_that_is_refused_is_shown_with_what_is_wrong(town, queue, tmp_path):
    twice = json.loads((SAMPLES / "network.geojson").read_text("utf-8"))["features"][1]
    link_id = twice["properties"]["link_id"]
    sha256 = town.send_in(network_file(tmp_path / "n.geojson", link_id=link_id))
    job_id = queue.submit(NetworkRequest(file_sha256=sha256, file_name="Netz.geojson"))
    town.work_once()
    assert queue.job(job_id).done.failure.code == "network_malformed"
    assert preview_by(queue, job_id).fault_counts == {"id_twice": 2}


def test_a_network_that_cannot_be_read_is_told_by_the_name_that_its_sender_gave_it(
    town, queue, tmp_path
):
    with zipfile.ZipFile(tmp_path / "n.zip", "w") as archive:
        archive.writestr("Straßen.shp", "no shapefile")
    sha256 = town.send_in(tmp_path / "n.zip")
    job_id = queue.submit(NetworkRequest(file_sha256=sha256, file_name="Straßen der Stadt.zip"))
    town.work_once()
    told = queue.job(job_id).done.failure.message
    assert told == "Straßen der Stadt.zip: Straßen.shp is not a shapefile"


@pytest.mark.both_databases
def test_a_drive_ends_as_layers_even_if_its_worker_is_killed(town, queue, network_sha256):
    job_id = queue.submit(town.drive_request(network_sha256))
    worker = town.begin_work()
    _until(lambda: queue.job(job_id).state is State.RUNNING)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    town.work_once()
    job = queue.job(job_id)
    assert job.state is State.DONE, job
    assert steps_of(queue, job_id) == ["plan_drive", "work_chunk", "work_chunk", "join_survey"]
    (scored,) = [job for job in queue.jobs(50) if job.kind == "score"]
    assert scored.done.facts["segments_assessed"] > 15
    with open_town(town.settings) as opened, opened.layers.reading() as features:
        assert [layer.features for layer in features.layers("segments")] == [58]
        assert opened.store.drives("Herbst")[0].video.name == "2026-06-10 früh.mp4"


@pytest.mark.both_databases
def test_the_pictures_it_kept_are_served_with_the_segments_they_show(town):
    with open_town(town.settings) as opened, TestClient(create_app(opened)) as client:
        accounts, store = opened.accounts, opened.store
        account = accounts.add("Vera", Role.VIEWER, None)
        client.headers["X-API-Key"] = accounts.add_key(account.account_id, "t", Role.VIEWER, 60.0)[
            1
        ]
        shown = {}
        for segment in store.assessment("Herbst").segments:
            asked = {"survey": "Herbst", "id": segment.segment_id}
            pictures = client.get("/api/evidence/road", params=asked).json()
            assert all(one["from_m"] < segment.to_m for one in pictures)
            assert all(one["to_m"] > segment.from_m for one in pictures)
            shown |= {one["photo"]: one for one in pictures}
        assert len(shown) == store.pictures.count("Herbst") > 10
        address, first = next(iter(shown.items()))
        photo = client.get(address)
        assert photo.headers["Cache-Control"] == "private, no-store"
        assert Image.open(io.BytesIO(photo.content)).size == (first["width"], first["height"])
        seen = [entry for entry in accounts.audit_log(10) if entry.action == "photo_viewed"]
        assert [entry.who for entry in seen] == ["Vera"]
        assert client.get(address.replace("Herbst", "Sommer")).json()["code"] == "photo_missing"


@pytest.mark.both_databases
def test_a_survey_is_scored_by_another_scheme_without_its_video(town, queue):
    job_id = queue.submit(RescoreRequest(survey="Herbst", scheme="ap9k-monotone", asked_s=1.0))
    unknown = queue.submit(RescoreRequest(survey="Sommer", scheme="ap9k", asked_s=1.0))
    town.work_once()
    assert queue.job(job_id).state is State.DONE
    assert queue.job(unknown).done.failure.code == "survey_unknown"
    with open_town(town.settings) as opened, opened.layers.reading() as features:
        assert features.layers("segments")[0].source.scheme == "ap9k-monotone"


@pytest.mark.both_databases
def test_asking_twice_for_one_drive_makes_one_job(town, queue, network_sha256):
    request = town.drive_request(network_sha256)
    assert queue.submit(request) == queue.submit(request)
    assert len([job for job in queue.jobs(50) if job.kind == "drive"]) == 1


def test_a_track_that_cannot_be_used_ends_the_job_with_its_code(town, queue, network_sha256):
    wrong = town.drive_request(network_sha256).model_copy(
        update={"track_sha256": town.send_in(SAMPLES / "camera.toml")}
    )
    job_id = queue.submit(wrong)
    town.work_once()
    job = queue.job(job_id)
    assert job.state is State.FAILED
    assert job.done.failure.code.startswith("track_")


@pytest.mark.both_databases
def test_a_cancelled_job_is_not_worked_until_it_is_tried_again(town, queue, network_sha256):
    request = town.drive_request(network_sha256).model_copy(update={"survey": "Winter"})
    job_id = queue.submit(request)
    queue.cancel(job_id)
    town.work_once()
    assert queue.job(job_id).state is State.CANCELLED
    queue.retry(job_id, QueueName.DRIVES)
    town.work_once()
    assert queue.job(job_id).state is State.DONE


@pytest.mark.both_databases
def test_a_job_that_never_was_is_unknown(queue):
    with pytest.raises(RoadscanError, match="job_unknown"):
        queue.job("drive-nothing")


def _until(happened):
    ends = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)
