"""Parts of a network that nothing connects with the rest are told with their lengths."""

from pathlib import Path

from roadscan.read.network import preview_network, read_network
from tests.read.test_network_cases import metric, told


def test_a_part_that_is_not_connected_is_told_with_its_length(tmp_path: Path) -> None:
    path = metric(
        tmp_path,
        [(0.0, 0.0), (100.0, 0.0)],
        [(100.0, 0.0), (200.0, 0.0)],
        [(50.0, 0.1), (50.0, 60.0)],
        [(0.0, 500.0), (40.0, 500.0)],
        [(40.0, 500.0), (70.0, 500.0)],
        [(900.0, 0.0), (910.0, 0.0)],
    )
    look = preview_network(path)
    assert [(one.line, one.link_id, one.links, one.length_m) for one in look.islands] == [
        (4, "L4", 2, 70.0),
        (6, "L6", 1, 10.0),
    ]
    assert (look.all_islands.islands, look.all_islands.links) == (2, 3)
    assert look.all_islands.length_m == 80.0
    (remark,) = told(read_network(path), "not connected")
    assert remark.startswith("warning: 2 x not connected with the rest of the network, 0.08 km")
    assert "2 links, 70 m from line 4 (L4)" in remark


def test_lines_that_cross_at_a_vertex_or_touch_are_connected(tmp_path: Path) -> None:
    path = metric(
        tmp_path,
        [(0.0, 0.0), (50.0, 0.0), (100.0, 0.0)],
        [(50.0, -50.0), (50.0, 0.0), (50.0, 50.0)],
        [(80.0, 0.2), (80.0, 60.0)],
    )
    assert preview_network(path).islands == ()
    assert not told(read_network(path), "not connected")
