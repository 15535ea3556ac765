"""Networks as tables of lines: one reading whatever the format."""

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from roadscan.errors import RoadscanError
from roadscan.model.road import Link, Network, RoadClass, Surface
from roadscan.read.network import read_network
from roadscan.read.network_mapping import NetworkMapping

MAIN = [[13.70, 51.0], [13.71, 51.0], [13.71, 51.01]]
SIDE = [[13.71, 51.0], [13.72, 51.0]]
ROWS: list[dict[str, Any]] = [
    {"link_id": "m1", "name": "Hauptstraße", "key": "01234", "fk": "A", "bw": "asphalt"},
    {"link_id": "s1", "name": "Gasse", "key": "01235", "fk": "B", "bw": "sett"},
]


def feature(coordinates: list[Any], kind: str = "LineString", **values: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": values}


def geojson(folder: Path, *features: dict[str, Any], name: str = "n.geojson", **more: Any) -> Path:
    path = folder / name
    collection = {"type": "FeatureCollection", "features": list(features), **more}
    path.write_text(json.dumps(collection), encoding="utf-8")
    return path


def table(
    path: Path, lines: list[Any], rows: list[dict[str, Any]], epsg: int | None = 4326
) -> Path:
    """Write lines, given in degrees, in a CRS with pyogrio."""
    to_crs = Transformer.from_crs(4326, epsg or 4326, always_xy=True)
    shapes = [
        shapely.LineString(np.column_stack(to_crs.transform(*np.array(line).T))) for line in lines
    ]
    columns = [np.array([row[name] for row in rows], dtype=object) for name in rows[0]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no CRS is what the test wants
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.array(shapes)),
            columns,
            list(rows[0]),
            geometry_type="LineString",
            crs=None if epsg is None else f"EPSG:{epsg}",
            **({"layer": "roads"} if path.suffix == ".gpkg" else {}),
        )
    return path


def links(path: Path, mapping: NetworkMapping | None = None) -> dict[str, Link]:
    return {link.link_id: link for link in read_network(path, mapping=mapping).links}


def only(path: Path, mapping: NetworkMapping | None = None) -> Link:
    (link,) = read_network(path, mapping=mapping).links
    return link


def error_of(path: Path) -> RoadscanError:
    with pytest.raises(RoadscanError) as caught:
        read_network(path)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("epsg", [4326, 25833, 25832, 31469])
@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
def test_every_format_and_crs_gives_the_same_links(tmp_path: Path, suffix: str, epsg: int) -> None:
    path = tmp_path / f"n{suffix}"
    if suffix == ".geojson":
        to_crs = Transformer.from_crs(4326, epsg, always_xy=True)
        features = [
            feature([list(to_crs.transform(*place)) for place in line], **row)
            for line, row in zip((MAIN, SIDE), ROWS, strict=True)
        ]
        name = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
        geojson(tmp_path, *features, crs=name)
    else:
        table(path, [MAIN, SIDE], ROWS, epsg)
    network = read_network(path)
    assert network.crs_epsg == 25833
    main, side = network.links
    assert (main.link_id, main.street, main.street_key) == ("m1", "Hauptstraße", "01234")
    assert (main.road_class, main.surface) == (RoadClass.A, Surface.ASPHALT)
    assert (side.road_class, side.surface) == (RoadClass.B, Surface.PAVING)
    expected = np.column_stack(
        Transformer.from_crs(4326, 25833, always_xy=True).transform(*np.array(MAIN).T)
    )
    tolerance_m = 3.0 if epsg == 31469 else 0.001  # DHDN comes by a Helmert shift
    np.testing.assert_allclose(main.xy_m, expected, atol=tolerance_m)


def test_lengths_in_the_metric_crs_are_lengths_on_the_ground(tmp_path: Path) -> None:
    geod = Geod(ellps="GRS80")
    for line in ([[13.7, 51.0], [13.7, 51.1]], [[8.7, 49.4], [8.8, 49.4]]):
        link = only(geojson(tmp_path, feature(line)))
        ground_m = geod.line_length(*np.array(line).T)
        assert shapely.LineString(link.xy_m).length == pytest.approx(ground_m, rel=1e-3)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        *((13.7, 51.0, 25833), (8.7, 49.4, 25832), (-122.4, 37.7, 32610), (-47.9, -15.8, 32723)),
        (139.7, 35.7, 32654),
    ],
)
def test_the_zone_follows_the_data(tmp_path: Path, lon: float, lat: float, epsg: int) -> None:
    path = geojson(tmp_path, feature([[lon, lat], [lon + 0.001, lat]]))
    assert read_network(path).crs_epsg == epsg


def test_a_link_without_an_id_is_named_by_where_it_lies(tmp_path: Path) -> None:
    first = only(geojson(tmp_path, feature(MAIN, name="Alt")))
    again = only(geojson(tmp_path, feature(MAIN, name="Neu")))
    moved = only(geojson(tmp_path, feature([*MAIN[:2], [13.71, 51.0101]])))
    twice = read_network(geojson(tmp_path, feature(MAIN), feature(MAIN), feature(SIDE))).links
    assert first.link_id == again.link_id != moved.link_id
    assert twice[0].link_id == first.link_id
    assert len(twice) == 2


def test_two_lines_of_one_id_are_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, id="7"), feature(SIDE, id="7"))
    error = error_of(path)
    assert error.code == "network_malformed"
    assert "'7'" in error.message


def test_the_parts_of_a_line_are_links_of_their_own(tmp_path: Path) -> None:
    path = geojson(
        tmp_path,
        feature([MAIN, SIDE], "MultiLineString", link_id="m"),
        feature([[[13.8, 51], [13.81, 51]], [[13.9, 51], [13.91, 51]]], "MultiLineString"),
    )
    found = links(path)
    assert len(found) == 4
    assert {"m.0", "m.1"} < set(found)


def test_heights_are_dropped_and_lines_without_length_left_out(tmp_path: Path) -> None:
    path = geojson(
        tmp_path,
        feature([[*place, 110.0] for place in MAIN], link_id="a"),
        feature([MAIN[0], MAIN[0]], link_id="b"),
        feature([MAIN[0]], link_id="c"),
        feature([], link_id="d"),
        feature([MAIN[0], MAIN[0], MAIN[1]], link_id="e"),
        {"type": "Feature", "geometry": None, "properties": {"link_id": "f"}},
    )
    found = links(path)
    assert set(found) == {"a", "e"}
    assert found["a"].xy_m.shape == (3, 2)
    assert found["e"].xy_m.shape == (2, 2)


@pytest.mark.parametrize(
    ("values", "directions"),
    [
        ({}, "both"),
        ({"oneway": "yes"}, "forward"),
        ({"oneway": True}, "forward"),
        ({"ONEWAY": 1}, "forward"),
        ({"one_way": "no"}, "both"),
        ({"einbahn": "ja"}, "forward"),
        ({"oneway": -1}, "backward"),
        ({"oneway": "reverse"}, "backward"),
        ({"oneway": 0.0}, "both"),
        ({"junction": "roundabout"}, "forward"),
        ({"highway": "motorway"}, "forward"),
        ({"highway": "motorway", "oneway": "no"}, "both"),
        ({"highway": "footway"}, "forward"),
        ({"highway": "footway", "oneway": "-1"}, "forward"),
        ({"highway": "steps"}, "none"),
        ({"fclass": "residential", "oneway": "F"}, "forward"),
        ({"fclass": "residential", "oneway": "T"}, "backward"),
        ({"fclass": "residential", "oneway": "B"}, "both"),
    ],
)
def test_one_way_says_in_which_directions_a_link_has_lanes(
    tmp_path: Path, values: dict[str, Any], directions: str
) -> None:
    link = only(geojson(tmp_path, feature(MAIN, **values)))
    expected = {"both": ["forward", "backward"], "none": []}.get(directions, [directions])
    assert list(link.directions) == expected


@pytest.mark.parametrize(
    ("values", "road_class"),
    [
        ({}, "B"),
        ({"road_class": "n"}, "N"),
        ({"fk": "A", "highway": "service"}, "A"),
        ({"highway": "secondary_link"}, "A"),
        ({"highway": "living_street"}, "B"),
        ({"highway": "cycleway"}, "N"),
        ({"fk": "unknown", "highway": "primary"}, "A"),
    ],
)
def test_the_class_is_the_networks_own_else_that_of_its_highway(
    tmp_path: Path, values: dict[str, Any], road_class: str
) -> None:
    assert only(geojson(tmp_path, feature(MAIN, **values))).road_class == road_class


@pytest.mark.parametrize(
    ("value", "surface"),
    [
        *((None, "asphalt"), ("", "asphalt"), ("Asphalt", "asphalt"), ("paved", "asphalt")),
        *(("cobblestone", "paving"), ("paving_stones", "paving"), ("Pflaster", "paving")),
        *(("concrete", "other"), ("gravel", "other"), ("something new", "other")),
    ],
)
def test_surfaces_are_asphalt_paving_or_other(
    tmp_path: Path, value: str | None, surface: str
) -> None:
    assert only(geojson(tmp_path, feature(MAIN, surface=value))).surface == surface


@pytest.mark.parametrize(
    ("values", "width_m", "source"),
    [
        ({}, 3.25, "scheme"),
        ({"lane_width_m": 3.0}, 3.0, "network"),
        ({"lane_width_m": "2,75"}, 2.75, "network"),
        ({"lane_width_m": 0}, 3.25, "scheme"),
        ({"lane_width_m": 35}, 3.25, "scheme"),
        ({"width": "9.0", "lanes": 3}, 3.0, "network"),
        ({"width": "6 m"}, 3.0, "network"),
        ({"width": 3, "oneway": "yes"}, 3.0, "network"),
        ({"width": 3}, 3.25, "scheme"),
    ],
)
def test_lane_width_is_the_networks_where_it_makes_sense(
    tmp_path: Path, values: dict[str, Any], width_m: float, source: str
) -> None:
    link = read_network(geojson(tmp_path, feature(MAIN, **values)), 3.25).links[0]
    assert (link.lane_width_m, link.lane_width_source) == (width_m, source)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({}, "inside"),
        ({"outside_town": True}, "outside"),
        ({"outside_town": False, "maxspeed": 100}, "inside"),
        ({"maxspeed": "100"}, "outside"),
        ({"maxspeed": 70}, "inside"),
        ({"maxspeed": 70, "zone:traffic": "DE:rural"}, "outside"),
        ({"maxspeed": 100, "source:maxspeed": "DE:urban"}, "inside"),
        ({"highway": "motorway"}, "outside"),
    ],
)
def test_outside_a_town_is_what_the_network_or_its_traffic_rules_say(
    tmp_path: Path,
    values: dict[str, Any],
    place: str,
) -> None:
    assert only(geojson(tmp_path, feature(MAIN, **values))).outside_town == (place == "outside")


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ({}, 0),
        ({"bridge": "yes"}, 1),
        ({"tunnel": "yes"}, -1),
        ({"bridge": "yes", "layer": 2}, 2),
        ({"layer": "-1"}, -1),
        ({"bridge": "F", "tunnel": "F", "layer": 0}, 0),
        ({"layer": "1" * 40}, 0),
    ],
)
def test_bridges_and_tunnels_have_levels(
    tmp_path: Path, values: dict[str, Any], level: int
) -> None:
    assert only(geojson(tmp_path, feature(MAIN, **values))).level == level


def test_a_mapping_names_columns_by_argument_or_in_a_file_beside_the_network(
    tmp_path: Path,
) -> None:
    path = geojson(tmp_path, feature(MAIN, Nr=12.0, Bezeichnung="Weg", name="no", ART="A"))
    mapping = NetworkMapping(link_id=("nr",), street=("bezeichnung",), road_class=("art",))
    by_argument = read_network(path, mapping=mapping)
    (tmp_path / "n.mapping.toml").write_text(
        'link_id = "Nr"\nstreet = ["Bezeichnung", "name"]\nroad_class = "ART"\n'
    )
    beside = read_network(path)
    for network in (by_argument, beside):
        (link,) = network.links
        assert (link.link_id, link.street, link.road_class) == ("12", "Weg", RoadClass.A)


@pytest.mark.parametrize(
    "text", ['strasse = "x"', "street = 7", "street = [7]", "street", 'street = "no_such_column"']
)
def test_a_wrong_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = geojson(tmp_path, feature(MAIN, name="Weg"))
    (tmp_path / "n.mapping.toml").write_text(text)
    assert error_of(path).code == "network_malformed"


def test_the_hash_covers_all_that_the_network_is_made_of(tmp_path: Path) -> None:
    def hash_of(path: Path) -> str:
        return read_network(path).sha256

    shape = table(tmp_path / "n.shp", [MAIN, SIDE], ROWS)
    before = hash_of(shape)
    table(tmp_path / "n.shp", [MAIN, SIDE], [ROWS[0], ROWS[1] | {"bw": "asphalt"}])
    after = hash_of(shape)
    assert before != after
    (tmp_path / "n.mapping.toml").write_text('street = "key"')
    assert hash_of(shape) not in {before, after}


def test_the_hash_covers_how_the_network_was_read(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, name="Weg", lane_width_m=3.0))
    usual = read_network(path)
    assert read_network(path, 3.25).sha256 == usual.sha256, "no width of the scheme is in it"
    mapped = read_network(path, mapping=NetworkMapping(lane_width=()))
    assert mapped.sha256 != usual.sha256
    without = geojson(tmp_path, feature(MAIN, name="Weg"))
    assert read_network(without, 3.25).sha256 != read_network(without).sha256


@pytest.mark.parametrize("folder", ["", "export/2026/"])
def test_a_zipped_shapefile_is_the_shapefile(tmp_path: Path, folder: str) -> None:
    shape = table(tmp_path / "Straßen.shp", [MAIN, SIDE], ROWS, 25833)
    with zipfile.ZipFile(tmp_path / "n.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in tmp_path.glob("Straßen.*"):
            archive.write(part, folder + part.name.replace(".dbf", ".DBF"))
        archive.writestr(folder + "Straßen.shp.xml", "<metadata/>")
        archive.writestr("__MACOSX/._Straßen.shp", "x")
    zipped, loose = read_network(tmp_path / "n.zip"), read_network(shape)
    assert zipped.source == "n.zip"
    assert zipped.sha256 == loose.sha256
    assert [link.street for link in zipped.links] == ["Hauptstraße", "Gasse"]


def test_a_geopackage_is_read_from_the_layer_of_the_roads(tmp_path: Path) -> None:
    path = table(tmp_path / "n.gpkg", [MAIN, SIDE], ROWS)
    place = shapely.to_wkb(np.array([shapely.Point(13.7, 51.0)]))
    name = [np.array(["x"], dtype=object)]
    pyogrio.raw.write(
        path, place, name, ["a"], layer="trees", geometry_type="Point", crs="EPSG:4326", append=True
    )
    pyogrio.raw.write(path, None, name, ["a"], layer="notes", geometry_type=None, append=True)
    assert len(read_network(path).links) == 2
    line = shapely.to_wkb(np.array([shapely.LineString(SIDE)]))
    for layer in ("rivers", "lines"):
        pyogrio.raw.write(
            path, line, name, ["a"], layer=layer, geometry_type="LineString", crs="EPSG:4326",
            append=True,
        )  # fmt: skip
        if layer == "rivers":
            assert len(read_network(path).links) == 2
    error = error_of(path)
    assert error.code == "network_malformed"
    assert "roads, rivers, lines" in error.message


def test_a_network_without_a_crs_is_refused(tmp_path: Path) -> None:
    shape = table(tmp_path / "n.shp", [MAIN, SIDE], ROWS)
    shape.with_suffix(".prj").unlink()
    package = table(tmp_path / "n.gpkg", [MAIN, SIDE], ROWS, None)
    metric = geojson(tmp_path, feature([[410_000.0, 5_650_000.0], [410_100.0, 5_650_000.0]]))
    for path in (shape, package, metric):
        assert error_of(path).code == "network_no_crs"


def test_a_hundred_thousand_names_cost_no_more_than_they_must(tmp_path: Path) -> None:
    link = only(geojson(tmp_path, feature(MAIN, name="a\nb\x1b[31m\x00" + "x" * 100_000)))
    assert link.street.startswith("a b [31m xx")
    assert len(link.street) == 200


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.floats(13.6, 13.8), st.floats(50.9, 51.1)), min_size=2, max_size=8, unique=True
    )
)
def test_a_line_keeps_its_course_into_the_metric_crs(
    tmp_path: Path, places: list[tuple[float, float]]
) -> None:
    path = geojson(tmp_path, feature([list(place) for place in places]))
    try:
        link = only(path)
    except RoadscanError as error:
        assert error.code == "network_no_lines"  # noqa: PT017 -- shorter than 5 cm
        assert np.ptp(np.array(places), axis=0).max() < 1e-6
        return
    back = Transformer.from_crs(25833, 4326, always_xy=True).transform(*link.xy_m.T)
    assert np.abs(np.column_stack(back)[[0, -1]] - np.array(places)[[0, -1]]).max() < 1e-8


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN), feature(SIDE, name="x"))
    first, second = (_comparable(read_network(path)) for _ in range(2))
    assert first == second


def _comparable(network: Network) -> list[Any]:
    return [(link.link_id, link.xy_m.tolist(), link.street) for link in network.links]
