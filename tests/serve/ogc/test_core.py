"""The requirements of OGC API - Features - Part 1: Core (OGC 17-069), by their ids."""

import json
import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
import shapely
from geojson_pydantic import Feature, FeatureCollection

from roadscan.serve.ogc.documents import CONFORMANCE
from roadscan.serve.ogc.negotiation import FILES, GEOJSON, HTML, JSON, OPENAPI
from roadscan.serve.ogc.queryables import meanings_of
from roadscan.serve.ogc.texts import COLLECTIONS, TEXTS
from tests.serve.ogc.conftest import CELLS, DAMAGES, OLD, SEGMENTS
from tests.store.sample_town import SOUTH, STEP_DEG, WEST, segments

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ITEMS = "/collections/segments/items"
PATHS = (
    "",
    "/conformance",
    "/api",
    "/collections",
    "/collections/segments",
    "/collections/segments/queryables",
    ITEMS,
    f"{ITEMS}/L0:f:0",
)


def links(document, rel):
    return [link for link in document["links"] if link["rel"] == rel]


def followed(client, link):
    answer = client.get(link["href"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == link["type"].split(";")[0]
    return answer


def test_req_core_root_op_and_root_success(get, client):
    landing = get("")
    for rel in ("service-desc", "service-doc", "conformance", "data"):
        assert followed(client, links(landing, rel)[0])
    assert get("/") == get("")


def test_req_core_api_definition_op_and_success(client, get):
    link = links(get(""), "service-desc")[0]
    assert link["type"] == OPENAPI
    assert client.get(link["href"]).json()["openapi"].startswith("3.0.")


def test_req_core_conformance_op_and_success(get):
    assert get("/conformance")["conformsTo"] == list(CONFORMANCE)


def test_req_core_http_status_codes_mean_what_they_say(client):
    assert client.get("/ogc/nowhere").status_code == 404
    assert client.post(f"/ogc{ITEMS}").status_code == 405
    head = client.head(f"/ogc{ITEMS}")
    assert head.status_code == 200
    assert head.headers["etag"] == client.get(f"/ogc{ITEMS}").headers["etag"]


@pytest.mark.parametrize("path", PATHS)
def test_req_core_query_param_unknown(client, path):
    answer = client.get(f"/ogc{path}", params={"unknown": "1"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "query_invalid"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1&limit=2",
        "limit=1.5",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=1,2,3,x",
        "bbox=1,2,3,nan",
        "bbox=1,2,3,inf",
        "bbox=1,2,3,1_0",
        "bbox=1,5,3,4",
        "bbox=",
        "datetime=yesterday",
        "datetime=2026-06-10",
        "datetime=2026-06-10T08:00:00",
        "datetime=2026-06-31T08:00:00Z",
        "datetime=2026-06-11T00:00:00Z/2026-06-10T00:00:00Z",
        "datetime=../../..",
        "datetime=..",
        "datetime=",
        "f=xml",
        "lang=fr",
        "cursor=x",
        "cursor=cHg",
        "cursor=cDAx",
        "cursor=" + "A" * 400,
        "score=high",
        "condition_class=2.5",
        "condition_class=1e999",
        "assessed_at=noon",
        "scheme=none",
        "crs=EPSG:25833",
        "bbox-crs=EPSG:25833",
        "filter-crs=EPSG:25833",
        "filter-lang=cql2-json",
        "filter=",
    ],
)
def test_req_core_query_param_invalid(client, query):
    answer = client.get(f"/ogc{ITEMS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "query_invalid"
    assert answer.json()["hint"]


def test_req_core_crs84_is_what_coordinates_are_in_by_default(client):
    answer = client.get(f"/ogc{ITEMS}/L0:f:0")
    assert answer.json()["geometry"]["coordinates"][0] == [WEST, SOUTH]
    assert answer.headers["content-crs"] == f"<{CRS84}>"


def test_req_core_fc_md_op_and_success(get):
    document = get("/collections")
    assert [one["id"] for one in document["collections"]] == list(COLLECTIONS)


def test_req_core_fc_md_links(get, client):
    document = get("/collections")
    assert {link["type"] for rel in ("self", "alternate") for link in links(document, rel)} == {
        JSON,
        HTML,
    }
    assert followed(client, links(document, "alternate")[0])


def test_req_core_fc_md_items_links_one_for_each_encoding(get, client):
    for one in get("/collections")["collections"]:
        found = links(one, "items")
        assert {link["type"] for link in found} == {GEOJSON, HTML, *FILES.values()}
        for link in found:
            assert followed(client, link)


@pytest.mark.both_databases
def test_req_core_fc_md_extent_is_that_of_the_features(get):
    extent = get("/collections/segments")["extent"]
    assert extent["spatial"]["crs"] == CRS84
    assert extent["spatial"]["bbox"][0] == pytest.approx([12.0, 51.0, 12.0995, 51.0025])
    assert extent["temporal"]["interval"] == [["2026-06-10T08:00:00.5Z", "2026-06-10T08:03:48.5Z"]]


def test_req_core_sfc_md_op_and_success(get):
    for one in get("/collections")["collections"]:
        assert get(f"/collections/{one['id']}") == one
    get("/collections/none", 404)


@pytest.mark.both_databases
def test_req_core_fc_op_and_response(get, client):
    for name, count in (("segments", SEGMENTS), ("damages", DAMAGES), ("cells", CELLS)):
        assert get(f"/collections/{name}/items")["numberMatched"] == count
    answer = client.get(f"/ogc{ITEMS}")
    assert answer.headers["content-type"] == GEOJSON
    get("/collections/none/items", 404)


@pytest.mark.both_databases
@pytest.mark.parametrize("limit", [1, 7, 229, 230, 231, 10_000, 999_999_999])
def test_req_core_fc_limit_response_1_a_limit_is_kept_and_a_large_one_is_no_error(get, limit):
    page = get(ITEMS, limit=limit)
    assert len(page["features"]) == min(limit, SEGMENTS)


def test_req_core_fc_limit_definition(get):
    parameters = get("/api")["components"]["parameters"]
    assert parameters["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10_000,
        "default": 1000,
    }


BOXES = [
    (WEST, SOUTH, WEST + STEP_DEG * 3, SOUTH + STEP_DEG),
    (WEST + 0.0501, SOUTH + 0.0001, WEST + 0.0502, SOUTH + 0.0003),
    (WEST, SOUTH, WEST, SOUTH),
    (WEST, SOUTH, WEST + 1, SOUTH),
    (-180.0, -90.0, 180.0, 90.0),
    (0.0, 0.0, 1.0, 1.0),
    (170.0, 50.0, 13.0, 52.0),
    (13.0, 50.0, 12.05, 52.0),
]


@pytest.mark.both_databases
@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("limit", ["1000", "3"])
def test_req_core_fc_bbox_response_what_touches_the_box_and_nothing_else(ids, box, limit):
    west, south, east, north = box
    halves = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    areas = [shapely.box(w, south, e, north) for w, e in halves]
    if west == east:
        areas = [shapely.Point(west, south)]
    elif south == north:
        areas = [shapely.LineString([(west, south), (east, north)])]
    expected = [
        json.loads(one.geojson)["id"]
        for one in segments(SEGMENTS)
        if any(shapely.from_wkb(one.geometry_wkb).intersects(area) for area in areas)
    ]
    assert ids("segments", bbox=",".join(map(str, box)), limit=limit) == expected


@pytest.mark.both_databases
def test_req_core_fc_bbox_definition_takes_six_numbers_with_heights(ids):
    flat = ids("segments", bbox="12,51,12.003,51.001")
    assert ids("segments", bbox="12,51,-100,12.003,51.001,8000") == flat
    assert len(flat) == 8


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("2026-06-10T08:00:02.5Z", lambda k: k == 2),
        ("2026-06-10T10:00:02.5+02:00", lambda k: k == 2),
        ("2026-06-10t08:00:02.5z", lambda k: k == 2),
        ("2026-06-10T08:00:01Z/2026-06-10T08:00:03Z", lambda k: k in {1, 2}),
        ("../2026-06-10T08:00:03Z", lambda k: k < 3),
        ("/2026-06-10T08:00:03Z", lambda k: k < 3),
        ("2026-06-10T08:03:40Z/..", lambda k: k >= 220),
        ("2026-06-10T08:03:40Z/", lambda k: k >= 220),
        ("../..", lambda _: True),
        ("1999-01-01T00:00:00Z", lambda _: False),
    ],
)
def test_req_core_fc_time_response(ids, interval, expected):
    assert ids("segments", datetime=interval) == [
        f"L{k}:f:0" for k in range(SEGMENTS) if expected(k) or k % 5 == 4
    ]


@pytest.mark.both_databases
def test_req_core_fc_time_response_an_interval_meets_an_interval(ids):
    during = "2026-06-10T08:00:00.2Z/2026-06-10T08:00:00.3Z"
    assert len(ids("damages", datetime=during)) == DAMAGES
    assert ids("damages", datetime="2026-06-10T08:00:01Z/..") == []


def test_req_core_fc_links(get, client):
    page = get(ITEMS, limit=2, bbox="12,51,13,52")
    assert len(links(page, "self")) == 1
    assert {link["type"] for link in links(page, "alternate")} == {HTML, *FILES.values()}
    for rel in ("self", "next", "alternate", "collection"):
        for link in links(page, rel):
            assert followed(client, link)


@pytest.mark.both_databases
def test_req_core_fc_numberMatched_and_numberReturned_are_those_of_a_walk(ids):  # noqa: N802 -- the requirement's id
    assert len(ids("segments", limit="37")) == SEGMENTS
    assert len(ids("segments", limit="7", filter="condition_class = 2")) == 46


@pytest.mark.both_databases
def test_req_core_fc_timeStamp_is_left_out(get):  # noqa: N802 -- the requirement's id
    assert "timeStamp" not in get(ITEMS)


@pytest.mark.both_databases
def test_rec_core_fc_filters_a_property_as_a_parameter(ids):
    assert ids("segments", street="Street 3", limit="5") == [
        f"L{k}:f:0" for k in range(SEGMENTS) if k % 7 == 3
    ]
    assert ids("cells", riss="true", row="4") == ["L0:f:4:0"]
    assert ids("segments", assessed_at="2026-06-10T08:00:01.5Z") == ["L1:f:0"]
    assert ids("segments", street="x' OR '1'='1") == []


@pytest.mark.both_databases
def test_req_core_f_op_and_success(get):
    feature = get(f"{ITEMS}/L7:f:0")
    assert feature["id"] == "L7:f:0"
    assert feature["properties"]["street"] == "Street 0"
    get(f"{ITEMS}/none", 404)
    get(f"{ITEMS}/' OR 1=1 --", 404)
    get(f"{ITEMS}/%00", 404)


def test_req_core_f_links(get, client):
    feature = get(f"{ITEMS}/L7:f:0")
    for rel in ("self", "alternate", "collection"):
        assert followed(client, links(feature, rel)[0])


def test_rec_core_link_header_holds_the_links_of_a_page(client):
    answer = client.get(f"/ogc{ITEMS}?limit=2")
    for link in answer.json()["links"]:
        if link["rel"] in {"self", "next", "collection"}:
            assert f'<{link["href"]}>; rel="{link["rel"]}"' in answer.headers["link"]


def test_rec_core_etag_a_page_that_is_known_is_not_sent_again(client):
    first = client.get(f"/ogc{ITEMS}")
    for tag in (first.headers["etag"], f'W/{first.headers["etag"]}, "other"', "*"):
        again = client.get(f"/ogc{ITEMS}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = client.get(f"/ogc{ITEMS}?limit=3", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    plain = client.get(f"/ogc{ITEMS}", headers={"Accept-Encoding": "identity"})
    assert plain.headers["etag"] != first.headers["etag"]
    assert plain.json() == first.json()
    assert first.headers["content-encoding"] == "gzip"


def test_req_geojson_definition_and_content(client):
    page = client.get(f"/ogc{ITEMS}").content
    assert len(FeatureCollection.model_validate_json(page).features) == SEGMENTS
    for name in COLLECTIONS:
        FeatureCollection.model_validate_json(client.get(f"/ogc/collections/{name}/items").content)
    Feature.model_validate_json(client.get(f"/ogc{ITEMS}/L7:f:0").content)
    accepted = client.get(f"/ogc{ITEMS}", headers={"Accept": "application/geo+json"})
    assert accepted.headers["content-type"] == GEOJSON


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["de", "en"])
def test_req_html_definition_and_content(client, path, language):
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": language}
    answer = client.get(f"/ogc{path}", headers=accept)
    assert answer.headers["content-type"].startswith(HTML)
    assert f'<html lang="{language}">' in answer.text
    assert "<script" not in answer.text
    assert "built-in" not in answer.text
    asked = client.get(
        f"/ogc{path}?f=html&lang={language}", headers={"Accept-Language": "de, en;q=0.5"}
    )
    assert f'<html lang="{language}">' in asked.text


def test_html_pages_ask_nothing_of_other_hosts_and_lead_somewhere(client):
    page = client.get(f"/ogc{ITEMS}?f=html")
    for href in {part.split('"')[0] for part in page.text.split('href="')[1:]}:
        assert urlsplit(href).netloc in {"testserver", ""}
        if href == "data:," or urlsplit(href).path == "/notices":  # no icon; another router's
            continue
        assert client.get(urljoin(str(page.url), unescape(href))).status_code == 200


def test_html_shows_the_next_page_too(client):
    page = client.get(f"/ogc{ITEMS}?f=html")
    assert page.text.count("<tr>") == 51
    following = page.text.split('rel="next"')[1].split('href="')[1].split('"')[0]
    assert "L50:f:0" in client.get(unescape(following)).text


def test_req_oas30_oas_impl_every_path_answers(client, get):
    document = get("/api")
    for path in document["paths"]:
        filled = re.sub(r"\{\w+\}", "none", path)
        answer = client.get(f"/ogc{filled}")
        assert answer.status_code == (404 if filled != path else 200)


def test_req_oas30_completeness_every_parameter_is_taken(client, get):
    document = get("/api")
    operation = document["paths"][ITEMS]["get"]
    components = document["components"]["parameters"]
    named = {
        components[one["$ref"].split("/")[-1]]["name"] if "$ref" in one else one["name"]
        for one in operation["parameters"]
    }
    refused = client.get(f"/ogc{ITEMS}?unknown=1").json()["hint"]
    assert named == set(refused.removeprefix("Use only ").split(", "))


@pytest.mark.both_databases
def test_a_survey_is_chosen_by_its_name_and_the_newest_without(ids):
    assert len(ids("segments")) == SEGMENTS
    assert len(ids("segments", survey=OLD)) == 5
    assert len(ids("segments", survey=OLD, scheme="ap9k")) == 5


def test_every_word_is_there_in_both_languages():
    assert TEXTS["de"].keys() == TEXTS["en"].keys()
    assert all(one.keys() == {"de", "en"} for one in COLLECTIONS.values())
    for name in COLLECTIONS:
        assert list(meanings_of(name, "de")) == list(meanings_of(name, "en"))
