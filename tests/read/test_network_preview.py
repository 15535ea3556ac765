"""What is shown of a network before it counts."""

from pathlib import Path
from typing import Any

import pytest

from roadscan.errors import RoadscanError
from roadscan.read.network import preview_network, read_network
from roadscan.read.network_faults import Fault, LineFault
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.network_preview import MAX_FAULTS
from tests.read.test_network import MAIN, ROWS, SIDE, feature, geojson, table

APART = [[13.8, 51.0], [13.81, 51.0]]


def faults_of(path: Path, mapping: NetworkMapping | None = None) -> list[Fault]:
    return list(preview_network(path, mapping).faults)


def test_columns_are_shown_with_what_they_are_taken_for(tmp_path: Path) -> None:
    look = preview_network(table(tmp_path / "n.gpkg", [MAIN, SIDE], ROWS, 25833))
    assert look.lines == 2
    assert [column.name for column in look.columns] == ["link_id", "name", "key", "fk", "bw"]
    assert look.columns[1].examples == ("Hauptstraße", "Gasse")
    assert look.columns[1].filled == 2
    taken = {meaning: column for meaning, column in look.taken.items() if column}
    assert taken == {
        "link_id": "link_id",
        "street": "name",
        "street_key": "key",
        "road_class": "fk",
        "surface": "bw",
    }
    assert look.faults == ()


@pytest.mark.parametrize(
    ("values", "fault", "shown"),
    [
        ({"fk": "X"}, LineFault.CLASS_UNKNOWN, "X"),
        ({"bw": "cheese"}, LineFault.SURFACE_UNKNOWN, "cheese"),
        ({"oneway": "perhaps"}, LineFault.ONEWAY_UNKNOWN, "perhaps"),
        ({"lane_width_m": 35.0}, LineFault.WIDTH_IMPLAUSIBLE, "35"),
        ({"lane_width_m": "wide"}, LineFault.WIDTH_IMPLAUSIBLE, "wide"),
    ],
)
def test_a_value_that_counts_as_missing_is_told_with_its_line(
    tmp_path: Path, values: dict[str, Any], fault: LineFault, shown: str
) -> None:
    path = geojson(tmp_path, feature(SIDE), feature(MAIN, **values))
    assert faults_of(path) == [Fault(2, fault, shown)]


@pytest.mark.parametrize(
    "values", [{"fk": "a"}, {"bw": "gravel"}, {"oneway": "-1"}, {"oneway": "J"}, {"fk": None}]
)
def test_what_is_understood_is_no_fault(tmp_path: Path, values: dict[str, Any]) -> None:
    assert faults_of(geojson(tmp_path, feature(MAIN, **values))) == []


def test_features_without_a_line_are_told_by_their_number(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature([13.7, 51.0], "Point"), feature(MAIN))
    assert faults_of(path) == [Fault(1, LineFault.NO_LINE, "")]


def test_all_lines_of_one_id_are_told_though_the_network_is_refused(tmp_path: Path) -> None:
    path = geojson(
        tmp_path,
        feature(MAIN, id="1", nr="a"),
        feature(SIDE, id="1", nr="b"),
        feature(APART, nr="c"),
    )
    with pytest.raises(RoadscanError, match="two lines"):
        read_network(path)
    assert faults_of(path) == [
        Fault(1, LineFault.ID_TWICE, "1", "1"),
        Fault(2, LineFault.ID_TWICE, "1", "1"),
        Fault(3, LineFault.ID_MISSING, ""),
    ]
    other = NetworkMapping(link_id=("nr",))
    assert faults_of(path, other) == []
    assert len(read_network(path, mapping=other).links) == 3


def test_many_faults_are_counted_and_the_first_told(tmp_path: Path) -> None:
    lines = [[[13.7, 51.0 + k / 1000], [13.71, 51.0 + k / 1000]] for k in range(MAX_FAULTS + 5)]
    path = geojson(tmp_path, *(feature(line, fk="X") for line in lines))
    look = preview_network(path)
    assert len(look.faults) == MAX_FAULTS
    assert look.fault_counts == {"class_unknown": MAX_FAULTS + 5}


def test_a_mapping_may_say_that_a_meaning_has_no_column(tmp_path: Path) -> None:
    look = preview_network(geojson(tmp_path, feature(MAIN, fk="X")), NetworkMapping(road_class=()))
    assert look.taken["road_class"] == ""
    assert look.faults == ()
