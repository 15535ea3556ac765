"""npm's tus-js-client sends to the service; needs Node and the package, else it is skipped.

npm install --no-save tus-js-client@4, in the repository or in a folder that NODE_PATH names.
"""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from roadscan.model.access import Role

SCRIPT = Path(__file__).with_name("tus_client.cjs")
SOURCE = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(SOURCE).hexdigest()


@pytest.fixture(scope="module", autouse=True)
def node():
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed")
    have = subprocess.run(
        [found, "-e", "require('tus-js-client')"],
        cwd=SCRIPT.parent,
        capture_output=True,
        check=False,
    )
    if have.returncode:
        pytest.skip("tus-js-client is not installed: npm install --no-save tus-js-client@4")
    return found


@pytest.fixture
def send(node, tmp_path, key_of):
    path, key = tmp_path / "a.mp4", key_of(Role.UPLOADER)["X-API-Key"]
    path.write_bytes(SOURCE)

    def run(url, stop_at=0):
        command = [node, str(SCRIPT), str(path), url, key, "Straße.mp4", str(stop_at)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout)

    return run


def test_tus_js_client_sends_a_file(send, address, arrivals):
    assert send(f"{address}/uploads")["file"] == SHA256
    assert arrivals.storage.path_of(SHA256).read_bytes() == SOURCE
    assert arrivals.files.get(SHA256).name == "Straße.mp4"


def test_tus_js_client_goes_on_where_it_stopped(send, address, arrivals):
    stopped = send(f"{address}/uploads", stop_at=500_000)
    assert stopped["accepted"] == 500_000
    assert send(stopped["url"])["file"] == SHA256
    assert arrivals.storage.path_of(SHA256).read_bytes() == SOURCE


def test_tus_js_client_hears_that_a_file_is_complete(send, address):
    first = send(f"{address}/uploads")
    again = send(first["url"])
    assert "error" not in again
    assert again["statuses"] == [200]


def test_tus_js_client_waits_while_another_request_writes(send, address, arrivals):
    stopped = send(f"{address}/uploads", stop_at=500_000)
    writer = arrivals.storage.writer(stopped["url"].rpartition("/")[2], 500_000)
    assert "423" in send(stopped["url"])["error"]
    writer.close()
    assert send(stopped["url"])["file"] == SHA256
