"""The drawing of a network, and scale bars."""

import re
from xml.etree import ElementTree as ET

import numpy as np

from roadscan.model.road import Link, Network, RoadClass, Surface
from roadscan.publish.network_drawing import MARGIN, MAX_HEIGHT, WIDTH, draw_network, scale_bar

SVG = "{http://www.w3.org/2000/svg}"


def link(number, xy_m, **changes):
    usual = {
        "street": "",
        "street_key": "",
        "road_class": RoadClass.B,
        "surface": Surface.ASPHALT,
        "lane_width_m": 3.5,
        "lane_width_source": "network",
        "forward": True,
        "backward": True,
        "outside_town": False,
    }
    return Link(link_id=f"L{number}", xy_m=np.array(xy_m, float), **usual | changes)


def drawn(*links):
    """Return the picture and its paths: lines, as absolute points, of side, main and unscored."""
    text = draw_network(Network(links, 25833, "0" * 64, "n"))
    svg = ET.fromstring(text)  # noqa: S314 -- ours
    return svg, [_lines(path.get("d")) for path in svg.find(f"{SVG}g")]


def _lines(data):
    found = []
    for text in filter(None, data.split("M")):
        start, steps = text.split("l")
        points = np.array([start.split(), *np.array(steps.split()).reshape(-1, 2)], int)
        found.append(points.cumsum(axis=0))
    return found


def test_north_is_up_and_the_longer_side_fills_the_picture():
    svg, (side, _, _) = drawn(link(0, [(0, 0), (1000, 0), (1000, 500)]))
    (line,) = side
    assert line[0].tolist() == [MARGIN, MARGIN + 960]
    assert line[-1].tolist() == [WIDTH - MARGIN, MARGIN]
    assert int(svg.get("height")) == 960 + 4 * MARGIN


def test_a_network_that_runs_north_is_no_higher_than_a_window():
    svg, (side, _, _) = drawn(link(0, [(0, 0), (0, 90_000)]), link(1, [(0, 0), (10, 0)]))
    assert int(svg.get("height")) <= MAX_HEIGHT + 2 * MARGIN
    assert abs(side[0][0][0] - WIDTH / 2) <= 1


def test_main_roads_side_roads_and_unscored_links_are_drawn_apart():
    _, (side, main, unscored) = drawn(
        link(0, [(0, 0), (100, 0)]),
        link(1, [(0, 10), (100, 10)], road_class=RoadClass.A),
        link(2, [(0, 20), (100, 20)], surface=Surface.PAVING),
        link(3, [(0, 30), (100, 30)], forward=False, backward=False),
    )
    assert [len(lines) for lines in (side, main, unscored)] == [1, 1, 2]


def test_what_is_too_small_to_be_seen_is_not_drawn_and_nothing_twice():
    far = link(0, [(0, 0), (200_000, 0)])
    dot = link(1, [(50, 50), (51, 50)])
    same = [link(k, [(0, 900), (40_000, 900)]) for k in (2, 3)]
    _, (side, _, _) = drawn(far, dot, *same)
    assert len(side) == 2


def test_the_scale_is_a_round_length_of_the_right_size():
    svg, _ = drawn(link(0, [(0, 0), (9600, 0)]))
    assert svg.find(f"{SVG}text").text == "2 km"
    bar = svg.findall(f"{SVG}path")[-1].get("d")
    assert int(re.search(r"h(\d+)", bar).group(1)) == 400  # of 1920 units that are 9600 m


def test_names_of_streets_do_not_get_into_the_drawing():
    text = draw_network(
        Network((link(0, [(0, 0), (9, 9)], street="<script>"),), 25833, "0" * 64, "<script>")
    )
    assert "script" not in text


def test_a_scale_bar_has_the_longest_round_length_that_fits():
    bars = {longest_m: scale_bar(longest_m) for longest_m in (1.0, 4.9, 60.0, 999.0, 1000.0, 2.4e4)}
    assert [bar.length_m for bar in bars.values()] == [1.0, 2.0, 50.0, 500.0, 1000.0, 20_000.0]
    assert bars[999.0].label == "500 m"
    assert bars[2.4e4].label == "20 km"
