"""OpenStreetMap: ways become links between the nodes they share."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely

from roadscan.errors import RoadscanError
from roadscan.model.road import Link, RoadClass, Surface
from roadscan.read.network import read_network
from roadscan.read.road_tags import (
    is_drawn_from_osm,
    is_driven,
    kind_of,
    kind_width_m,
    road_class_of,
)

EXTRACTS = {
    "dreieich.osm.pbf": 275,
    "bayreuth_nord.osm.pbf": 842,
    "karlsruhe-kirchfeld.osm.pbf": 465,
    "heidelberg.osm.pbf": 10_711,
}
"""With the number of roads that the material's own notes count in each."""


def osm(folder: Path, *ways: tuple[int, list[int], dict[str, str]], missing: int = 0) -> Path:
    """Write ways over nodes 1, 2, 3 ... that lie 70 m apart along a parallel."""
    nodes = sorted({node for _, refs, _ in ways for node in refs} - {missing})
    lines = [f'<node id="{n}" version="1" lat="51.0" lon="{13.7 + n / 1000}"/>' for n in nodes]
    for way_id, refs, tags in ways:
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        inner += "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        lines.append(f'<way id="{way_id}" version="1">{inner}</way>')
    path = folder / "n.osm"
    path.write_text(f'<osm version="0.6">{"".join(lines)}</osm>', encoding="utf-8")
    return path


def links(path: Path) -> dict[str, Link]:
    return {link.link_id: link for link in read_network(path).links}


ROAD = {"highway": "residential"}


def test_ways_are_cut_where_another_road_meets_them(tmp_path: Path) -> None:
    found = links(osm(tmp_path, (10, [1, 2, 3, 4], ROAD), (20, [3, 7], ROAD)))
    assert set(found) == {"w10-0", "w10-1", "w20-0"}
    assert [len(found[name].xy_m) for name in ("w10-0", "w10-1", "w20-0")] == [3, 2, 2]
    np.testing.assert_array_equal(found["w10-0"].xy_m[-1], found["w20-0"].xy_m[0])


def test_a_footway_across_a_road_cuts_nothing_and_is_no_link(tmp_path: Path) -> None:
    found = links(osm(tmp_path, (10, [1, 2, 3], ROAD), (20, [2, 7], {"highway": "footway"})))
    assert set(found) == {"w10-0"}


def test_a_way_that_meets_itself_is_cut_there(tmp_path: Path) -> None:
    assert len(links(osm(tmp_path, (10, [1, 2, 3, 4, 2], ROAD)))) == 2


def test_nothing_is_drawn_across_a_missing_node(tmp_path: Path) -> None:
    found = links(osm(tmp_path, (10, [1, 2, 3, 4, 5], ROAD), missing=3))
    assert set(found) == {"w10-0", "w10-1"}
    assert max(shapely.LineString(link.xy_m).length for link in found.values()) < 75.0


@pytest.mark.parametrize("name", ["n.xml", "N.OSM", "http:n.osm", "n.osm.bz2.osm"])
def test_the_name_of_a_file_says_its_format_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = osm(tmp_path, (10, [1, 2], ROAD)).rename(tmp_path / name)
    assert set(links(path)) == {"w10-0"}


def test_an_area_and_what_is_no_road_are_left_out(tmp_path: Path) -> None:
    path = osm(
        tmp_path,
        (10, [1, 2], ROAD),
        (20, [2, 3, 4, 2], {"highway": "service", "area": "yes"}),
        (30, [4, 5], {"railway": "tram"}),
        (40, [5, 6], {"highway": "proposed"}),
    )
    assert set(links(path)) == {"w10-0"}


def test_tags_say_what_a_link_is(tmp_path: Path) -> None:
    tags = {"highway": "tertiary", "name": "Süd&#10;straße", "surface": "sett", "oneway": "-1"}
    tags |= {"lanes": "2", "width": "7", "maxspeed": "100", "bridge": "yes", "layer": "1"}
    road, roundabout = links(
        osm(
            tmp_path,
            (10, [1, 2], tags),
            (20, [3, 4, 5, 3], {"highway": "primary", "junction": "roundabout", "ref": "B 173"}),
        )
    ).values()
    assert (road.street, road.road_class, road.surface) == (
        "Süd straße",
        RoadClass.A,
        Surface.PAVING,
    )
    assert (road.forward, road.backward, road.level, road.outside_town) == (False, True, 1, True)
    assert (road.lane_width_m, road.lane_width_source) == (3.5, "network")
    assert (roundabout.forward, roundabout.backward) == (True, False)
    assert roundabout.street == "B 173"


def test_link_ids_stay_when_other_roads_are_added_elsewhere(tmp_path: Path) -> None:
    before = links(osm(tmp_path, (10, [1, 2, 3], ROAD)))
    after = links(osm(tmp_path, (5, [8, 9], ROAD), (10, [1, 2, 3], ROAD)))
    np.testing.assert_array_equal(before["w10-0"].xy_m, after["w10-0"].xy_m)


def test_what_an_editor_drew_and_never_uploaded_has_no_places(tmp_path: Path) -> None:
    path = tmp_path / "n.osm"
    path.write_text(
        '<osm version="0.6"><node id="-1" lat="51" lon="13.7"/><node id="-2" lat="51" lon="13.8"/>'
        '<way id="-3"><nd ref="-1"/><nd ref="-2"/><tag k="highway" v="service"/></way></osm>'
    )
    with pytest.raises(RoadscanError) as caught:
        read_network(path)
    assert caught.value.code == "network_no_lines"


@pytest.mark.parametrize("name", EXTRACTS)
def test_every_real_road_is_in_the_network_and_roads_meet_at_their_ends(
    real_data: Path, name: str
) -> None:
    network = read_network(real_data / "osm" / name)
    assert network.crs_epsg == 25832
    ways = {link.link_id.split("-")[0] for link in network.links}
    assert len(ways) == pytest.approx(EXTRACTS[name], rel=0.15)
    ends = Counter(
        tuple(place) for link in network.links for place in np.round(link.xy_m[[0, -1]], 3)
    )
    inner = {tuple(place) for link in network.links for place in np.round(link.xy_m[1:-1], 3)}
    assert sum(count > 1 for count in ends.values()) > len(network.links) / 2
    # An end inside another link would be a junction that was missed. Places can coincide without
    # a shared node (one road over another), but hardly ever.
    assert len(inner & set(ends)) <= len(network.links) / 1000


def test_a_real_network_has_all_classes_that_its_highways_say(real_data: Path) -> None:
    network = read_network(real_data / "osm" / "bayreuth_nord.osm.pbf")
    counts = Counter(link.road_class for link in network.links)
    assert counts[RoadClass.A] > 100
    assert counts[RoadClass.B] > counts[RoadClass.A]
    assert counts[RoadClass.N] == 0
    assert 0.05 < np.mean([link.outside_town for link in network.links]) < 0.5


def test_the_table_of_highways_agrees_with_itself() -> None:
    for highway in ("motorway_link", "primary", "tertiary_link"):
        assert road_class_of("", highway) is RoadClass.A
        assert is_drawn_from_osm({"highway": highway})
    for highway in ("unclassified", "residential", "living_street", "service"):
        assert road_class_of("", highway) is RoadClass.B
        assert is_driven(highway)
    for highway in ("footway", "cycleway", "path", "parking"):
        assert road_class_of("", highway) is RoadClass.N
        assert not is_drawn_from_osm({"highway": highway})
    for highway in ("footway", "cycleway", "path", "track", "pedestrian"):
        assert is_drawn_from_osm({"highway": highway}, paths=True)
        assert kind_width_m(kind_of({"highway": highway})) is not None
    assert not is_drawn_from_osm({"highway": "footway", "footway": "sidewalk"}, paths=True)
    assert is_driven("")
    assert not is_driven("footway")


def test_what_is_no_openstreetmap_data_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "n.osm.pbf"
    path.write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader" + bytes(range(200)))
    with pytest.raises(RoadscanError) as caught:
        read_network(path)
    assert caught.value.code == "network_malformed"
