"""Ids of lines that have none: they outlast small moves."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from roadscan.model.road import Network
from roadscan.read.network import read_network
from tests.read.test_network_cases import told

Lines = list[list[tuple[float, float]]]


def write(folder: Path, lines: Lines, name: str = "n.geojson") -> Path:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}}
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for line in lines
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, "crs": crs}))
    return path


def town(blocks: int = 8) -> Lines:
    """Streets of 70 to 90 m, split at every crossing, with a vertex between."""
    lines: Lines = []
    for row in range(blocks):
        for column in range(blocks):
            x, y = 400_000.3 + 90.0 * column, 5_650_000.7 + 70.0 * row
            lines += [[(x, y), (x + 40.0, y + 3.0), (x + 90.0, y)], [(x, y), (x, y + 70.0)]]
    return lines


def moved(lines: Lines, by_m: float, seed: int = 1) -> Lines:
    """Move every vertex by up to so much, those in one place together."""
    rng, known = np.random.default_rng(seed), dict[tuple[float, float], tuple[float, float]]()
    for line in lines:
        for x, y in line:
            dx, dy = rng.uniform(-by_m, by_m, 2)
            known.setdefault((x, y), (x + dx, y + dy))
    return [[known[place] for place in line] for line in lines]


def ids(network: Network) -> list[str]:
    return [link.link_id for link in network.links]


@pytest.mark.parametrize("seed", range(5))
def test_moving_every_vertex_by_two_centimetres_keeps_most_ids(tmp_path: Path, seed: int) -> None:
    first = read_network(write(tmp_path, town()))
    second = read_network(write(tmp_path, moved(town(), 0.02, seed)))
    same = sum(a == b for a, b in zip(ids(first), ids(second), strict=True))
    assert same > 0.9 * len(first.links)
    assert told(first, "warning: ")
    assert any("without an id" in remark for remark in first.remarks)


@pytest.mark.parametrize("by_m", [0.0, 0.02, 0.5, 1.5])
def test_a_network_that_replaces_another_keeps_the_ids_of_its_roads(
    tmp_path: Path, by_m: float
) -> None:
    first = read_network(write(tmp_path, moved(town(), 0.4, 7)))
    path = write(tmp_path, moved(moved(town(), 0.4, 7), by_m))
    second = read_network(path, before=first)
    assert ids(second) == ids(first)
    assert told(second, f"{len(first.links)} of {len(first.links)} links without an id are roads")
    again = read_network(path, before=first)
    assert again.sha256 == second.sha256
    if ids(read_network(path)) != ids(second):
        assert read_network(path).sha256 != second.sha256


def test_new_turned_and_cut_roads_have_new_ids(tmp_path: Path) -> None:
    first = read_network(write(tmp_path, town(2)))
    lines = town(2)
    lines[0] = lines[0][::-1]
    (start, middle, end) = lines[2]
    lines[2:3] = [[start, middle], [middle, end]]
    lines.append([(401_000.0, 5_651_000.0), (401_080.0, 5_651_000.0)])
    second = read_network(write(tmp_path, lines), before=first)
    known = set(ids(first))
    assert [link_id in known for link_id in ids(second)] == [
        *(False, True, False, False),
        *(True for _ in lines[4:-1]),
        False,
    ]
    assert len(set(ids(second))) == len(lines)


def test_an_order_of_lines_does_not_matter(tmp_path: Path) -> None:
    first = read_network(write(tmp_path, town(4)))
    second = read_network(write(tmp_path, moved(town(4), 1.0)[::-1]), before=first)
    assert ids(second) == ids(first)[::-1]


def test_a_network_of_another_zone_is_compared_on_the_ground(tmp_path: Path) -> None:
    first = read_network(write(tmp_path, town(2)))
    shifted = first.crs_epsg - 1
    change = Transformer.from_crs(first.crs_epsg, shifted, always_xy=True)
    links = tuple(
        replace(link, xy_m=np.column_stack(change.transform(*link.xy_m.T)), link_id=f"old{k}")
        for k, link in enumerate(first.links)
    )
    before = replace(first, links=links, crs_epsg=shifted)
    second = read_network(write(tmp_path, moved(town(2), 0.5)), before=before)
    assert ids(second) == [link.link_id for link in links]
