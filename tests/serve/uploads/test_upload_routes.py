import pytest

from roadscan.model.access import Role
from roadscan.serve.uploads.tus_protocol import write_metadata

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def uploader(key_of):
    return key_of(Role.UPLOADER)


@pytest.fixture
def send(client, uploader):
    def upload(path, content, part=None, headers=uploader, **more):
        name = path.rpartition("/")[2]
        metadata = {"filename": name, "relativePath": path, **more}
        told = {
            "Upload-Length": str(len(content)),
            "Upload-Metadata": write_metadata(metadata),
            "Content-Type": "application/offset+octet-stream",
        }
        answer = client.post("/uploads", headers=headers | TUS | told, content=content[:part])
        assert answer.status_code == 201, answer.text
        return answer.headers.get("Roadscan-File", "")

    return upload


def test_unfinished_uploads_are_those_of_the_caller(client, uploader, key_of, send):
    send("Nord/a.mp4", b"video one", part=5, survey="2026", drop="d1", sha256="ab" * 32)
    send("b.mp4", b"video two")
    (told,) = client.get("/api/uploads", headers=uploader).json()
    assert (told["name"], told["folder"], told["survey"]) == ("a.mp4", "Nord", "2026")
    assert (told["size_bytes"], told["offset_bytes"], told["sha256"]) == (9, 5, "ab" * 32)
    asked = client.head(told["url"], headers=uploader | TUS)
    assert asked.headers["Upload-Offset"] == "5"
    assert client.get("/api/uploads", headers=key_of(Role.ADMIN)).json() == []


@pytest.mark.both_databases
def test_files_are_listed_page_by_page(client, uploader, send):
    sent = [send(f"{k}.mp4", f"video {k}".encode()) for k in range(5)]
    first = client.get("/api/files?limit=3", headers=uploader).json()
    second = client.get(f"/api/files?after={first[-1]['sha256']}", headers=uploader).json()
    assert [file["sha256"] for file in first + second] == sent[::-1]
    assert client.get("/api/files?limit=0", headers=uploader).status_code == 400
    assert client.get("/api/files?after=x", headers=uploader).status_code == 404


def test_a_file_is_asked_for_by_its_checksum(client, uploader, send):
    sha256 = send("a.mp4", b"video")
    file = client.get(f"/api/files/{sha256}", headers=uploader).json()
    assert (file["name"], file["kind"], file["in_work"]) == ("a.mp4", "video", False)
    missing = client.get("/api/files/" + "0" * 64, headers=uploader)
    assert (missing.status_code, missing.json()["code"]) == (404, "file_missing")


@pytest.mark.both_databases
def test_a_drive_waits_with_what_belongs_to_it(client, uploader, send):
    send("Nord/b.mp4", b"video b")
    send("Nord/a.mp4", b"video a")
    send("Nord/a.gpx", b"track a")
    drives = client.get("/api/drives-waiting", headers=uploader).json()
    told = {drive["video"]["name"]: drive for drive in drives}
    assert told["a.mp4"]["track"]["name"] == "a.gpx"
    assert told["a.mp4"]["waits_for"] is None
    assert told["b.mp4"]["waits_for"] == "no_track"


@pytest.mark.both_databases
def test_a_file_is_deleted_by_its_owner_or_an_administrator(
    client, uploader, key_of, send, arrivals, accounts
):
    first, second = send("a.mp4", b"video a"), send("b.mp4", b"video b")
    other = client.delete(f"/api/files/{first}", headers=key_of(Role.UPLOADER))
    assert (other.status_code, other.json()["code"]) == (403, "not_allowed")
    assert client.delete(f"/api/files/{first}", headers=uploader).status_code == 204
    assert client.delete(f"/api/files/{second}", headers=key_of(Role.ADMIN)).status_code == 204
    assert not arrivals.storage.path_of(first).exists()
    assert client.get("/api/files", headers=uploader).json() == []
    lines = [line.subject for line in accounts.audit_log(10) if line.action == "file_deleted"]
    assert lines == [f"b.mp4 {second}", f"a.mp4 {first}"]


@pytest.mark.parametrize("name", ["a.mp4", "a.gpx", "camera.toml"])
def test_a_file_in_work_is_not_deleted(client, uploader, send, arrivals, in_use, name):
    sha256 = send(name, b"its bytes")
    in_use.add(sha256)
    answer = client.delete(f"/api/files/{sha256}", headers=uploader)
    assert (answer.status_code, answer.json()["code"]) == (409, "file_in_use")
    assert arrivals.storage.path_of(sha256).exists()


@pytest.mark.parametrize("path", ["/api/uploads", "/api/files", "/api/drives-waiting"])
def test_who_may_not_upload_sees_no_uploads(client, key_of, path):
    assert client.get(path).status_code == 401
    assert client.get(path, headers=key_of(Role.VIEWER)).status_code == 403
