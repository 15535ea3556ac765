"""The requirements of OGC API - Features - Part 2: CRS by Reference (OGC 18-058), by their ids."""

import pyproj
import pytest
import shapely

from roadscan.serve.ogc.crs import ALL, BY_URI, CRS84, box_to_crs84, from_crs84, to_crs84
from roadscan.serve.ogc.texts import COLLECTIONS
from tests.serve.ogc.conftest import SEGMENTS
from tests.store.sample_town import SOUTH, STEP_DEG, WEST, segments

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
URIS = [crs.uri for crs in ALL]
ITEMS = "/collections/segments/items"


def moved(lon, lat, uri):
    """The same place by pyproj alone, in the order of axes of the authority."""
    transformer = pyproj.Transformer.from_crs("OGC:CRS84", pyproj.CRS(BY_URI[uri].authority))
    return transformer.transform(lon, lat)


def test_req_crs_crs_uri_every_crs_is_one_of_the_authority():
    assert [crs.authority for crs in ALL] == ["OGC:CRS84", "EPSG:25832", "EPSG:25833", "EPSG:3857"]
    for crs in ALL:
        assert pyproj.CRS(crs.authority).to_authority() is not None


def test_the_axes_are_in_the_order_of_the_authority():
    for crs in ALL:
        first, second = pyproj.CRS(crs.authority).axis_info[:2]
        assert (first.direction, second.direction) == ("east", "north")


def test_req_crs_fc_md_crs_list_and_storage_crs(get):
    for name in COLLECTIONS:
        document = get(f"/collections/{name}")
        assert document["crs"] == URIS
        assert document["storageCrs"] in document["crs"]


@pytest.mark.parametrize("uri", URIS)
def test_req_crs_fc_crs_action_and_ogc_crs_header(client, uri):
    for path in (ITEMS, f"{ITEMS}/L0:f:0"):
        answer = client.get(f"/ogc{path}", params={"crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        found = answer.json()
        feature = found["features"][0] if "features" in found else found
        expected = moved(WEST, SOUTH, uri)
        tolerance = 1e-7 if uri == CRS84.uri else 1e-3
        assert feature["geometry"]["coordinates"][0] == pytest.approx(expected, abs=tolerance)
        assert feature["properties"]["street"] == "Street 0"


def test_req_crs_fc_crs_default_value_is_crs84(client):
    answer = client.get(f"/ogc{ITEMS}")
    assert answer.headers["content-crs"] == f"<{CRS84.uri}>"
    named = client.get(f"/ogc{ITEMS}", params={"crs": CRS84.uri}).json()
    assert answer.json()["features"] == named["features"]


@pytest.mark.parametrize("name", ["crs", "bbox-crs", "filter-crs"])
@pytest.mark.parametrize("value", [f"{EPSG}4326", f"{EPSG}25833 ", "EPSG:25833", "", "x" * 5000])
def test_req_crs_fc_crs_valid_value_and_bbox_crs_exception(client, name, value):
    answer = client.get(f"/ogc{ITEMS}", params={name: value})
    assert answer.status_code == 400
    assert name in answer.json()["title"]


@pytest.mark.both_databases
@pytest.mark.parametrize("uri", URIS)
def test_req_crs_fc_bbox_crs_action(ids, uri):
    corners = (WEST + STEP_DEG * 2.2, SOUTH + STEP_DEG * 0.1, WEST + STEP_DEG * 5, SOUTH + 0.0004)
    box = [*moved(*corners[:2], uri), *moved(*corners[2:], uri)]
    area = box_to_crs84(box, BY_URI[uri])
    expected = [
        one.feature_id
        for one in segments(SEGMENTS)
        if shapely.from_wkb(one.geometry_wkb).intersects(area)
    ]
    assert ids("segments", bbox=",".join(map(str, box)), bbox__crs=uri) == expected
    assert expected == ["L2:f:0", "L3:f:0", "L4:f:0"]


def test_req_crs_fc_bbox_crs_default_value_is_crs84(ids):
    box = "12.0022,51.0001,12.005,51.0004"
    assert ids("segments", bbox=box) == ids("segments", bbox=box, bbox__crs=CRS84.uri)


@pytest.mark.both_databases
def test_a_box_outside_of_a_crs_holds_nothing(ids):
    for box in ("1e7,1e7,2e7,2e7", "-9e9,-9e9,-8e9,-8e9"):
        assert ids("segments", bbox=box, bbox__crs=f"{EPSG}25833") == []


@pytest.mark.both_databases
def test_a_box_larger_than_a_crs_holds_everything(ids):
    for uri in URIS[1:]:
        assert len(ids("segments", bbox="-1e9,-1e9,1e9,1e9", bbox__crs=uri)) == SEGMENTS


def test_a_box_of_a_projected_crs_does_not_go_around_the_world(client):
    query = {"bbox": "2,1,1,2", "bbox-crs": f"{EPSG}3857"}
    assert client.get(f"/ogc{ITEMS}", params=query).status_code == 400


def test_there_and_back_is_the_same_place():
    line = shapely.LineString([(12.3712345, 51.3312345), (12.38, 51.34)])
    for crs in ALL:
        back = to_crs84(from_crs84(line, crs), crs)
        assert shapely.hausdorff_distance(line, back) < 1e-9


def test_the_edge_of_a_box_follows_its_crs():
    """A box of 40 km in UTM is no box in degrees: its lower edge sags by metres."""
    crs = BY_URI[f"{EPSG}25833"]
    area = box_to_crs84([300_000, 5_650_000, 340_000, 5_690_000], crs)
    edge = to_crs84(shapely.Point(320_000, 5_650_000), crs)
    assert shapely.distance(shapely.boundary(area), edge) < 1e-6
    west, east = (to_crs84(shapely.Point(x, 5_650_000), crs) for x in (300_000, 340_000))
    chord = shapely.LineString([west, east])
    assert shapely.distance(chord, edge) > 1e-5
