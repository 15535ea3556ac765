import base64
import hashlib
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import pytest

from roadscan.model.access import Role
from roadscan.serve.uploads.tus_protocol import write_metadata
from roadscan.serve.uploads.upload_storage import UploadStorage

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}
SOURCE = bytes(range(256)) * 20
SIZE = len(SOURCE)


@pytest.fixture
def headers(key_of):
    return TUS | key_of(Role.UPLOADER)


@pytest.fixture
def begin(client, headers):
    def make(size=SIZE, **metadata):
        more = {"Upload-Length": str(size)}
        if metadata:
            more["Upload-Metadata"] = write_metadata(metadata)
        answer = client.post("/uploads", headers=headers | more)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    return make


@pytest.fixture
def patch(client, headers):
    def send(url, offset, piece, **more):
        changed = {name.replace("_", "-"): value for name, value in more.items()}
        given = headers | PIECE | {"Upload-Offset": str(offset)} | changed
        return client.patch(url, headers=given, content=piece)

    return send


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_is_spoken_is_told_to_anybody(client):
    for path in ("/uploads", "/uploads/x"):
        answer = client.options(path)
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert set(answer.headers["Tus-Extension"].split(",")) == {
            "creation", "creation-with-upload", "expiration", "termination", "checksum",
        }  # fmt: skip
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
        assert answer.headers["Tus-Max-Size"] == "10000000"


@pytest.mark.both_databases
def test_a_file_arrives_in_two_pieces(client, headers, begin, patch, arrivals):
    url = begin(filename="a.mp4", survey="Nord")
    first = patch(url, 0, SOURCE[:1000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000")
    assert parsedate_to_datetime(first.headers["Upload-Expires"]).tzinfo is not None
    asked = client.head(url, headers=headers)
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, "1000")
    assert asked.headers["Upload-Length"] == str(SIZE)
    assert asked.headers["Upload-Metadata"] == write_metadata(
        {"filename": "a.mp4", "survey": "Nord"}
    )
    assert asked.headers["Cache-Control"] == "no-store"
    last = patch(url, 1000, SOURCE[1000:])
    sha256 = hashlib.sha256(SOURCE).hexdigest()
    assert (last.status_code, last.headers["Roadscan-File"]) == (204, sha256)
    assert "Roadscan-Known-As" not in last.headers
    assert arrivals.storage.path_of(sha256).read_bytes() == SOURCE
    file = arrivals.files.get(sha256)
    assert (file.name, file.survey, file.uploaded_by) == ("a.mp4", "Nord", "uploader 0")


def test_an_upload_that_is_complete_says_so_when_asked_again(client, headers, begin, patch):
    url = begin()
    patch(url, 0, SOURCE)
    for _ in range(2):
        asked = client.head(url, headers=headers)
        assert asked.headers["Upload-Offset"] == asked.headers["Upload-Length"] == str(SIZE)
    assert patch(url, SIZE, b"").status_code == 204
    refused(patch(url, 0, SOURCE), 409, "upload_offset")


def test_the_first_piece_may_come_with_the_creation(client, headers):
    more = PIECE | {"Upload-Length": str(SIZE)}
    answer = client.post("/uploads", headers=headers | more, content=SOURCE[:700])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "700")
    answer = client.post("/uploads", headers=headers | more, content=SOURCE)
    assert answer.headers["Roadscan-File"] == hashlib.sha256(SOURCE).hexdigest()


@pytest.mark.both_databases
def test_the_same_file_again_is_told_politely_under_its_first_name(begin, patch, arrivals):
    patch(begin(filename="erste Fahrt.mp4"), 0, SOURCE)
    again = patch(begin(filename="b.mp4"), 0, SOURCE)
    assert again.status_code == 204
    assert unquote(again.headers["Roadscan-Known-As"]) == "erste Fahrt.mp4"
    assert len(arrivals.files.newest(10)) == 1


@pytest.mark.both_databases
def test_a_file_that_is_here_need_not_be_sent_again(client, headers, begin, patch):
    sha256 = hashlib.sha256(SOURCE).hexdigest()
    patch(begin(filename="a.mp4"), 0, SOURCE)
    more = {
        "Upload-Length": str(SIZE),
        "Upload-Metadata": write_metadata({"filename": "b.mp4", "sha256": sha256}),
    }
    answer = client.post("/uploads", headers=headers | more)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(SIZE))
    assert answer.headers["Roadscan-Known-As"] == "a.mp4"
    asked = client.head(answer.headers["Location"], headers=headers)
    assert asked.headers["Upload-Offset"] == str(SIZE)
    other_size = client.post("/uploads", headers=headers | more | {"Upload-Length": "7"})
    assert other_size.headers["Upload-Offset"] == "0"


def test_a_file_whose_bytes_are_missing_has_to_be_sent_again(begin, patch, arrivals):
    sha256 = hashlib.sha256(SOURCE).hexdigest()
    patch(begin(filename="a.mp4"), 0, SOURCE)
    arrivals.storage.path_of(sha256).unlink()
    url = begin(filename="a.mp4", sha256=sha256)
    assert patch(url, 0, SOURCE).status_code == 204
    assert arrivals.storage.path_of(sha256).read_bytes() == SOURCE


def test_another_file_than_announced_is_refused_and_gone(client, headers, begin, patch, arrivals):
    url = begin(filename="a.mp4", sha256="0" * 64)
    refused(patch(url, 0, SOURCE), 460, "upload_checksum")
    assert client.head(url, headers=headers).status_code == 410
    assert arrivals.files.newest(10) == ()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_is_held_against_its_checksum(begin, patch, algorithm):
    url = begin()
    digest = base64.b64encode(hashlib.new(algorithm, SOURCE[:500]).digest()).decode()
    wrong = patch(url, 0, SOURCE[1:501], Upload_Checksum=f"{algorithm} {digest}")
    refused(wrong, 460, "upload_checksum")
    right = patch(url, 0, SOURCE[:500], Upload_Checksum=f"{algorithm} {digest}")
    assert right.headers["Upload-Offset"] == "500"
    refused(patch(url, 500, b"x", Upload_Checksum="md5 abc="), 400, "upload_header")


def test_a_terminated_upload_is_gone(client, headers, begin, patch):
    url = begin()
    patch(url, 0, SOURCE[:1000])
    assert client.delete(url, headers=headers).status_code == 204
    refused(client.delete(url, headers=headers), 410, "upload_gone")
    refused(patch(url, 1000, SOURCE[1000:]), 410, "upload_gone")
    assert client.head(url, headers=headers).status_code == 410


def test_what_is_complete_is_a_file_and_not_terminated(client, headers, begin, patch):
    url = begin()
    patch(url, 0, SOURCE)
    refused(client.delete(url, headers=headers), 409, "upload_offset")


def test_a_wrong_offset_is_refused_with_the_right_one(begin, patch):
    url = begin()
    patch(url, 0, SOURCE[:1000])
    answer = patch(url, 0, SOURCE)
    refused(answer, 409, "upload_offset")
    assert answer.headers["Upload-Offset"] == "1000"


def test_a_second_writer_is_asked_to_wait(begin, patch, arrivals):
    url = begin()
    writer = arrivals.storage.writer(url.rpartition("/")[2], 0)
    answer = patch(url, 0, SOURCE)
    refused(answer, 423, "upload_locked")
    assert answer.headers["Retry-After"] == "1"
    writer.close()
    assert patch(url, 0, SOURCE).status_code == 204


def test_another_version_is_refused(client, headers, begin):
    url = begin()
    for version in ({}, {"Tus-Resumable": "0.2.2"}):
        given = {key: value for key, value in headers.items() if key != "Tus-Resumable"} | version
        answer = client.post("/uploads", headers=given)
        refused(answer, 412, "upload_version")
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert client.head(url, headers=given).status_code == 412


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({}, 400, "upload_header"),
        ({"Upload-Length": "-1"}, 400, "upload_header"),
        ({"Upload-Length": "0"}, 400, "file_empty"),
        ({"Upload-Length": "10000001"}, 413, "upload_too_large"),
        ({"Upload-Defer-Length": "1"}, 400, "upload_header"),
        ({"Upload-Length": "5", "Upload-Concat": "partial"}, 400, "upload_header"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename ?"}, 400, "upload_metadata"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename Li4v"}, 400, "upload_name"),
    ],
)
def test_a_creation_that_cannot_be_is_refused(client, headers, arrivals, more, status, code):
    refused(client.post("/uploads", headers=headers | more), status, code)
    assert list(arrivals.storage.under_way()) == []


def test_an_append_that_cannot_be_is_refused(begin, patch, client, headers):
    url = begin()
    refused(patch(url, 0, SOURCE, Content_Type="video/mp4"), 415, "upload_content_type")
    refused(patch(url, "x", SOURCE), 400, "upload_header")
    refused(patch(url, 0, SOURCE + b"x"), 413, "upload_too_large")
    refused(patch("/uploads/" + "0" * 32, 0, SOURCE), 404, "upload_unknown")
    assert client.head(url, headers=headers).headers["Upload-Offset"] == "0"


def test_more_than_announced_is_refused_even_without_a_length(begin, patch, client, headers):
    url = begin()
    refused(patch(url, 0, iter([SOURCE, b"x"])), 413, "upload_too_large")


def test_a_full_disk_is_told_before_the_first_byte(client, headers, begin, arrivals, monkeypatch):
    monkeypatch.setattr(UploadStorage, "_check_room", _no_room)
    answer = client.post("/uploads", headers=headers | {"Upload-Length": "5"})
    refused(answer, 507, "output_disk_full")


def _no_room(*_):
    raise OSError(28, "No space left on device")


def test_post_stands_for_methods_that_a_network_forbids(client, headers, begin):
    url = begin()
    override = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    sent = client.post(url, headers=headers | PIECE | override, content=SOURCE[:10])
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "10")
    asked = client.post(url, headers=headers | {"X-HTTP-Method-Override": "HEAD"})
    assert asked.headers["Upload-Offset"] == "10"
    assert (
        client.post(url, headers=headers | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    )
    refused(client.post(url, headers=headers), 400, "upload_header")


def test_only_those_who_may_upload_do(client, key_of, headers):
    for role in (Role.VIEWER, Role.REVIEWER, Role.PLANNER):
        answer = client.post("/uploads", headers=TUS | key_of(role) | {"Upload-Length": "5"})
        refused(answer, 403, "not_allowed")
    refused(client.post("/uploads", headers=TUS | {"Upload-Length": "5"}), 401, "not_logged_in")


def test_the_upload_of_another_is_unknown(client, key_of, begin):
    url = begin()
    for role in (Role.UPLOADER, Role.ADMIN):
        other = TUS | key_of(role)
        assert client.head(url, headers=other).status_code == 404
        refused(client.delete(url, headers=other), 404, "upload_unknown")
