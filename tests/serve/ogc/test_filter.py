"""The requirements of OGC API - Features - Part 3 (OGC 19-079) and CQL2 (21-065), by their ids."""

import time
from contextlib import nullcontext, suppress

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from roadscan.errors import RoadscanError
from roadscan.serve.ogc.cql2 import MAX_DEPTH, MAX_LENGTH, parse_filter
from roadscan.serve.ogc.crs import BY_URI, CRS84, from_crs84
from roadscan.serve.ogc.queryables import kinds_of
from roadscan.store.layers.feature_tables import own_columns
from tests.serve.ogc.conftest import SEGMENTS
from tests.store.sample_town import SOUTH, STEP_DEG, WEST, segments

KINDS = kinds_of("segments")
ITEMS = "/collections/segments/items"
UTM = "http://www.opengis.net/def/crs/EPSG/0/25833"


def scored(k):
    return k % 5 < 4


def test_req_queryables_get_queryables_op_and_response(client):
    answer = client.get("/ogc/collections/segments/queryables")
    assert answer.headers["content-type"] == "application/schema+json"
    document = answer.json()
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == "http://testserver/ogc/collections/segments/queryables"
    assert document["type"] == "object"
    assert document["additionalProperties"] is False
    names = [column.name for column in own_columns("segments")]
    assert list(document["properties"]) == [*names, "geometry"]
    assert document["properties"]["score"]["type"] == "number"
    assert document["properties"]["assessed_at"]["format"] == "date-time"
    assert document["properties"]["geometry"]["format"] == "geometry-linestring"


def test_req_queryables_queryables_link(client, get):
    rel = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
    for one in get("/collections")["collections"]:
        link = next(link for link in one["links"] if link["rel"] == rel)
        assert client.get(link["href"]).headers["content-type"] == link["type"]


@pytest.mark.both_databases
def test_req_queryables_query_parameters_every_queryable_is_a_parameter(ids):
    first = next(segments(1))
    for column, value in zip(own_columns("segments"), first.values.values(), strict=True):
        if value is not None:
            assert "L0:f:0" in ids("segments", **{f"{column.name}_": value})


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("condition_class = 2", lambda k: scored(k) and k % 4 == 1),
        ("condition_class <> 2", lambda k: scored(k) and k % 4 != 1),
        ("score < 2", lambda k: k % 5 == 0),
        ("score <= 2", lambda k: k % 5 in {0, 1}),
        ("score > 2", lambda k: k % 5 in {2, 3}),
        ("score >= 2.0e0", lambda k: k % 5 in {1, 2, 3}),
        ("score > -1", scored),
        ("condition_class > 2.5", lambda k: scored(k) and k % 4 > 1),
        ("score = 2 OR score = 3 AND street = 'Street 1'",
         lambda k: k % 5 == 1 or (k % 5 == 2 and k % 7 == 1)),
        ("(score = 2 OR score = 3) AND street = 'Street 1'",
         lambda k: k % 5 in {1, 2} and k % 7 == 1),
        ("not score = 2 and street='Street 1'", lambda k: scored(k) and k % 5 != 1 and k % 7 == 1),
        ("NOT (NOT (score = 2))", lambda k: k % 5 == 1),
        ("NOT (score = 2 OR score = 3)", lambda k: k % 5 in {0, 3}),
        ("TRUE", lambda _: True),
        ("FALSE", lambda _: False),
        ("\"street\" = 'Street 1'", lambda k: k % 7 == 1),
        ("assessed_at < TIMESTAMP('2026-06-10T08:00:03Z')", lambda k: k < 3),
        ("assessed_at = '2026-06-10T10:00:02.5+02:00'", lambda k: k == 2),
        ("assessed_at >= DATE('2026-06-11')", lambda _: False),
    ],
)  # fmt: skip
def test_req_basic_cql2_cql2_filter_and_binary_comparison_predicate(ids, text, expected):
    assert ids("segments", filter=text) == [f"L{k}:f:0" for k in range(SEGMENTS) if expected(k)]


@pytest.mark.both_databases
def test_req_basic_cql2_null_predicate(ids):
    none = [f"L{k}:f:0" for k in range(SEGMENTS) if not scored(k)]
    assert ids("segments", filter="score IS NULL") == none
    assert ids("segments", filter="NOT (score IS NOT NULL)") == none


def test_req_basic_cql2_property_must_be_a_queryable(get):
    answer = get(ITEMS, 400, filter="geojson = 'x'")
    assert "unknown queryable 'geojson'" in answer["title"]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("street LIKE 'Street%'", lambda _: True),
        ("street LIKE '%3'", lambda k: k % 7 == 3),
        ("street LIKE '_treet 3'", lambda k: k % 7 == 3),
        ("street LIKE 'street 3'", lambda _: False),
        ("street NOT LIKE '%3'", lambda k: k % 7 != 3),
        ("score BETWEEN 2 AND 3", lambda k: k % 5 in {1, 2}),
        ("score NOT BETWEEN 2 AND 3", lambda k: k % 5 in {0, 3}),
        ("score IN (1, 3)", lambda k: k % 5 in {0, 2}),
        ("street NOT IN ('Street 1','Street 2')", lambda k: k % 7 not in {1, 2}),
    ],
)
def test_req_advanced_comparison_operators(ids, text, expected):
    assert ids("segments", filter=text) == [f"L{k}:f:0" for k in range(SEGMENTS) if expected(k)]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "area",
    [
        shapely.Point(WEST, SOUTH),
        shapely.box(WEST, SOUTH, WEST + STEP_DEG * 3, SOUTH + STEP_DEG),
    ],
)
def test_req_basic_spatial_functions_s_intersects(ids, area):
    expected = [
        one.feature_id
        for one in segments(SEGMENTS)
        if shapely.from_wkb(one.geometry_wkb).intersects(area)
    ]
    assert ids("segments", filter=f"S_INTERSECTS(geometry, {area.wkt})") == expected
    west, south, east, north = area.bounds
    assert ids(
        "segments", filter=f"S_INTERSECTS(geometry, BBOX({west},{south},{east},{north}))"
    ) == (expected)
    elsewhere = ids("segments", filter=f"NOT S_INTERSECTS(geometry, {area.wkt})")
    assert len(elsewhere) == SEGMENTS - len(expected)


def test_req_filter_filter_crs_param(ids):
    box = "BBOX(12.0022, 51.0001, 12.005, 51.0004)"
    in_degrees = ids("segments", filter=f"S_INTERSECTS(geometry, {box})")
    area = from_crs84(shapely.box(12.0022, 51.0001, 12.005, 51.0004), BY_URI[UTM])
    text = f"S_INTERSECTS(geometry, {shapely.to_wkt(area, rounding_precision=6)})"
    assert ids("segments", filter=text, filter__crs=UTM) == in_degrees != []
    assert ids("segments", filter=text) == []


def test_req_filter_filter_lang_param(ids, get):
    assert ids("segments", filter="score = 2", filter__lang="cql2-text")
    get(ITEMS, 400, filter="{}", filter_lang="cql2-json")


@pytest.mark.both_databases
def test_req_filter_mixing_expressions_all_of_them_hold(ids):
    assert ids(
        "segments", filter="score = 2 OR score = 3", street="Street 1", bbox="12,51,12.0205,51.0004"
    ) == ["L1:f:0"]


@pytest.mark.both_databases
def test_req_filter_response_goes_on_over_pages(ids):
    assert len(ids("segments", filter="score = 2", limit=7)) == SEGMENTS / 5


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'O''Neil'", "O'Neil"),
        (r"'O\'Neil'", "O'Neil"),
        ("''", ""),
        ("'a \" b'", 'a " b'),
        ("'ä 道 \U0001f6e3'", "ä 道 \U0001f6e3"),
        ("'x'' OR ''1''=''1'", "x' OR '1'='1"),
    ],
)
def test_req_cql2_text_escaping(written, meant):
    assert parse_filter(f"street = {written}", KINDS, CRS84).value == meant


@pytest.mark.parametrize(
    "text",
    [
        "score",
        "score =",
        "score = 'high'",
        "street = 3",
        "score LIKE '1%'",
        "street = TRUE",
        "assessed_at = 'soon'",
        "street = DATE('2026-06-10')",
        "score = NULL",
        "score = score",
        "3 < score",
        "score + 1 = 2",
        "casei(street) = 'x'",
        "score = 1; DROP TABLE editions",
        "score = 1 --",
        "score = 1 /* */",
        "street = 'a' 'b'",
        "street = 'open",
        '"street = 1',
        "(score = 1",
        "score = 1)",
        "score = 1e999",
        "S_INTERSECTS(geometry, POLYGON((1 1)))",
        "S_INTERSECTS(geometry, POINT(1))",
        "S_INTERSECTS(geometry, BBOX(1,2,3))",
        "S_INTERSECTS(street, POINT(1 2))",
        "S_WITHIN(geometry, POINT(1 2))",
        "geometry = 1",
        "score = 1\0",
        "street = '\0'",
        "street LIKE '\0'",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_what_is_no_filter_is_told_with_its_code(text):
    with pytest.raises(RoadscanError) as told:
        parse_filter(text, KINDS, CRS84)
    assert told.value.code == "query_invalid"


def nested(depth):
    return "(" * depth + "score = 1" + ")" * depth


def test_parentheses_may_be_so_deep_and_no_deeper(ids, get):
    assert len(ids("segments", filter=nested(MAX_DEPTH))) == SEGMENTS / 5
    assert "20 deep" in get(ITEMS, 400, filter=nested(MAX_DEPTH + 1))["title"]
    get(ITEMS, 400, filter="NOT (" * 22 + "score = 1" + ")" * 22)
    assert ids("segments", filter=f"street = '{'(' * 30}'") == []


def test_hostile_filters_are_refused_without_work(client: TestClient):
    """22 parentheses within 50 ms; counted in time of the processor, which others do not take."""
    hostile = (nested(22), "(" * 1900, "NOT " * 450, "score=1 OR " * 185, "'" * 1999)
    for text in ("score = 1", *hostile):
        begin = time.thread_time()
        with pytest.raises(RoadscanError) if text in hostile else nullcontext():
            parse_filter(text, KINDS, CRS84)
        spent_s = time.thread_time() - begin
        assert text not in hostile or spent_s < 0.05
    assert client.get(f"/ogc{ITEMS}", params={"filter": nested(22)}).status_code == 400


@pytest.mark.both_databases
def test_a_filter_of_the_greatest_length_is_answered(ids, get):
    text = " OR ".join(["score=1"] * 181)
    assert MAX_LENGTH - 20 < len(text) <= MAX_LENGTH
    assert len(ids("segments", filter=text)) == SEGMENTS / 5
    get(ITEMS, 400, filter=text + " OR score=1 OR score=1")


@settings(max_examples=150)
@given(
    st.text(alphabet=st.sampled_from("scoretANDOR NOT()='\",.0123456789<>%_-;\\\n"), max_size=60)
)
def test_any_text_is_a_filter_or_is_told(text):
    with suppress(RoadscanError):
        parse_filter(text, KINDS, CRS84)
