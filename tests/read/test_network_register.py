"""What a town's register says goes through: nodes, stations, columns, parts in their order."""

from pathlib import Path
from typing import Any

import pytest

from roadscan.errors import RoadscanError
from roadscan.model.road import Link, Network
from roadscan.read.network import preview_network, read_network
from tests.read.test_network import feature, geojson
from tests.read.test_network_cases import metric, told

Line = list[tuple[float, float]]
STREET: Line = [(0.0, 0.0), (60.0, 0.0), (100.0, 0.0)]


def register(folder: Path, *rows: dict[str, Any]) -> Path:
    """Write streets of 100 m side by side, 1 km from each other."""
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}}
    features = [
        feature([[400_000.0 + x, 5_650_000.0 + 1000.0 * k] for x in (0.0, 100.0)], **row)
        for k, row in enumerate(rows)
    ]
    return geojson(folder, *features, crs=crs)


def in_parts(folder: Path, *parts: Line, **values: Any) -> tuple[Link, ...]:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}}
    lines = [[[400_000.0 + x, 5_650_000.0 + y] for x, y in part] for part in parts]
    row = feature(lines, "MultiLineString", link_id="7", vnk="1", nnk="2", **values)
    return read_network(geojson(folder, row, crs=crs)).links


def test_parts_that_follow_each_other_are_one_link(tmp_path: Path) -> None:
    (link,) = in_parts(tmp_path, [(0, 0), (50, 0)], [(50.2, 0), (80, 0)], [(80, 0), (80, 40)])
    assert link.link_id == "7"
    assert len(link.xy_m) == 4
    assert tuple(link.xy_m[-1] - link.xy_m[0]) == pytest.approx((80.0, 40.0), abs=0.01)


def test_parts_with_a_gap_stay_apart_and_their_stations_run_on(tmp_path: Path) -> None:
    first, second = in_parts(tmp_path, [(0, 0), (50, 0)], [(60, 0), (90, 0)], vst=100, bst=180)
    assert (first.link_id, second.link_id) == ("7.0", "7.1")
    assert first.register.station_m(50.0) == pytest.approx(150.0)
    assert second.register.station_m(0.0) == pytest.approx(150.0, abs=0.05)
    assert second.register.station_m(10.0) == pytest.approx(160.0, abs=0.05)


def test_parts_drawn_against_each_other_stay_apart(tmp_path: Path) -> None:
    links = in_parts(tmp_path, [(0, 0), (50, 0)], [(90, 0), (50, 0)])
    assert [link.link_id for link in links] == ["7.0", "7.1"]


@pytest.mark.parametrize(
    ("values", "at_30_m"),
    [
        ({"vst": 200, "bst": 300}, 230.0),
        ({"vst": 300, "bst": 200}, 270.0),
        ({"vst": 200}, 230.0),
        ({"vst": "0,200", "bst": "0,300"}, 230.0),
        ({"bst": 300}, None),
        ({}, None),
    ],
)
def test_a_station_is_that_of_the_start_and_the_way_along(
    tmp_path: Path, values: dict[str, Any], at_30_m: float | None
) -> None:
    (link,) = read_network(register(tmp_path, values)).links
    found = link.register.station_m(30.0)
    assert found is None if at_30_m is None else found == pytest.approx(at_30_m)


def test_nodes_name_a_line_that_has_no_id(tmp_path: Path) -> None:
    rows = [{"vnk": "11", "nnk": "12"}, {"vnk": "12", "nnk": "13"}]
    network = read_network(register(tmp_path, *rows))
    assert [link.link_id for link in network.links] == ["11-12", "12-13"]
    assert told(network, "vnk + nnk = link_id")
    assert not told(network, "without an id")
    assert preview_network(register(tmp_path, *rows)).taken["link_id"] == "vnk + nnk"


def test_stations_tell_lines_between_the_same_nodes_apart(tmp_path: Path) -> None:
    rows = [{"vnk": "11", "nnk": "12", "vst": k * 100} for k in range(3)]
    links = read_network(register(tmp_path, *rows)).links
    assert [link.link_id for link in links] == ["11-12-0", "11-12-100", "11-12-200"]


def test_an_id_column_goes_before_nodes_and_a_mapping_before_both(tmp_path: Path) -> None:
    rows = [{"objectid": 5, "vnk": "11", "nnk": "12"}, {"objectid": 6, "vnk": "12", "nnk": "13"}]
    path = register(tmp_path, *rows)
    assert [link.link_id for link in read_network(path).links] == ["5", "6"]
    (tmp_path / "n.mapping.toml").write_text('link_id = "VNK + NNK"')
    assert [link.link_id for link in read_network(path).links] == ["11-12", "12-13"]
    (tmp_path / "n.mapping.toml").write_text('link_id = "VNK + NK"')
    with pytest.raises(RoadscanError, match="vnk \\+ nk"):
        read_network(path)


def test_columns_named_in_the_mapping_are_carried_along(tmp_path: Path) -> None:
    path = register(tmp_path, {"KEHRBEZIRK": 3, "ORTSTEIL": "Süd"}, {"ORTSTEIL": "k.A."})
    (tmp_path / "n.mapping.toml").write_text('carry = ["Kehrbezirk", "ORTSTEIL"]')
    network = read_network(path)
    first, second = network.links
    assert first.register.more == (("kehrbezirk", "3"), ("ortsteil", "Süd"))
    assert second.register.more == ()
    assert told(network, "columns carried into the layers: kehrbezirk, ortsteil")
    (tmp_path / "n.mapping.toml").write_text('carry = "PLZ"')
    with pytest.raises(RoadscanError, match="carry from plz"):
        read_network(path)


def streets(folder: Path, *lines: tuple[str, Line]) -> Network:
    path = metric(folder, *(line for _, line in lines))
    text = path.read_text()
    for k, (name, _) in enumerate(lines, start=1):
        text = text.replace(f'"link_id": "L{k}"', f'"link_id": "L{k}", "name": "{name}"')
    path.write_text(text)
    return read_network(path)


MILL: tuple[str, Line] = ("Mühlenweg", [(0.0, -50.0), (0.0, 0.0)])
CHERRY: tuple[str, Line] = ("Kirschweg", [(100.0, 0.0), (100.0, 50.0)])


def test_a_street_is_named_from_junction_to_junction(tmp_path: Path) -> None:
    lake = streets(tmp_path, ("Seeuferstraße", STREET), MILL, CHERRY).links[0]
    assert lake.junctions == ((0.0, "Mühlenweg"), (100.0, "Kirschweg"))
    assert lake.streets_around(0.0, 100.0) == ("Mühlenweg", "Kirschweg")


def test_a_street_goes_on_over_its_own_links_to_the_next_junction(tmp_path: Path) -> None:
    parts: list[tuple[str, Line]] = [
        ("Seeuferstraße", [(0.0, 0.0), (40.0, 0.0)]),
        ("Seeuferstraße", [(70.0, 0.0), (40.0, 0.0)]),
        ("Seeuferstraße", [(70.0, 0.0), (100.0, 0.0)]),
    ]
    first, second, third = streets(tmp_path, *parts, MILL, CHERRY).links[:3]
    assert first.junctions == ((0.0, "Mühlenweg"), (100.0, "Kirschweg"))
    assert second.junctions == ((-30.0, "Kirschweg"), (70.0, "Mühlenweg"))
    assert third.junctions == ((-70.0, "Mühlenweg"), (30.0, "Kirschweg"))


def test_a_street_that_joins_between_two_ends_is_a_junction(tmp_path: Path) -> None:
    church: tuple[str, Line] = ("Kirchgasse", [(30.0, 0.0), (30.0, 50.0)])
    cross: tuple[str, Line] = ("Querweg", [(60.0, -30.0), (60.0, 0.0), (60.0, 30.0)])
    lake = streets(tmp_path, ("Seeuferstraße", STREET), MILL, CHERRY, church, cross).links[0]
    assert [name for _, name in lake.junctions] == [
        "Mühlenweg",
        "Kirchgasse",
        "Querweg",
        "Kirschweg",
    ]
    assert lake.streets_around(0.0, 20.0) == ("Mühlenweg", "Kirchgasse")
    assert lake.streets_around(40.0, 60.0) == ("Kirchgasse", "Querweg")
    assert lake.streets_around(20.0, 40.0) == ("Mühlenweg", "Querweg"), "it holds the junction"


def test_a_dead_end_and_a_fork_have_no_name(tmp_path: Path) -> None:
    lake = streets(tmp_path, ("Seeuferstraße", STREET), MILL).links[0]
    assert lake.streets_around(0.0, 100.0) == ("Mühlenweg", None)
    fork: list[tuple[str, Line]] = [
        ("Seeuferstraße", [(100.0, 0.0), (150.0, 20.0)]),
        ("Seeuferstraße", [(100.0, 0.0), (150.0, -20.0)]),
    ]
    lake = streets(tmp_path, ("Seeuferstraße", STREET), MILL, *fork).links[0]
    assert lake.streets_around(0.0, 100.0) == ("Mühlenweg", None)


def test_a_ring_ends_the_search(tmp_path: Path) -> None:
    ring: list[tuple[str, Line]] = [
        ("Ring", [(0.0, 0.0), (50.0, 0.0), (50.0, 50.0)]),
        ("Ring", [(50.0, 50.0), (0.0, 50.0), (0.0, 0.0)]),
    ]
    assert [link.junctions for link in streets(tmp_path, *ring).links] == [(), ()]
