import json
import math

import mapbox_vector_tile
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from roadscan.serve.ogc.mvt import BUFFER, EXTENT, encode_tile, tile_bounds_deg
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.ogc.tiles import MAX_ZOOM, MIN_ZOOM, MVT
from tests.serve.ogc.conftest import OLD
from tests.store.sample_town import SOUTH, WEST

TILES = "/ogc/collections/segments/tiles/WebMercatorQuad"


def tile_of(lon, lat, z):
    """Row and column of the tile that holds a place."""
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return int(y), int(x)


def decoded(content):
    return mapbox_vector_tile.decode(content, default_options={"y_coord_down": True})


def to_degrees(coordinates, z, y, x):
    west, north = x / 2**z, y / 2**z
    return [
        (
            (west + across / EXTENT / 2**z) * 360 - 180,
            math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (north + down / EXTENT / 2**z))))),
        )
        for across, down in coordinates
    ]


@pytest.mark.both_databases
@pytest.mark.parametrize("z", [9, 12, 15, 22])
def test_req_tiles_core_tc_success_features_are_where_they_belong(client, z):
    y, x = tile_of(WEST, SOUTH, z)
    answer = client.get(f"{TILES}/{z}/{y}/{x}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MVT
    features = decoded(answer.content)["segments"]["features"]
    first = next(one for one in features if one["properties"]["segment_id"] == "L0:f:0")
    assert first["properties"]["condition_class"] == 1
    assert first["properties"]["score"] == 1.0
    ends = to_degrees(first["geometry"]["coordinates"], z, y, x)
    assert ends[0] == pytest.approx((WEST, SOUTH), abs=360 / 2**z / EXTENT)


@pytest.mark.both_databases
def test_the_tiles_of_a_zoom_hold_every_segment(client, get):
    z, found = 12, set()
    rows = {tile_of(WEST, SOUTH, z)[0], tile_of(WEST, SOUTH + 0.003, z)[0]}
    columns = range(tile_of(WEST, SOUTH, z)[1], tile_of(WEST + 0.1, SOUTH, z)[1] + 1)
    for y in rows:
        for x in columns:
            answer = client.get(f"{TILES}/{z}/{y}/{x}")
            if answer.status_code == 200:
                seen = decoded(answer.content)["segments"]["features"]
                found |= {one["properties"]["segment_id"] for one in seen}
    page = get("/collections/segments/items", limit=10_000)
    assert found == {feature["id"] for feature in page["features"]}


def test_gdal_reads_a_tile(client, tmp_path):
    y, x = tile_of(WEST, SOUTH, 12)
    path = tmp_path / "tile.mvt"
    path.write_bytes(client.get(f"{TILES}/12/{y}/{x}").content)
    layer = pyogrio.read_dataframe(path, layer="segments", X=x, Y=y, Z=12)
    assert len(layer) > 50
    assert layer.crs.to_epsg() == 3857
    lonlat = layer.to_crs("EPSG:4326").total_bounds
    assert lonlat[:2] == pytest.approx([WEST, SOUTH], abs=1e-4)


@pytest.mark.both_databases
def test_areas_are_areas_in_the_right_turn(client):
    y, x = tile_of(WEST, SOUTH, 18)
    found = client.get(f"/ogc/collections/cells/tiles/WebMercatorQuad/18/{y}/{x}")
    features = decoded(found.content)["cells"]["features"]
    assert features
    for feature in features:
        assert feature["geometry"]["type"] == "Polygon"
        # y grows downwards: what turns left in numbers turns right on the screen, as it must
        assert shapely.is_ccw(shapely.LinearRing(feature["geometry"]["coordinates"][0]))
        assert isinstance(feature["properties"]["riss"], bool)


@pytest.mark.both_databases
def test_req_tiles_core_tc_empty_tile(client):
    y, x = tile_of(WEST + 5, SOUTH, 12)
    assert client.get(f"{TILES}/12/{y}/{x}").status_code == 204


@pytest.mark.parametrize(
    "place",
    ["8/1/1", f"{MAX_ZOOM + 1}/1/1", "12/4096/1", "12/1/4096", "12/-1/1", "a/1/1", "12/1/1.5"],
)
def test_req_tiles_core_tc_error_what_is_no_tile_is_not_there(client, place):
    answer = client.get(f"{TILES}/{place}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "feature_unknown"


@pytest.mark.parametrize(
    ("query", "status"), [("unknown=1", 400), ("f=png", 400), ("survey=none", 404)]
)
def test_unknown_and_wrong_parameters_of_a_tile_are_refused(client, query, status):
    y, x = tile_of(WEST, SOUTH, 12)
    assert client.get(f"{TILES}/12/{y}/{x}?{query}").status_code == status


@pytest.mark.both_databases
def test_a_tile_is_that_of_the_survey_asked_for_and_is_not_sent_twice(client):
    url = f"{TILES}/12/{'/'.join(map(str, tile_of(WEST, SOUTH, 12)))}"
    newest, old = client.get(url), client.get(url, params={"survey": OLD})
    assert len(decoded(old.content)["segments"]["features"]) == 5
    assert client.get(url).content == newest.content != old.content
    again = client.get(url, headers={"If-None-Match": newest.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_tilesets_say_where_the_tiles_are(client):
    for name in COLLECTIONS:
        url = f"/ogc/collections/{name}/tiles"
        listed = client.get(url).json()["tilesets"][0]
        assert listed["dataType"] == "vector"
        tileset = client.get(listed["links"][0]["href"]).json()
        template = next(one for one in tileset["links"] if one["rel"] == "item")
        z = max(14, MIN_ZOOM[name])
        y, x = tile_of(WEST, SOUTH, z)
        filled = template["href"].format(tileMatrix=z, tileRow=y, tileCol=x)
        assert client.get(filled).status_code == 200
        assert client.get(f"{url}?f=html").status_code == 400


def test_a_tile_ends_a_little_beyond_its_edge():
    line = shapely.LineString([(-180, 0), (180, 0)])
    tile = encode_tile("x", ["a"], [shapely.to_wkb(line)], [[1]], (3, 4, 4))
    xs = [x for x, _ in decoded(tile)["x"]["features"][0]["geometry"]["coordinates"]]
    assert (min(xs), max(xs)) == (-BUFFER, EXTENT + BUFFER)
    west, south, east, north = tile_bounds_deg(3, 4, 4)
    assert (west, north) == pytest.approx((-45 * BUFFER / EXTENT, 0.703), abs=0.001)
    assert east > 45
    assert south < -40


def test_several_parts_of_a_feature_stay_one_feature():
    shape = shapely.MultiLineString([[(1, 1), (2, 2)], [(3, 3), (4, 4)]])
    tile = encode_tile("x", ["a", "b"], [shapely.to_wkb(shape)], [["v", None]], (0, 0, 0))
    (feature,) = decoded(tile)["x"]["features"]
    assert feature["geometry"]["type"] == "MultiLineString"
    assert feature["properties"] == {"a": "v"}
    assert json.dumps(feature["geometry"]["coordinates"]).count("[") == 7


def test_what_is_smaller_than_a_unit_is_left_out():
    dot = shapely.LineString([(1, 1), (1 + 1e-9, 1)])
    assert encode_tile("x", ["a"], [shapely.to_wkb(dot)], [[1]], (0, 0, 0)) == b""


@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.text(max_size=200),
            st.none() | st.integers(-(2**40), 2**40),
            st.none() | st.floats(allow_nan=False),
            st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=300,
    )
)
def test_values_come_back_as_they_were(rows):
    line = shapely.to_wkb(shapely.LineString([(1, 1), (2, 2)]))
    tile = encode_tile("x", ["a", "b", "c", "d"], [line] * len(rows), rows, (0, 0, 0))
    features = decoded(tile)["x"]["features"]
    for row, feature in zip(rows, features, strict=True):
        known = {name: value for name, value in zip("abcd", row, strict=True) if value is not None}
        assert feature["properties"] == known
        assert {type(value) for value in known.values()} == {
            type(value) for value in feature["properties"].values()
        }
