"""Networks made to break the reader, or to make it reach out: each ends in its code."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadscan.errors import RoadscanError
from roadscan.read.network import read_network

LINE = '{"type": "LineString", "coordinates": %s}'
FEATURE = '{"type": "Feature", "properties": {"name": "Weg"}, "geometry": %s}'
COLLECTION = '{"type": "FeatureCollection", "features": [%s]}'


def line(coordinates: str) -> str:
    return COLLECTION % (FEATURE % (LINE % coordinates))


GOOD = "[[13.7, 51.0], [13.71, 51.0]]"
POLYGON = '{"type": "Polygon", "coordinates": [[[13, 51], [14, 51], [14, 52], [13, 51]]]}'
LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{k} '{f'&a{k - 1};' * 10}'>" for k in range(1, 10))
    + "]><osm version='0.6'><node id='1' lat='51' lon='13'><tag k='name' v='&a9;'/></node></osm>"
)

BAD = {
    "nan.geojson": (line("[[13.7, NaN], [13.71, 51.0]]"), "network_malformed"),
    "infinity.geojson": (line("[[13.7, 51.0], [Infinity, 51.0]]"), "network_malformed"),
    "overflow.geojson": (line("[[13.7, 51.0], [1e999, 51.0]]"), "network_malformed"),
    "digits.geojson": (line(f"[[1{'0' * 400}, 51.0], [1, 51.0]]"), "network_malformed"),
    "strings.geojson": (line('[["13.7", "51.0"], ["13.71", "51.0"]]'), "network_malformed"),
    "truth.geojson": (line("[[true, 51.0], [13.71, false]]"), "network_malformed"),
    "nulls.geojson": (line("[[null, null], [13.71, 51.0]]"), "network_malformed"),
    "flat.geojson": (line("[13.7, 51.0, 13.71, 51.0]"), "network_malformed"),
    "short.geojson": (line("[[13.7], [13.71]]"), "network_malformed"),
    "text.geojson": (line('"LINESTRING (13 51, 14 51)"'), "network_malformed"),
    "number.geojson": (line("7"), "network_malformed"),
    "metres.geojson": (line("[[4.1e5, 5.65e6], [4.2e5, 5.65e6]]"), "network_no_crs"),
    "apart.geojson": (
        COLLECTION % ", ".join(FEATURE % (LINE % f"[[{x}, 0.0], [{x}, 0.01]]") for x in (13, -77)),
        "network_malformed",
    ),
    "empty.geojson": (COLLECTION % "", "network_no_lines"),
    "areas.geojson": (COLLECTION % (FEATURE % POLYGON), "network_no_lines"),
    "no_geometry.geojson": (COLLECTION % (FEATURE % "null"), "network_no_lines"),
    "unknown.geojson": (COLLECTION % (FEATURE % '{"type": "Circle"}'), "network_no_lines"),
    "no_length.geojson": (line("[[13.7, 51.0], [13.7, 51.0]]"), "network_no_lines"),
    "no_coordinates.geojson": (
        COLLECTION % (FEATURE % '{"type": "LineString"}'),
        "network_malformed",
    ),
    "geometry_text.geojson": (COLLECTION % (FEATURE % '"line"'), "network_malformed"),
    "features.geojson": ('{"type": "FeatureCollection", "features": {}}', "network_malformed"),
    "feature.geojson": (COLLECTION % '"x", 7, null', "network_malformed"),
    "topology.geojson": ('{"type": "Topology", "objects": {}}', "network_malformed"),
    "list.geojson": ("[]", "network_malformed"),
    "cut.geojson": (line(GOOD)[:-20], "network_malformed"),
    "deep.geojson": ('{"type":' * 200_000, "network_malformed"),
    "latin.geojson": (b'{"type": "Fe\xe4ture"}', "network_malformed"),
    "nul.geojson": (b"\x00" * 5000, "network_malformed"),
    "words.geojson": ("Dear sir or madam", "network_malformed"),
    "page.geojson": ("<!DOCTYPE html><html></html>", "network_malformed"),
    "vrt.gpkg": ("<OGRVRTDataSource/>", "network_malformed"),
    "magic.gpkg": (b"SQLite format 3\x00" + b"\xff" * 4096, "network_malformed"),
    "package.gpkg": (
        b"SQLite format 3\x00" + b"\x00" * 52 + b"GPKG" + b"\xff" * 4096,
        "network_malformed",
    ),
    "short.gpkg": (b"SQLite", "network_malformed"),
    "vrt.shp": ("<OGRVRTDataSource/>", "network_malformed"),
    "magic.shp": (b"\x00\x00\x27\x0a" + b"\xff" * 200, "network_malformed"),
    "laughs.osm": (LAUGHS, "network_malformed"),
    "page.osm": ("<!DOCTYPE html><html></html>", "network_malformed"),
    "cut.osm": ("<osm version='0.6'><node id='1' lat='51'", "network_malformed"),
    "empty.osm": ("<osm version='0.6'/>", "network_no_lines"),
    "noise.pbf": (bytes(range(256)) * 40, "network_malformed"),
    "huge_block.pbf": (b"\x7f\xff\xff\xff" + b"a" * 100, "network_malformed"),
    "roads.dwg": ("AC1027", "network_format_unknown"),
    "roads.zip": (b"PK\x03\x04", "network_malformed"),
    "roads.7z": (b"7z\xbc\xaf", "network_format_unknown"),
    "roads": ("x", "network_format_unknown"),
}


def error_of(path: Path) -> RoadscanError:
    with pytest.raises(RoadscanError) as caught:
        read_network(path)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500
    return caught.value


@pytest.mark.parametrize("name", BAD)
def test_a_bad_network_ends_in_its_code(tmp_path: Path, name: str) -> None:
    content, code = BAD[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert error_of(path).code == code


def test_missing_empty_and_folder_have_codes_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "empty.gpkg").touch()
    expected = {"none.shp": "file_missing", "empty.gpkg": "file_empty", ".": "file_unreadable"}
    for name, code in expected.items():
        assert error_of(tmp_path / name).code == code


def test_numbers_that_are_none_in_columns_are_missing_values(tmp_path: Path) -> None:
    values = (
        '"lane_width_m": NaN, "name": null, "surface": ["a"], "oneway": {"a": 1}, "layer": 1e999'
    )
    path = tmp_path / "n.geojson"
    path.write_text(line(GOOD).replace('"name": "Weg"', values))
    (link,) = read_network(path).links
    assert (link.street, link.lane_width_source, link.surface) == ("", "scheme", "asphalt")
    assert (link.forward, link.backward, link.level) == (True, True, 0)


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """Address of a server on this machine, and what it was asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name there
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def package(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> Path:
    wkb = shapely.to_wkb(np.array([shapely.LineString([(13.7, 51.0), (13.71, 51.0)])]))
    name = [np.array(["Weg"], dtype=object)]
    pyogrio.raw.write(
        path, wkb, name, ["name"], layer="roads", geometry_type="LineString", crs="EPSG:31469"
    )
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma writable_schema = 1")
        for statement, values in statements:
            database.execute(statement, values)
        database.commit()
    return path


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (
            {"crs": {"type": "link", "properties": {"href": "URL/crs", "type": "proj4"}}},
            "network_no_crs",
        ),
        ({"crs": {"type": "name", "properties": {"name": "URL/crs"}}}, "network_no_crs"),
        ({"crs": {"type": "name", "properties": {"name": "+proj=a +init=/x"}}}, "network_no_crs"),
        ({"crs": {"type": "name", "properties": {"name": "EPSG:99999"}}}, "network_no_crs"),
        (
            {
                "type": "gdal_streamed_alg",
                "command_line": "gdal vector pipeline ! read /vsicurl/URL/n.geojson ! write x",
            },
            "network_malformed",
        ),
        ({"type": "x", "links": [{"rel": "data", "href": "URL/n"}]}, "network_malformed"),
    ],
)
def test_a_geojson_network_makes_nobody_fetch_anything(
    tmp_path: Path, asked: tuple[str, list[str]], content: dict[str, Any], code: str
) -> None:
    url, paths = asked
    path = tmp_path / "n.geojson"
    path.write_text(json.dumps(json.loads(line(GOOD)) | content).replace("URL", url))
    assert error_of(path).code == code
    assert paths == []


def test_a_geopackage_makes_nobody_fetch_anything(
    tmp_path: Path, asked: tuple[str, list[str]]
) -> None:
    url, paths = asked
    master = (
        "insert into sqlite_master (type, name, tbl_name, rootpage, sql) values (?, ?, ?, 0, ?)"
    )
    remote = f"CREATE VIRTUAL TABLE far USING VirtualOGR('/vsicurl/{url}/n.geojson')"
    view = "CREATE VIEW roads2 AS SELECT fid, geom, (SELECT count(*) FROM far) name FROM roads"
    contents = "insert into gpkg_contents (table_name, data_type, srs_id) values (?, ?, ?)"
    reaching = package(
        tmp_path / "far.gpkg",
        (master, ("table", "far", "far", remote)),
        (master, ("view", "roads2", "roads2", view)),
        ("delete from gpkg_contents", ()),
        ("delete from gpkg_geometry_columns", ()),
        (contents, ("roads2", "features", 31469)),
        ("insert into gpkg_geometry_columns values (?, ?, ?, ?, 0, 0)",
         ("roads2", "geom", "LINESTRING", 31469)),
    )  # fmt: skip
    assert error_of(reaching).code == "network_malformed"
    srs = "update gpkg_spatial_ref_sys set organization = 'X', definition = ? where srs_id = 31469"
    assert error_of(package(tmp_path / "crs.gpkg", (srs, (f"{url}/crs",)))).code == "network_no_crs"
    assert paths == []


def test_a_shapefile_makes_nobody_fetch_anything(
    tmp_path: Path, asked: tuple[str, list[str]]
) -> None:
    url, paths = asked
    path = tmp_path / "n.shp"
    wkb = shapely.to_wkb(np.array([shapely.LineString([(13.7, 51.0), (13.71, 51.0)])]))
    name = [np.array(["Weg"], dtype=object)]
    pyogrio.raw.write(path, wkb, name, ["name"], geometry_type="LineString", crs="EPSG:4326")
    path.with_suffix(".prj").write_text(f"{url}/prj")
    assert error_of(path).code == "network_no_crs"
    path.with_suffix(".shx").unlink()
    assert error_of(path).code == "network_malformed"
    assert paths == []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "coordinates", "geometry", "properties", "name"]), inner
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["features", "geometry", "coordinates", "properties", "crs"]),
)
def test_no_json_ends_in_anything_but_a_network_or_a_code(
    tmp_path: Path, value: object, where: str
) -> None:
    root = json.loads(line(GOOD))
    feature = root["features"][0]
    places = {"features": root, "crs": root, "coordinates": feature["geometry"]}
    places.get(where, feature)[where] = value
    path = tmp_path / "n.geojson"
    path.write_text(json.dumps(root))
    try:
        assert read_network(path).links
    except RoadscanError as error:
        assert error.code.startswith("network_")  # noqa: PT017 -- a network is right as well
