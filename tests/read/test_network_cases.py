"""Networks as towns hand them in: what is read right, mended, told and refused."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from roadscan.errors import RoadscanError
from roadscan.model.road import Network, RoadClass
from roadscan.pipeline.match_track import match_track
from roadscan.read.network import preview_network, read_network
from roadscan.read.network_faults import Assumed, Fault, LineFault
from tests.read.test_network import MAIN, SIDE, feature, geojson, table

NETWORKS = Path(__file__).parent.parent / "data" / "networks"
MATCHING = Path(__file__).parent.parent / "data" / "matching"
STREETS = (
    *("Große Mühlenstraße", "Äußere Leipziger Straße \N{EN DASH} Süd", "", "Am Ziegelhof"),
    *("Färbergasse", "Mühlenweg", "Kirschweg", "Lerchenpfad"),
)


def shapefile(name: str) -> Path:
    return NETWORKS / name / "strassen.shp"


def told(network: Network, word: str) -> list[str]:
    return [remark for remark in network.remarks if word in remark]


def kinds(faults: tuple[Fault, ...]) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.kind.value, fault.link_id) for fault in faults]


def test_a_towns_shapefile_is_read_by_its_usual_names() -> None:
    network = read_network(shapefile("net_clean"))
    assert [link.link_id for link in network.links] == [*"12345678"]
    assert tuple(link.street for link in network.links) == STREETS
    assert [link.street_key for link in network.links][:2] == ["00100", "00101"]
    assert Counter(link.road_class for link in network.links) == {"A": 3, "B": 4, "N": 1}
    assert told(network, "columns taken: objectid = link_id")
    assert told(network, "vnk = from_node, nnk = to_node, vst = from_station, bst = to_station")
    entry = network.links[1].register
    assert (entry.from_node, entry.to_node) == ("4740002", "4740003")
    assert (entry.from_station_m, entry.to_station_m) == (0.0, 112.0)
    assert not told(network, "columns not used")
    assert preview_network(shapefile("net_clean")).faults == ()


def test_who_owns_a_road_is_not_taken_for_its_class() -> None:
    network = read_network(shapefile("net_klasse"))
    assert {link.road_class for link in network.links} == {RoadClass.B}
    assert told(network, "warning: 0.75 km (8 links) side roads (class B) because no class")
    look = preview_network(shapefile("net_klasse"))
    assert look.taken["road_class"] == ""
    assert (3, "class_unknown", "3") in kinds(look.faults)


@pytest.mark.parametrize("owner", [["A", "B", "L", "K", "S"], ["B", "S"], ["G", "N"]])
def test_a_column_with_anything_but_classes_is_no_class(tmp_path: Path, owner: list[str]) -> None:
    lines = [[[13.7, 51.0 + k / 1000], [13.71, 51.0 + k / 1000]] for k in range(len(owner))]
    path = geojson(
        tmp_path, *(feature(line, klasse=code) for line, code in zip(lines, owner, strict=True))
    )
    assert {link.road_class for link in read_network(path).links} == {RoadClass.B}


def own_copy(folder: Path, name: str, mapping: str) -> Path:
    for part in (NETWORKS / name).iterdir():
        (folder / part.name).write_bytes(part.read_bytes())
    (folder / "strassen.mapping.toml").write_text(mapping, encoding="utf-8")
    return folder / "strassen.shp"


def test_a_table_in_the_mapping_says_what_each_owner_means(tmp_path: Path) -> None:
    values = '[road_class_values]\nB = "A"\nL = "A"\nK = "A"\nG = "B"\n'
    network = read_network(own_copy(tmp_path, "net_klasse", f'road_class = "KLASSE"\n{values}'))
    assert Counter(link.road_class for link in network.links) == {"A": 4, "B": 4}
    assert not told(network, "because no class")


@pytest.mark.parametrize(
    "mapping",
    ['road_class = "KLASSE"', 'road_class = "KLASSE"\n[road_class_values]\nB = "A"\nG = "B"'],
)
def test_a_chosen_column_with_values_that_nobody_explained_is_refused(
    tmp_path: Path, mapping: str
) -> None:
    path = own_copy(tmp_path, "net_klasse", mapping)
    with pytest.raises(RoadscanError, match="L, K") as caught:
        read_network(path)
    assert caught.value.code == "network_class_unknown"
    assert "[road_class_values]" in caught.value.hint


@pytest.mark.parametrize(
    "mapping", ['road_class_values = "x"', '[road_class_values]\nG = "C"', 'street = ["name", "x"]']
)
def test_a_wrong_table_or_a_missing_column_in_a_list_is_refused(
    tmp_path: Path, mapping: str
) -> None:
    path = geojson(tmp_path, feature(MAIN, name="Weg"))
    (tmp_path / "n.mapping.toml").write_text(mapping)
    with pytest.raises(RoadscanError) as caught:
        read_network(path)
    assert caught.value.code == "network_malformed"


@pytest.mark.parametrize("name", ["net_1252", "net_utf8_nocpg"])
def test_copies_and_lines_of_no_length_are_told_and_left_out(name: str) -> None:
    clean, network = read_network(shapefile("net_clean")), read_network(shapefile(name))
    assert tuple(link.street for link in network.links) == STREETS
    for mine, same in zip(network.links, clean.links, strict=True):
        assert mine.link_id == same.link_id
        np.testing.assert_allclose(mine.xy_m, same.xy_m)
    assert kinds(preview_network(shapefile(name)).faults) == [
        (9, "copy", "9"),
        (10, "copy_reversed", "10"),
        (11, "no_length", "11"),
        (12, "no_length", "12.0"),
        (12, "copy", "12.1"),
    ]
    assert told(network, "line 10 (10): 1 (#1)")


def test_an_encoding_that_no_file_declares_is_found_and_told() -> None:
    assert told(read_network(shapefile("net_utf8_nocpg")), "found to be UTF-8")
    assert preview_network(shapefile("net_utf8_nocpg")).encoding == "UTF-8"
    assert preview_network(shapefile("net_1252")).encoding == ""


@pytest.mark.parametrize("encoding", ["UTF-8", "CP1252", "CP850"])
def test_umlauts_are_right_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    rows = [{"name": "Große Mühlenstraße"}, {"name": "Äußere Färbergasse"}]
    path = tmp_path / "n.shp"
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array([shapely.LineString(line) for line in (MAIN, SIDE)])),
        [np.array([row["name"] for row in rows], dtype=object)],
        ["name"],
        geometry_type="LineString",
        crs="EPSG:4326",
        encoding=encoding,
    )
    (tmp_path / "n.cpg").unlink(missing_ok=True)
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    data[29] = 0
    path.with_suffix(".dbf").write_bytes(data)
    network = read_network(path)
    assert [link.street for link in network.links] == [row["name"] for row in rows]
    assert told(network, f"found to be {encoding}")


def test_letters_of_a_wrong_declaration_are_told(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, name="Mühlenweg".encode().decode("latin-1")))
    (fault,) = preview_network(path).faults
    assert fault.kind == LineFault.TEXT_GARBLED


ONEWAYS: list[tuple[list[Any], list[str]]] = [
    (["ja", "J", "1.0", 1, True, "FT", "Einbahn"], ["forward"] * 7),
    (["gegen", "TF", "-1"], ["backward"] * 3),
    (["nein", "N", 0.0, False], ["both"] * 4),
    (["F", "T", "B"], ["forward", "backward", "both"]),
    (["F", "T"], ["both", "forward"]),
    (["F", "F"], ["?", "?"]),
    (["T", ""], ["?", "both"]),
    (["1", "2", "0"], ["?", "?", "?"]),
    (["FT", "N"], ["forward", "?"]),
    (["links", "ja"], ["?", "forward"]),
]


@pytest.mark.parametrize(("values", "meanings"), ONEWAYS)
def test_one_way_values_are_understood_or_told(
    tmp_path: Path, values: list[Any], meanings: list[str]
) -> None:
    lines = [[[13.7, 51.0 + k / 1000], [13.71, 51.0 + k / 1000]] for k in range(len(values))]
    path = geojson(
        tmp_path, *(feature(line, oneway=value) for line, value in zip(lines, values, strict=True))
    )
    read = [
        "both" if link.forward and link.backward else link.directions[0].value
        for link in read_network(path).links
    ]
    assert read == ["both" if meaning == "?" else meaning for meaning in meanings]
    assert [fault.line for fault in preview_network(path).faults] == [
        number for number, meaning in enumerate(meanings, start=1) if meaning == "?"
    ]


def test_a_table_in_the_mapping_says_what_one_way_values_mean(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, FAHRT=2), feature(SIDE, FAHRT=1))
    (tmp_path / "n.mapping.toml").write_text(
        'oneway = "FAHRT"\n[oneway_values]\n1 = "both"\n2 = "backward"\n'
    )
    first, second = read_network(path).links
    assert (first.forward, first.backward) == (False, True)
    assert (second.forward, second.backward) == (True, True)
    assert preview_network(path).faults == ()


@pytest.mark.parametrize(
    ("value", "place"),
    [("nein", "inside"), ("innerorts", "inside"), ("ja", "outside"), ("weiß nicht", "inside")],
)
def test_out_of_town_is_said_in_german_too(tmp_path: Path, value: str, place: str) -> None:
    path = geojson(tmp_path, feature(MAIN, ausserorts=value))
    assert read_network(path).links[0].outside_town == (place == "outside")
    assert bool(preview_network(path).faults) == (value == "weiß nicht")


def test_ends_short_of_their_neighbours_are_joined_and_told() -> None:
    path = MATCHING / "gap_town" / "network.geojson"
    network = read_network(path)
    ends = np.array([link.xy_m[k] for link in network.links for k in (0, -1)])
    count = preview_network(path).fault_counts
    assert count["end_moved"] > 700
    assert count["end_short"] == 1, "a dead end 2.84 m from another street"
    assert told(network, "end just short of its neighbour: moved onto it")
    assert len(np.unique(np.round(ends, 2), axis=0)) < 0.7 * len(ends)
    result = match_track(MATCHING / "gap_town" / "track.csv", network)
    lost_s = sum(gap.to_s - gap.from_s for gap in result.unmatched)
    times = [fix.time_s for fix in result.matched]
    assert lost_s < 0.05 * (times[-1] - times[0])


def test_a_reversed_copy_gets_no_metres() -> None:
    path = MATCHING / "dup_reversed" / "network.geojson"
    network = read_network(path)
    assert [link.link_id for link in network.links] == ["A", "B"]
    assert kinds(preview_network(path).faults) == [(3, "copy_reversed", "B2")]
    result = match_track(MATCHING / "dup_reversed" / "track.csv", network)
    assert set(result.credited_m) == {"A", "B"}


def metric(folder: Path, *lines: list[tuple[float, float]], **values: Any) -> Path:
    """Write lines in metres from a place in Saxony."""
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}}
    features = [
        feature([[400_000.0 + x, 5_650_000.0 + y] for x, y in line], link_id=f"L{k}", **values)
        for k, line in enumerate(lines, start=1)
    ]
    return geojson(folder, *features, crs=name)


def faults_of(path: Path) -> list[tuple[int, str]]:
    return [(fault.line, fault.kind.value) for fault in preview_network(path).faults]


STREET = [(0.0, 0.0), (50.0, 0.0), (100.0, 0.0)]


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([STREET, [(100.0, 0.0), (200.0, 0.0)]], []),
        ([STREET, [(100.2, 0.0), (200.0, 0.0)]], []),
        ([STREET, [(100.8, 0.0), (200.0, 0.0)]], [(1, "end_moved"), (2, "end_moved")]),
        ([STREET, [(102.0, 0.0), (200.0, 0.0)]], [(1, "end_short"), (2, "end_short")]),
        ([STREET, [(104.0, 0.0), (200.0, 0.0)]], []),
        ([STREET, [(30.0, 0.7), (30.0, 50.0)]], [(2, "end_moved")]),
        ([STREET, [(30.0, 2.0), (30.0, 50.0)]], [(2, "end_short")]),
        ([STREET, [(30.0, -40.0), (30.0, 40.0)]], [(1, "crossing_without_node")]),
        ([STREET, [(50.0, -40.0), (50.0, 0.0), (50.0, 40.0)]], []),
        ([STREET, [(0.0, 4.0), (100.0, 4.0)]], []),
        ([STREET, [(20.0, 0.1), (60.0, 0.1)]], [(2, "copy_partial"), (2, "copy")][:1]),
        ([STREET, [(100.0, 0.05), (0.0, 0.0)]], [(2, "copy_reversed")]),
        ([[(0, 0), (50, 0), (50, 50), (0.5, 0.5)]], [(1, "loop_closed")]),
        ([[(0, 0), (50, 0), (50, 50), (2.0, 0.5)]], [(1, "loop_open")]),
    ],
)
def test_what_is_wrong_where_lines_lie_is_told(
    tmp_path: Path, lines: list[list[tuple[float, float]]], faults: list[tuple[int, str]]
) -> None:
    assert faults_of(metric(tmp_path, *lines)) == faults


def test_ends_that_are_moved_meet(tmp_path: Path) -> None:
    path = metric(tmp_path, STREET, [(100.8, 0.0), (200.0, 0.0)], [(30.0, 0.7), (30.0, 50.0)])
    first, second, third = read_network(path).links
    np.testing.assert_allclose(first.xy_m[-1], second.xy_m[0])
    assert third.xy_m[0, 1] == pytest.approx(first.xy_m[0, 1], abs=0.01)


def test_two_one_ways_on_one_line_are_two_lanes(tmp_path: Path) -> None:
    path = metric(tmp_path, STREET, STREET[::-1], oneway="yes")
    assert faults_of(path) == []
    assert len(read_network(path).links) == 2
    assert faults_of(metric(tmp_path, STREET, STREET, oneway="yes")) == [(2, "copy")]


def test_a_bridge_crosses_without_a_node(tmp_path: Path) -> None:
    path = metric(tmp_path, STREET, [(30.0, -40.0), (30.0, 40.0)])
    collection = json.loads(path.read_text())
    collection["features"][1]["properties"]["bridge"] = "yes"
    path.write_text(json.dumps(collection))
    assert faults_of(path) == []


def test_a_copy_that_says_something_else_is_told_with_what(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, fk="A"), feature(MAIN, fk="B"))
    (fault,) = preview_network(path).faults
    assert fault.value.endswith("; road_class A / B")


def test_a_network_with_its_own_column_names_does_not_go_without_a_warning(tmp_path: Path) -> None:
    row = {"KENNUNG": "7", "BEZ": "Weg", "FUNKTION": "A"}
    network = read_network(table(tmp_path / "n.gpkg", [MAIN], [row]))
    assert told(network, "columns taken: none")
    assert told(network, "columns not used: kennung, bez, funktion")
    for word in ("side roads (class B)", "without an id", "asphalt"):
        assert told(network, word)[0].startswith("warning: ")
    kinds = {found.kind for found in preview_network(tmp_path / "n.gpkg").assumed}
    assert {Assumed.CLASS_SIDE_ROAD, Assumed.ID_BY_PLACE} < kinds


def test_the_id_is_of_one_column_that_names_each_line_once(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, id=1, OBJECTID=11), feature(SIDE, id=1, OBJECTID=12))
    assert [link.link_id for link in read_network(path).links] == ["11", "12"]
    partly = geojson(tmp_path, feature(MAIN, id="12"), feature(SIDE, OBJECTID=12))
    assert len({link.link_id for link in read_network(partly).links}) == 2


def beside(offset_m: float, *, turned: bool = False) -> list[tuple[float, float]]:
    line = [(x, offset_m) for x, _ in STREET]
    return line[::-1] if turned else line


@pytest.mark.parametrize(
    ("line", "values", "faults"),
    [
        (beside(0.7), {}, [(2, "double_line")]),
        (beside(0.7, turned=True), {}, [(2, "double_line")]),
        (beside(1.9), {"name": "Weg"}, [(2, "double_line")]),
        ([(10.0, 0.7), (60.0, 0.7)], {}, [(2, "double_line")]),
        ([(0.0, 0.7), (60.0, 0.7), (60.0, 90.0)], {}, []),
        (beside(0.7), {"name": "Anderer Weg"}, []),
        (beside(0.7), {"fk": "N"}, []),
        (beside(1.9), {"highway": "cycleway"}, []),
        (beside(2.5), {}, []),
    ],
)
def test_a_line_beside_another_of_its_street_is_told_as_a_copy_or_a_double_line(
    tmp_path: Path,
    line: list[tuple[float, float]],
    values: dict[str, Any],
    faults: list[tuple[int, str]],
) -> None:
    path = metric(tmp_path, STREET, line, name="Weg")
    collection = json.loads(path.read_text())
    collection["features"][1]["properties"] |= values
    path.write_text(json.dumps(collection))
    found = [fault for fault in faults_of(path) if fault[1] in {"double_line", "copy_partial"}]
    assert found == faults
    assert len(read_network(path).links) == 2


def test_the_carriageways_of_one_street_are_no_double_line(tmp_path: Path) -> None:
    path = metric(tmp_path, STREET, beside(1.5, turned=True), name="Weg", oneway="yes")
    assert "double_line" not in {kind for _, kind in faults_of(path)}


def test_lines_within_a_junction_are_no_double_lines(tmp_path: Path) -> None:
    path = metric(tmp_path, [(0.0, 0.0), (8.0, 0.0)], [(0.0, 1.5), (8.0, 1.5)], name="Weg")
    assert "double_line" not in {kind for _, kind in faults_of(path)}


@pytest.mark.parametrize(
    "text", ["NULL", "<Null>", "(null)", "-", "--", "\N{EN DASH}", "k.A.", "k. A.", "N/A", "#NV"]
)
def test_a_text_that_says_there_is_no_value_is_none(tmp_path: Path, text: str) -> None:
    path = geojson(
        tmp_path, feature(MAIN, id=text, name=text, strschl=text, belag=text, fk=text, oneway=text)
    )
    (link,) = read_network(path).links
    assert (link.street, link.street_key, link.surface.value) == ("", "", "asphalt")
    assert link.link_id != text
    assert preview_network(path).faults == ()
    assert told(read_network(path), "without a street name")


@pytest.mark.parametrize("text", ["-1", "A", "Am Null", "Nullweg", "NK 7"])
def test_a_text_that_says_something_is_kept(tmp_path: Path, text: str) -> None:
    (link,) = read_network(geojson(tmp_path, feature(MAIN, name=text))).links
    assert link.street == text


@pytest.mark.parametrize(
    "column", ["STR_NAME", "STRNAME", "Straßenname", "STRASSENNAME", "strassenna", "STR_BEZ"]
)
def test_the_names_of_streets_are_found_in_their_usual_columns(tmp_path: Path, column: str) -> None:
    (link,) = read_network(geojson(tmp_path, feature(MAIN, **{column: "Seeweg"}))).links
    assert link.street == "Seeweg"


@pytest.mark.parametrize(
    ("given", "surface"),
    [
        *((text, "asphalt") for text in ("Asphalt/Bitumen", "bituminös", "Bituminöse Decke")),
        *((text, "asphalt") for text in ("Gussasphalt", "Splittmastixasphalt", "Asphaltdecke")),
        *((text, "asphalt") for text in ("ASPHALT", "Asphaltbefestigung (alt)", "Bitum.")),
        *((text, "paving") for text in ("Pflaster/Naturstein", "Natursteinpflaster")),
        *((text, "paving") for text in ("Betonpflaster", "Kopfsteinpflaster", "Pflasterbelag")),
        *((text, "other") for text in ("Beton", "Betondecke", "wassergebundene Decke", "Schotter")),
        *((text, "?") for text in ("Asphalt/Pflaster", "Asphalt auf Pflaster", "Asphaltfräsgut")),
        *((text, "?") for text in ("Decke", "befestigt", "Betonplatten", "7", "Pappe")),
    ],
)
def test_a_surface_is_understood_in_the_words_of_towns_or_told(
    tmp_path: Path, given: str, surface: str
) -> None:
    path = geojson(tmp_path, feature(MAIN, belag=given))
    (link,) = read_network(path).links
    assert link.surface.value == ("other" if surface == "?" else surface)
    told_as = {fault.kind.value for fault in preview_network(path).faults}
    assert told_as == ({"surface_unknown"} if surface == "?" else set())


def test_a_table_in_the_mapping_says_what_surfaces_mean(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, BAUART=1), feature(SIDE, BAUART=2))
    (tmp_path / "n.mapping.toml").write_text(
        'surface = "BAUART"\n[surface_values]\n1 = "asphalt"\n2 = "paving"\n'
    )
    assert [link.surface.value for link in read_network(path).links] == ["asphalt", "paving"]
    assert preview_network(path).faults == ()


@pytest.mark.parametrize(
    ("values", "width_m", "fault"),
    [
        ({"breite": 6.5}, 3.25, None),
        ({"breite": "6,5 m"}, 3.25, None),
        ({"breite": "650 cm"}, 3.25, None),
        ({"breite": 650}, None, "width_unit"),
        ({"lane_width": 325}, None, "width_unit"),
        ({"breite": 16.0}, None, "width_implausible"),
        ({"breite": 16.0, "lanes": 4}, 4.0, None),
        ({"breite": "breit"}, None, "width_implausible"),
        ({"breite": 0}, None, None),
        ({"breite": 350, "oneway": "ja"}, None, "width_unit"),
    ],
)
def test_a_width_in_another_unit_is_told_as_that(
    tmp_path: Path, values: dict[str, Any], width_m: float | None, fault: str | None
) -> None:
    path = geojson(tmp_path, feature(MAIN, **values))
    (link,) = read_network(path).links
    assert link.lane_width_m == pytest.approx(width_m or 3.5)
    assert link.lane_width_source == ("network" if width_m else "scheme")
    assert [found.kind.value for found in preview_network(path).faults] == (
        [fault] if fault else []
    )


def test_the_mapping_says_the_unit_of_widths(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(MAIN, breite=650), feature(SIDE, breite="7 m"))
    mapping = tmp_path / "n.mapping.toml"
    mapping.write_text('width_unit = "cm"\n')
    assert [link.lane_width_m for link in read_network(path).links] == [3.25, 3.5]
    assert preview_network(path).faults == ()
    mapping.write_text('width_unit = "ell"\n')
    with pytest.raises(RoadscanError, match="known units: m, dm, cm, mm"):
        read_network(path)


@pytest.mark.parametrize("values", [["A", "B"], ["A", "A"], ["B", "B"], ["b", "a"]])
def test_a_and_b_alone_may_be_owners_and_are_asked_for(tmp_path: Path, values: list[str]) -> None:
    path = geojson(
        tmp_path, *(feature(line, KLASSE=v) for line, v in zip((MAIN, SIDE), values, strict=True))
    )
    network = read_network(path)
    assert {link.road_class for link in network.links} == {RoadClass.B}
    assert told(network, "because no class was given")
    assert told(network, "may be classes or owners")
    assert [fault.kind.value for fault in preview_network(path).faults] == ["class_doubtful"] * 2
    (tmp_path / "n.mapping.toml").write_text('road_class = "KLASSE"')
    chosen = read_network(path)
    assert [link.road_class.value for link in chosen.links] == [value.upper() for value in values]
    assert not told(chosen, "may be classes or owners")
