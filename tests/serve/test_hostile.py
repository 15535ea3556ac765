"""What strangers send over HTTP: refused with a status of the 400s, never a fault, never a file."""

import json
import re

import pytest

from roadscan.serve.uploads.tus_protocol import write_metadata

pytestmark = pytest.mark.shared_service

TUS = {"Tus-Resumable": "1.0.0"}
LONG = "x" * 5000
NAMES = (
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fsettings.py",
    "..%5c..%5cwindows",
    "%00",
    "a%00b",
    "%ff%fe",
    "%e2%80%ae",
    "%0d%0aX-Evil:%20yes",
    "%F0%9F%9A%A7",
    "'%20OR%201=1--",
    "${jndi:ldap:x}",
    "{{7*7}}",
    LONG,
)
PLACES = (
    "/static/{}",
    "/uploads/{}",
    "/api/files/{}",
    "/api/jobs/{}",
    "/api/jobs/{}/events",
    "/api/networks/{}/drawing",
    "/api/evidence/segment?survey={}&id=x",
    "/api/evidence/segment?survey=x&id={}",
    "/api/evidence/damage?survey={}&id={}",
    "/api/evidence/photo?survey={}&id={}",
    "/api/evidence/road?survey={}&id={}",
    "/api/evidence/road-photo?survey={}&drive={}&t_s=1",
    "/api/evidence/road-photo?survey=x&drive=x&t_s={}",
    "/ogc/collections/{}",
    "/ogc/collections/{}/items",
    "/ogc/collections/segments/items/{}",
    "/ogc/collections/segments/items?survey={}",
    "/ogc/collections/segments/items?street={}&f=csv",
    "/ogc/collections/segments/items?filter=street='{}'",
    "/ogc/collections/segments/items?filter={}",
    "/ogc/collections/segments/items?bbox={}",
    "/ogc/collections/segments/items?cursor={}",
    "/ogc/collections/segments/tiles/WebMercatorQuad/{}/0/0",
    "/?lang={}",
    "/segment?survey={}",
    "/{}",
)
BODIES = (
    "",
    "[" * 100_000,
    '{"a":' * 50_000,
    "{",
    "null",
    "[]",
    "NaN",
    '{"x": 1e999}',
    b"\xff\xfe\x00",
    b"\x1f\x8b\x08\x00bomb",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
)
ROUTES = (
    ("POST", "/api/login"),
    ("POST", "/api/welcome"),
    ("POST", "/api/keys"),
    ("POST", "/api/jobs"),
    ("POST", "/api/jobs/rescore"),
    ("POST", "/api/networks"),
    ("PUT", "/api/networks/in-force"),
    ("PUT", "/api/accounts/x"),
    ("POST", "/api/invitations"),
)
TEXTS = ("\x00", "a\x00b", "\ud800", "\u202e", "x" * 100_000, "http://169.254.169.254/latest/")
FIELDS = {
    "/api/login": ("name", "password"),
    "/api/welcome": ("name", "password", "token"),
    "/api/keys": ("label",),
    "/api/jobs": ("video_sha256", "survey"),
    "/api/jobs/rescore": ("survey", "scheme"),
    "/api/networks": ("file_sha256",),
    "/api/networks/in-force": ("network_sha256", "name"),
    "/api/accounts/x": ("role",),
    "/api/invitations": ("role",),
}
GOOD = {
    "name": "Eve",
    "password": "vier Worte im Rathaus",
    "token": "x",
    "label": "x",
    "survey": "x",
    "scheme": "ap9k",
    "file_sha256": "0" * 64,
    "video_sha256": "0" * 64,
    "network_sha256": "0" * 64,
    "role": "viewer",
}


def told(answer) -> str:
    return f"{answer.request.method} {str(answer.request.url)[:200]}: {answer.status_code}"


@pytest.mark.parametrize("place", PLACES)
def test_a_name_made_to_lead_elsewhere_leads_nowhere(admin, place):
    for name in NAMES:
        answer = admin.get(place.replace("{}", name), headers=TUS)
        assert answer.status_code < 500, told(answer)
        assert "root:" not in answer.text
        assert "class ServeSettings" not in answer.text
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(("method", "place"), ROUTES)
def test_a_body_that_is_none_is_refused(admin, method, place):
    for body in BODIES:
        for kind in ("application/json", "text/xml", ""):
            answer = admin.request(method, place, content=body, headers={"Content-Type": kind})
            assert 400 <= answer.status_code < 500, (told(answer), body[:20], kind)


@pytest.mark.both_databases
@pytest.mark.parametrize(("method", "place"), ROUTES)
def test_a_text_that_no_database_or_page_should_hold_is_no_fault(admin, method, place):
    for field in FIELDS[place]:
        for text in TEXTS:
            body = json.dumps({name: GOOD[name] for name in FIELDS[place]} | {field: text})
            answer = admin.request(
                method, place, content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code < 500, (told(answer), field, text[:20])


@pytest.mark.parametrize(
    "place",
    ["http://169.254.169.254/latest", "/vsicurl/http://10.0.0.1/x.gpkg", "file:///etc/passwd"],
)
def test_a_network_is_a_file_that_was_sent_in_never_an_address(admin, place):
    for body in ({"file_sha256": place}, {"file_sha256": "0" * 64, "url": place}):
        answer = admin.post("/api/networks", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("a" * 251 + ".mp4", 201),
        ("ü" * 125 + "x.mp4", 201),
        ("a" * 252 + ".mp4", 400),
        ("ü" * 126 + ".mp4", 400),
        ("../drive.mp4", 400),
        ("a/b.mp4", 400),
        ("a\\b.mp4", 400),
        ("..", 400),
        ("dri\x00ve.mp4", 400),
        ("dri\nve.mp4", 400),
        ("\u202e4pm.evird", 400),
    ],
)
def test_a_file_has_a_name_of_255_bytes_that_is_no_path(admin, settings, name, status):
    headers = TUS | {"Upload-Length": "5", "Upload-Metadata": write_metadata({"filename": name})}
    before = {path.name for path in settings.data.parent.iterdir()}
    assert admin.post("/uploads", headers=headers).status_code == status
    assert {path.name for path in settings.data.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("page.html", b"<script>alert(1)</script>"),
        ("track.gpx", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><gpx>&a;</gpx>'),
    ],
)
def test_what_was_sent_in_is_never_handed_out_as_a_page(admin, name, content):
    kind = {"Content-Type": "application/offset+octet-stream"}
    about = {
        "Upload-Length": str(len(content)),
        "Upload-Metadata": write_metadata({"filename": name}),
    }
    made = admin.post("/uploads", headers=TUS | kind | about, content=content)
    assert made.status_code == 201
    sha256 = made.headers["Roadscan-File"]
    for place in (f"/api/files/{sha256}", "/api/files", made.headers["Location"]):
        answer = admin.get(place, headers=TUS)
        assert content not in answer.content
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "html" not in answer.headers.get("Content-Type", "")
        assert "svg" not in answer.headers.get("Content-Type", "")


@pytest.mark.parametrize(
    "header", ["Accept", "Accept-Language", "If-None-Match", "Cookie", "Range"]
)
def test_a_header_of_nonsense_is_no_fault(client, header):
    for value in ("a" * 60_000, ",;=" * 5000, "*/*;q=" + "9" * 400, "\xff\xfe", "bytes=0-,0-,0-"):
        for place in ("/", "/ogc", "/api/me", "/static/app.css"):
            answer = client.get(place, headers={header: value.encode("latin-1")})
            assert answer.status_code < 500, (told(answer), header, value[:20])


UNSTORABLE = {"a NUL": "a%00b", "half a pair": "a%ED%A0%80b"}
OTHER_LAYERS = ("/collections/damages", "/collections/drives", "/collections/cells")
"""Answered by the code that answers for the segments."""
SMALL_BODIES = {"/api/accounts/{account_id}": {"role": "viewer", "active": True}}


def addresses(api, prefix, text):
    """Yield each method and address of a description with a text wherever it takes one."""
    for path, operations in api["paths"].items():
        for method, operation in operations.items() if not path.startswith(OTHER_LAYERS) else ():
            takes = [_resolved(api, one) for one in operation.get("parameters", ())]
            named = re.sub(r"\{[^}]*\}", text if method != "options" else "x", prefix + path)
            asked = [one["name"] for one in takes if one["in"] == "query"]
            needed = {one["name"] for one in takes if one["in"] == "query" and one.get("required")}
            if not asked or "{" in path:
                yield method, path, named
            for name in asked:
                query = dict.fromkeys(needed, "x") | {name: text}
                yield method, path, f"{named}?" + "&".join(f"{k}={v}" for k, v in query.items())


def _resolved(api, parameter):
    name = parameter.get("$ref", "").rpartition("/")[2]
    return api["components"]["parameters"][name] if name else parameter


@pytest.mark.both_databases
@pytest.mark.parametrize("name", UNSTORABLE)
def test_a_text_that_no_database_takes_is_no_fault_in_any_address(admin, name):
    own, layers = admin.get("/api/openapi.json").json(), admin.get("/ogc/api").json()
    asked = 0
    for api, prefix in ((own, ""), (layers, "/ogc")):
        for method, path, address in addresses(api, prefix, UNSTORABLE[name]):
            body = SMALL_BODIES.get(path, {}) if method in {"put", "post"} else None
            answer = admin.request(method, address, headers=TUS, json=body)
            assert answer.status_code < 500, told(answer)
            asked += 1
    assert asked > 120
