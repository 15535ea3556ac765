"""The files: RFC 7946, GeoPackage with styles and meanings, the same bytes again, whole or not."""

import itertools
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas
import pyogrio
import pytest

from roadscan.errors import RoadscanError
from roadscan.model.layers import LAYERS
from roadscan.publish import export
from roadscan.publish.export import PARTIAL, export_all
from roadscan.publish.layer_frames import load_results
from roadscan.store.store import Store
from tests.assess.lanes import AP9K
from tests.publish.conftest import HOSTILE, NAME
from tests.publish.test_layer_frames import DAMAGE_PROPERTIES, SEGMENT_PROPERTIES

GEOJSON = ("segments", "damages", "drives")


@pytest.fixture(scope="module")
def read(published: Path) -> dict[str, Any]:
    return {
        name: json.loads((published / f"layers/{name}.geojson").read_bytes()) for name in GEOJSON
    }


def positions(geometry: dict[str, Any]) -> list[list[float]]:
    found: list[list[float]] = []

    def walk(part: list[Any]) -> None:
        if isinstance(part[0], float | int):
            found.append(part)
        else:
            for inner in part:
                walk(inner)

    walk(geometry["coordinates"])
    return found


# GeoJSON


@pytest.mark.parametrize("name", GEOJSON)
def test_geojson_is_a_collection_of_features_without_a_crs(read: dict[str, Any], name: str) -> None:
    assert read[name]["type"] == "FeatureCollection"
    assert "crs" not in read[name]
    assert read[name]["features"]
    for feature in read[name]["features"]:
        assert feature["type"] == "Feature"


@pytest.mark.parametrize("name", GEOJSON)
def test_positions_are_longitude_then_latitude_to_seven_decimals(
    published: Path, read: dict[str, Any], name: str
) -> None:
    for feature in read[name]["features"]:
        for longitude, latitude in positions(feature["geometry"]):
            assert 12.3 < longitude < 12.5
            assert 51.2 < latitude < 51.4
    text = (published / f"layers/{name}.geojson").read_text("utf-8")
    numbers = json.loads(text, parse_float=str)
    decimals = [
        len(value.partition(".")[2])
        for feature in numbers["features"]
        for position in _texts(feature["geometry"]["coordinates"])
        for value in position
    ]
    assert max(decimals) == 7


def _texts(part: list[Any]) -> list[list[str]]:
    return [part] if isinstance(part[0], str) else [p for inner in part for p in _texts(inner)]


def test_outer_rings_run_counter_clockwise(read: dict[str, Any]) -> None:
    for feature in read["damages"]["features"]:
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        doubled = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
        assert doubled > 0


@pytest.mark.parametrize(
    ("name", "properties"), [("segments", SEGMENT_PROPERTIES), ("damages", DAMAGE_PROPERTIES)]
)
def test_features_have_the_promised_properties_in_their_order(
    read: dict[str, Any], name: str, properties: list[str]
) -> None:
    for feature in read[name]["features"]:
        assert list(feature["properties"]) == properties


def test_what_is_not_known_is_null_and_never_a_number(read: dict[str, Any]) -> None:
    by_id = {f["properties"]["segment_id"]: f["properties"] for f in read["segments"]["features"]}
    assert by_id["east:f:0"]["afli_pct"] is None
    assert by_id["bend:f:0"]["score"] is None
    assert by_id["bend:f:0"]["reason"] == "not_driven"
    assert by_id["bend:f:0"]["street"] == HOSTILE
    assert isinstance(by_id["east:f:0"]["cells"], int)
    assert isinstance(by_id["east:f:0"]["condition_class"], int)


# GeoPackage


@pytest.fixture(scope="module")
def package(published: Path) -> Path:
    return published / "roadscan.gpkg"


def test_the_package_holds_all_layers_in_the_metric_crs(package: Path) -> None:
    for name, schema in LAYERS.items():
        info = pyogrio.read_info(package, layer=name)
        assert info["crs"] == "EPSG:25833"
        assert list(info["fields"]) == [field.name for field in schema.fields]


@pytest.mark.parametrize("name", GEOJSON)
def test_the_package_and_the_geojson_say_the_same(
    package: Path, published: Path, read: dict[str, Any], name: str
) -> None:
    names = [field.name for field in LAYERS[name].fields]
    with closing(sqlite3.connect(package)) as db:
        rows = list(db.execute(f"SELECT {', '.join(names)} FROM {name} ORDER BY fid"))  # noqa: S608 -- our own names
    assert rows == [tuple(feature["properties"].values()) for feature in read[name]["features"]]
    metric = geopandas.read_file(package, layer=name)
    degrees = geopandas.read_file(published / f"layers/{name}.geojson")
    apart_m = metric.geometry.hausdorff_distance(degrees.to_crs(metric.crs).geometry)
    assert apart_m.max() < 0.02


def test_every_field_tells_its_meaning_in_the_package(package: Path) -> None:
    with closing(sqlite3.connect(package)) as db:
        found = list(
            db.execute("SELECT table_name, column_name, description FROM gpkg_data_columns")
        )
        registered = list(db.execute("SELECT DISTINCT extension_name FROM gpkg_extensions"))
    expected = [
        (name, field.name, field.description.en)
        for name, schema in LAYERS.items()
        for field in schema.fields
    ]
    assert sorted(found) == sorted(expected)
    assert ("gpkg_schema",) in registered


def test_the_package_is_sound_to_sqlite_and_to_its_own_index(package: Path) -> None:
    with closing(sqlite3.connect(package)) as db:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        contents = dict(db.execute("SELECT table_name, data_type FROM gpkg_contents"))
        indexed = [
            n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'rtree%'")
        ]
    assert contents == dict.fromkeys(LAYERS, "features") | {"layer_styles": "attributes"}
    assert all(f"rtree_{name}_geom" in indexed for name in LAYERS)


def styles(package: Path) -> dict[str, ET.Element]:
    with closing(sqlite3.connect(package)) as db:
        query = "SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"
        found = dict(db.execute(query))
    return {name: ET.fromstring(qml) for name, qml in found.items()}  # noqa: S314 -- our own


def rules(style: ET.Element) -> dict[str, ET.Element]:
    """Return symbols by what their rules are for."""
    symbols = {symbol.get("name"): symbol for symbol in style.findall(".//symbols/symbol")}
    return {rule.get("filter", ""): symbols[rule.get("symbol")] for rule in style.iter("rule")}


def colours(symbol: ET.Element) -> set[tuple[int, ...]]:
    return {
        tuple(int(part) for part in option.get("value", "").split(","))[:3]
        for option in symbol.iter("Option")
        if option.get("name") in {"line_color", "color"}
    }


def test_every_layer_has_a_style_that_is_found_and_can_be_read(package: Path) -> None:
    assert set(styles(package)) == set(LAYERS)
    with closing(sqlite3.connect(package)) as db:
        places = set(
            db.execute(
                "SELECT f_table_catalog, f_table_schema, f_geometry_column FROM layer_styles"
            )
        )
    assert places == {("", "", "geom")}


def test_segments_have_the_colours_of_the_schemes_classes(package: Path) -> None:
    by_filter = rules(styles(package)["segments"])
    for c in AP9K.classes:
        rgb = tuple(bytes.fromhex(c.colour.removeprefix("#")))
        (own,) = (rule for where, rule in by_filter.items() if f'_class" = {c.number}' in where)
        assert colours(own) == {rgb}


def test_what_is_not_assessed_is_hatched_grey_never_the_colour_of_a_class(package: Path) -> None:
    unscored = rules(styles(package)["segments"])['"score" IS NULL']
    ((red, green, blue),) = colours(unscored)
    assert red == green == blue
    assert any(layer.get("class") == "HashLine" for layer in unscored.iter("layer"))
    grey = {(red, green, blue)}
    for c in AP9K.classes:
        rgb = tuple(bytes.fromhex(c.colour.removeprefix("#")))
        assert not grey & {rgb}


def test_every_segment_falls_under_exactly_one_rule(package: Path) -> None:
    filters = list(rules(styles(package)["segments"]))
    with closing(sqlite3.connect(package)) as db:
        hits = " + ".join(f"coalesce({where}, 0)" for where in filters)
        counts = set(db.execute(f"SELECT {hits} FROM segments"))  # noqa: S608 -- our own filters
    assert counts == {(1,)}


# the folder


def test_publishing_again_gives_the_same_bytes(
    store: Store, published: Path, tmp_path: Path
) -> None:
    export_all(store, load_results(store, NAME), tmp_path)
    export_all(store, load_results(store, NAME), tmp_path)
    first, again = (
        {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        for folder in (published, tmp_path)
    )
    assert first.keys() == again.keys()
    assert [name for name in first if first[name] != again[name]] == []
    assert {"map.png", "map.html", "roadscan.gpkg"} <= {str(name) for name in first}


def test_nothing_is_left_over_in_the_folder(published: Path) -> None:
    assert not (published / PARTIAL).exists()


def test_a_failure_leaves_what_was_there_and_nothing_half_written(
    store: Store, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(published, out)
    (out / "map.html").write_text("of an earlier run")

    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "write_map_page", no_room)
    with pytest.raises(RoadscanError) as caught:
        export_all(store, load_results(store, NAME), out)
    assert caught.value.code in {"output_disk_full", "output_not_writable"}
    assert (out / "map.html").read_text() == "of an earlier run"
    assert (out / "roadscan.gpkg").read_bytes() == (published / "roadscan.gpkg").read_bytes()
    assert not (out / PARTIAL).exists()


def test_a_folder_that_cannot_be_written_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(RoadscanError) as caught:
        export_all(store, load_results(store, NAME), tmp_path / "out")
    assert caught.value.code == "output_not_writable"
