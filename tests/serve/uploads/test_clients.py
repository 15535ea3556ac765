"""Clients that are not ours, and lines that break, against a real server."""

import base64
import hashlib
import socket
from urllib.parse import urlsplit

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed

from roadscan.model.access import Role
from tests.serve.uploads.conftest import wait_until

SOURCE = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(SOURCE).hexdigest()


@pytest.fixture
def key(key_of):
    return key_of(Role.UPLOADER)


@pytest.fixture
def tus(address, key):
    return TusClient(f"{address}/uploads", headers=key)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "Straße.mp4"
    path.write_bytes(SOURCE)
    with path.open("rb") as file:  # tuspy leaves those open that it opens
        yield file


NAME = "Straße.mp4"


def kept(arrivals):
    return {
        file.name: arrivals.storage.path_of(file.sha256).read_bytes()
        for file in arrivals.files.newest(10)
    }


@pytest.mark.parametrize("checked", [False, True])
def test_tuspy_sends_a_file(tus, video, arrivals, checked):
    uploader = tus.uploader(
        file_stream=video, chunk_size=300_000, metadata={"filename": NAME}, upload_checksum=checked
    )
    uploader.upload()
    assert kept(arrivals) == {NAME: SOURCE}


def test_tuspy_goes_on_with_an_upload_after_a_break(tus, video, arrivals):
    first = tus.uploader(file_stream=video, chunk_size=200_000, metadata={"filename": NAME})
    first.upload(stop_at=400_000)
    second = tus.uploader(file_stream=video, url=first.url)
    assert second.offset == 400_000
    second.upload()
    assert kept(arrivals) == {NAME: SOURCE}


def test_tuspy_tries_again_while_another_request_writes(tus, video, arrivals):
    uploader = tus.uploader(file_stream=video, chunk_size=500_000, retries=20, retry_delay=0.05)
    uploader.upload_chunk()
    writer = arrivals.storage.writer(uploader.url.rpartition("/")[2], 500_000)
    with pytest.raises(TusUploadFailed):
        tus.uploader(file_stream=video, url=uploader.url).upload()
    writer.close()
    uploader.upload()
    assert kept(arrivals) == {"unnamed": SOURCE}


def test_tuspy_hears_why_it_is_refused(address, key_of, video):
    client = TusClient(f"{address}/uploads", headers=key_of(Role.VIEWER))
    with pytest.raises(Exception, match="403"):
        client.uploader(file_stream=video).upload()


@pytest.fixture
def half_sent(address, key, arrivals, client):
    """An upload of which a request has sent 500,000 bytes, and the request's connection."""
    name = base64.b64encode(b"a.mp4").decode()
    told = {"Upload-Length": str(len(SOURCE)), "Upload-Metadata": f"filename {name}"}
    answer = client.post("/uploads", headers=key | {"Tus-Resumable": "1.0.0"} | told)
    url = answer.headers["Location"]
    parts = urlsplit(address)
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nX-API-Key: {key['X-API-Key']}"
        "\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        f"Content-Length: {len(SOURCE)}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), 10.0) as line:
        line.sendall(head.encode() + SOURCE[:500_000])
        yield url, line


def offset_of(arrivals, url):
    return arrivals.storage.get(url.rpartition("/")[2]).offset_bytes


def test_a_cut_line_keeps_what_came(half_sent, arrivals, tus, video):
    url, line = half_sent
    line.close()
    wait_until(lambda: offset_of(arrivals, url) == 500_000)
    tus.uploader(file_stream=video, url=f"{tus.url.removesuffix('/uploads')}{url}", retries=9,
                 retry_delay=0.1).upload()  # fmt: skip
    assert kept(arrivals) == {"a.mp4": SOURCE}


def test_a_line_that_went_silent_is_let_go_and_keeps_what_came(half_sent, arrivals):
    url, line = half_sent
    answer = line.recv(4096)  # the server's patience is half a second here
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"upload_stalled" in answer + line.recv(4096)
    assert offset_of(arrivals, url) == 500_000
    arrivals.storage.writer(url.rpartition("/")[2], 500_000).close()
