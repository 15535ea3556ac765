"""A network is read, looked at, and only then put in force."""

import pytest

from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.read.network_faults import LineFault
from roadscan.read.network_mapping import MEANINGS
from roadscan.serve.jobs.kinds.network import NetworkColumns
from roadscan.serve.pages.texts import LANGUAGES, texts
from roadscan.store.town.files import Files
from tests.store.sample_surveys import TOWN

UNKNOWN = "d" * 64


def send_in(store, sha256, name):
    file = StoredFile(sha256, 10, name, FileKind.of(name), "", "u1", "Uli", 1000.0)
    Files(store.engine).put(file, UploadSource("", 1, "", name), f"upload-{sha256[:4]}")


def test_a_network_that_was_never_read_cannot_be_put_in_force(admin):
    choice = {"network_sha256": UNKNOWN, "name": "Netz"}
    answer = admin.put("/api/networks/in-force", json=choice)
    assert (answer.status_code, answer.json()["code"]) == (404, "network_unknown")
    assert admin.get("/api/networks").json() == []
    assert [line["action"] for line in admin.get("/api/audit").json()] == []


@pytest.mark.both_databases
def test_a_network_that_was_read_is_put_in_force_and_the_log_says_by_whom(admin, store):
    store.put_network(TOWN)
    choice = {"network_sha256": TOWN.sha256, "name": "Netz 2026"}
    answer = admin.put("/api/networks/in-force", json=choice)
    assert (answer.status_code, answer.json()) == (202, [])
    assert [one["name"] for one in admin.get("/api/networks").json()] == ["Netz 2026"]
    (line,) = admin.get("/api/audit").json()
    assert (line["action"], line["subject"]) == ("network_in_force", TOWN.sha256)


def test_a_drawing_may_run_and_fetch_nothing_when_it_is_opened_by_itself(admin, store):
    store.put_network(TOWN)
    answer = admin.get(f"/api/networks/{TOWN.sha256}/drawing")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert answer.text.startswith("<svg ")
    known = {"If-None-Match": answer.headers["etag"]}
    again = admin.get(f"/api/networks/{TOWN.sha256}/drawing", headers=known)
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("sha256", "status", "code"),
    [(UNKNOWN, 404, "network_unknown"), ("..%2f..", 404, "http"), ("x", 400, "request_invalid")],
)
def test_there_is_no_drawing_of_what_was_not_read(admin, sha256, status, code):
    answer = admin.get(f"/api/networks/{sha256}/drawing")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_network_is_read_by_the_columns_that_were_chosen(admin, store):
    send_in(store, "e" * 64, "Netz.gpkg")
    columns = {"street": "str_name"}
    plain = admin.post("/api/networks", json={"file_sha256": "e" * 64}).json()
    chosen = admin.post("/api/networks", json={"file_sha256": "e" * 64, "columns": columns}).json()
    assert plain["job_id"] != chosen["job_id"]
    assert plain["request"]["columns"] is None
    assert chosen["request"]["columns"]["street"] == "str_name"
    assert admin.get(f"/api/networks/looks/{chosen['job_id']}").json() is None
    assert [line["action"] for line in admin.get("/api/audit").json()] == ["network_read"] * 2


def test_columns_of_an_unknown_meaning_are_refused(admin, store):
    send_in(store, "e" * 64, "Netz.gpkg")
    given = {"file_sha256": "e" * 64, "columns": {"colour": "x"}}
    answer = admin.post("/api/networks", json=given)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")


def test_a_network_that_was_not_sent_in_cannot_be_read(admin):
    answer = admin.post("/api/networks", json={"file_sha256": UNKNOWN})
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")


def test_the_page_may_choose_a_column_for_every_meaning_of_a_mapping():
    assert set(NetworkColumns.model_fields) == set(MEANINGS)


def test_the_texts_have_a_word_for_every_meaning_and_fault():
    wanted = {f"meaning_{name}" for name in NetworkColumns.model_fields}
    wanted |= {f"fault_{kind.value}" for kind in LineFault}
    for language in LANGUAGES:
        assert wanted <= texts(language).keys()
