"""Files made to harm, sent in by tus and worked by a worker: each ends as a failed job with a code.

What the readers make of many more such files is in tests/hostile.
"""

import io
import re
import time
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from roadscan.model.access import Role
from roadscan.read.network import read_network
from roadscan.serve.pages.texts import LANGUAGES, texts
from roadscan.serve.queue.job import State
from roadscan.serve.uploads.tus_protocol import CHUNK_TYPE, VERSION, write_metadata
from roadscan.store import tables
from roadscan.store.town.networks import NetworkVersions
from tests.hostile.test_network_zips import LINES
from tests.hostile.test_networks import LAUGHS as LAUGHS_OSM
from tests.hostile.test_tracks import HTML
from tests.hostile.test_tracks import LAUGHS as LAUGHS_GPX
from tests.serve.jobs.town import SAMPLES, SampleTown

BOMB_BYTES = 400_000_000
MAX_MEMORY_KB = 600_000
"""Of the worker, which takes 0.3 GB anyway; the laughs told would be 3 GB."""
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
TRACKS = {
    "laughs": (LAUGHS_GPX, "track_malformed"),
    "page": (HTML + "<script>alert(1)</script>", "track_format_unknown"),
    "picture": (SVG, "track_format_unknown"),
}


def zipped(fillings: dict[str, bytes], blanks: str = "") -> bytes:
    file, piece = io.BytesIO(), bytes(1_000_000)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in fillings.items():
            archive.writestr(name, content)
        if blanks:
            with archive.open(blanks, "w") as entry:
                for _ in range(BOMB_BYTES // len(piece)):
                    entry.write(piece)
    return file.getvalue()


def networks():
    lines = {"roads.geojson": LINES.encode()}
    return {
        "bomb.zip": (
            zipped({"roads.shp": b"", "roads.shx": b""}, blanks="roads.dbf"),
            "network_zip_refused",
        ),
        "up.zip": (zipped(lines | {"../../escaped.dbf": b"x"}), "network_zip_refused"),
        "root.zip": (zipped(lines | {"/tmp/escaped.dbf": b"x"}), "network_zip_refused"),  # noqa: S108
        "laughs.osm": (LAUGHS_OSM.encode(), "network_malformed"),
    }


@pytest.fixture
def town(settings, tmp_path, monkeypatch):
    (tmp_path / "temp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))  # of the worker
    return SampleTown(settings)


@pytest.fixture
def admin(client, key_of):
    client.headers.update(key_of(Role.ADMIN) | {"Tus-Resumable": VERSION})
    return client


def send_in(admin, name, content, **about):
    """Upload a file in two pieces; return its checksum."""
    metadata = write_metadata({"filename": name, "survey": "Herbst", **about})
    headers = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    place = admin.post("/uploads", headers=headers).headers["Location"]
    half = len(content) // 2
    for offset, piece in ((0, content[:half]), (half, content[half:])):
        headers = {"Content-Type": CHUNK_TYPE, "Upload-Offset": str(offset)}
        answer = admin.patch(place, headers=headers, content=piece)
        assert answer.status_code == 204, answer.text
    return answer.headers["Roadscan-File"]


def work(town):
    """Let a worker do what there is to do, in bounded memory; return what it left, by name."""
    folder = town.settings.data.parent
    before, memory_kb = files_in(folder), 0
    with town.begin_work("--once") as worker:
        while worker.poll() is None:
            memory_kb = max(memory_kb, most_memory_kb(worker.pid))
            time.sleep(0.02)
    assert worker.returncode == 0
    assert 0 < memory_kb < MAX_MEMORY_KB
    return {path.name for path in files_in(folder) - before if path.suffix != ".lock"}


def most_memory_kb(pid):
    """Return what a process has taken at most; its rusage would count what pytest has, too."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) if found else 0  # it has ended


def files_in(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def rows(store, table):
    with store.engine.connect() as db:
        return db.scalar(select(func.count()).select_from(table))


def assert_told(failure, code, settings):
    assert failure["code"] == code
    text = f"{failure['message']} {failure['hint']}"
    assert len(text) < 500
    for unwanted in ("\n", "<", "Traceback", str(settings.data)):
        assert unwanted not in text
    assert all(f"error_{code}" in texts(language) for language in LANGUAGES)


def test_networks_made_to_harm_end_with_their_code(admin, town, store):
    made, jobs = networks(), {}
    for name, (content, _) in made.items():
        answer = admin.post("/api/networks", json={"file_sha256": send_in(admin, name, content)})
        jobs[name] = answer.json()["job_id"]
    assert work(town) == set()
    for name, (_, code) in made.items():
        job = admin.get(f"/api/jobs/{jobs[name]}").json()
        assert job["state"] == State.FAILED
        assert_told(job["done"]["failure"], code, town.settings)
    assert rows(store, tables.networks) == 0


def test_tracks_made_to_harm_end_with_their_code(admin, town, store):
    network = read_network(SAMPLES / "network.geojson")
    store.put_network(network)
    NetworkVersions(store.engine, time.time).put_in_force(network.sha256, "Straßen", "Ada")
    drop = {"drop": "d", "dropFiles": str(2 * len(TRACKS))}
    for number, (name, (content, _)) in enumerate(TRACKS.items()):
        video = (SAMPLES / "drive.mp4").read_bytes() + b"\0\0\0\x09free" + bytes([number])
        send_in(admin, f"{name}.mp4", video, **drop)
        send_in(admin, f"{name}.gpx", content.encode(), **drop)
    assert work(town) == set()
    checks = {check["video_name"]: check for check in admin.get("/api/checks").json()}
    for name, (_, code) in TRACKS.items():
        check = checks[f"{name}.mp4"]
        assert check["verdict"] == "failed"
        assert_told(check["failure"], code, town.settings)
    # somebody wants one worked all the same
    address = f"/api/checks/{checks['laughs.mp4']['check_id']}/start"
    job_id = admin.post(address, json={}).json()["job_id"]
    assert work(town) == set()
    job = admin.get(f"/api/jobs/{job_id}").json()
    assert (job["kind"], job["state"]) == ("drive", State.FAILED)
    assert_told(job["done"]["failure"], TRACKS["laughs"][1], town.settings)
    assert rows(store, tables.drives) == rows(store, tables.surveys) == 0
