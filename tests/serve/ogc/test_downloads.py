import csv
import io
import json
import sqlite3

import pyogrio
import pytest
import shapely

from roadscan.model.layers import LAYERS
from roadscan.serve.ogc.crs import CRS84
from roadscan.serve.ogc.downloads import WRITERS, Content
from roadscan.serve.ogc.negotiation import FILES
from roadscan.store.layers.selection import Layer, Source
from tests.serve.ogc.conftest import CELLS, DAMAGES, OLD, SEGMENTS, utm_bounds

UTM = "http://www.opengis.net/def/crs/EPSG/0/25833"


@pytest.fixture
def file(client, tmp_path):
    """Download a layer and return where it lies."""

    def ask(collection, f, **query):
        answer = client.get(f"/ogc/collections/{collection}/items", params={"f": f, **query})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == FILES[f]
        assert answer.headers["content-disposition"] == f'attachment; filename="{collection}.{f}"'
        path = tmp_path / f"{collection}.{f}"
        path.write_bytes(answer.content)
        return path

    return ask


def features(client, collection):
    return client.get(f"/ogc/collections/{collection}/items?limit=10000").json()["features"]


@pytest.mark.both_databases
@pytest.mark.parametrize("f", ["gpkg", "fgb"])
@pytest.mark.parametrize(
    ("collection", "count"), [("segments", SEGMENTS), ("damages", DAMAGES), ("cells", CELLS)]
)
def test_a_file_holds_the_whole_layer_with_its_types(file, client, collection, count, f):
    layer = pyogrio.read_dataframe(file(collection, f), layer=collection)
    assert len(layer) == count
    assert layer.crs.to_epsg() == 4326
    assert set(layer.geom_type) == {LAYERS[collection].geometry_type}
    assert list(layer.columns) == [*(field.name for field in LAYERS[collection].fields), "geometry"]
    by_id = layer.set_index(layer.columns[0])
    for feature in features(client, collection)[:7]:
        own = by_id.loc[feature["id"]]
        line = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shapely.equals_exact(own.geometry, line, tolerance=1e-7)


@pytest.mark.parametrize("f", ["gpkg", "fgb"])
def test_a_file_is_in_the_crs_that_was_asked_for(file, f):
    layer = pyogrio.read_dataframe(file("segments", f, crs=UTM), layer="segments")
    assert layer.crs.to_epsg() == 25833
    assert list(layer.total_bounds) == pytest.approx(utm_bounds(), abs=0.002)


def test_a_geopackage_carries_the_style_and_what_its_fields_mean(file):
    db = sqlite3.connect(file("segments", "gpkg"))
    style = db.execute("SELECT f_table_name, useAsDefault, styleQML FROM layer_styles").fetchone()
    meaning = db.execute(
        "SELECT description FROM gpkg_data_columns WHERE column_name = 'score'"
    ).fetchone()
    db.close()
    assert style[:2] == ("segments", 1)
    assert "<qgis" in style[2]
    assert meaning[0].startswith("1 best to 5 worst")


@pytest.mark.parametrize("f", ["gpkg", "fgb", "csv"])
@pytest.mark.parametrize(
    "query",
    [{"street": "Street 3"}, {"bbox": "12,51,12.003,51.001"}, {"survey": OLD}, {"limit": 3}],
)
def test_a_file_holds_what_was_asked_for(file, client, f, query):
    asked = {"limit": 10_000, **query}
    page = client.get("/ogc/collections/segments/items", params=asked).json()
    path = file("segments", f, **query)
    if f == "csv":
        table = io.StringIO(path.read_text("utf-8"))
        found = [row["segment_id"] for row in csv.DictReader(table)]
    else:
        found = sorted(pyogrio.read_dataframe(path, layer="segments")["segment_id"])
    expected = [feature["id"] for feature in page["features"]]
    assert found == (expected if f == "csv" else sorted(expected))


@pytest.mark.parametrize("f", list(FILES))
def test_a_file_of_nothing_is_an_empty_layer(file, f):
    path = file("segments", f, street="nowhere")
    if f == "csv":
        assert len(path.read_text("utf-8").splitlines()) == 1
    else:
        empty = pyogrio.read_dataframe(path, layer="segments")
        assert len(empty) == 0
        assert "segment_id" in empty.columns


def test_a_table_has_the_geometry_as_text(file):
    with file("segments", "csv", crs=UTM).open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == SEGMENTS
    assert rows[0]["score"] == "1.0"
    assert rows[4]["score"] == ""
    assert rows[0]["assessed_at"] == "2026-06-10T08:00:00.5Z"
    lines = shapely.from_wkt([row["geometry_wkt"] for row in rows])
    assert list(shapely.total_bounds(lines)) == pytest.approx(utm_bounds(), abs=0.002)


def test_a_table_holds_no_formula(tmp_path):
    values = ["=HYPERLINK(1)", "+1", "-1", "@x", "plain", -1.5, None]
    names = len(LAYERS["segments"].fields) - len(values)
    row = (shapely.to_wkb(shapely.Point(1, 2)), *values, *[None] * names)
    layer = Layer("segments", 1, Source("a", "b", "c", 25833, 0.0), 1, "v", None, None, 1)
    WRITERS["csv"](tmp_path / "x.csv", Content(layer, iter([row]), CRS84, dict))
    table = list(csv.reader(io.StringIO((tmp_path / "x.csv").read_text("utf-8"))))
    assert table[1][:7] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@x", "plain", "-1.5", ""]


def test_a_file_that_is_known_is_not_made_again(client):
    url = "/ogc/collections/segments/items?f=gpkg"
    tag = client.get(url).headers["etag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_no_temporary_file_stays(client, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for f in FILES:
        client.get(f"/ogc/collections/segments/items?f={f}")
    monkeypatch.setattr("roadscan.serve.ogc.downloads.MAX_AT_ONCE", 10)
    refused = client.get("/ogc/collections/segments/items?f=fgb")
    assert refused.status_code == 400
    assert "gpkg" in refused.json()["hint"]
    assert list(tmp_path.iterdir()) == []
