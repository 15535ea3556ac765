"""Matching to the roads near a path gives what matching to all of them gives."""

from dataclasses import fields, replace

import numpy as np
import pytest

from roadscan.locate.map_matching import match_path
from roadscan.locate.roads_near import links_near
from roadscan.model.link_table import LinkTable
from roadscan.model.road import LinkKind, MatchedPath, Network
from tests.locate.roads import drive, grid_town, link, network

whole = match_path.__wrapped__  # type: ignore[attr-defined]  # of functools.wraps
TOWN = grid_town(30)
"""2.7 km each way."""


def same(a: MatchedPath, b: MatchedPath) -> bool:
    pairs = [(getattr(a, one.name), getattr(b, one.name)) for one in fields(MatchedPath)]
    return all(
        np.array_equal(x, y, equal_nan=x.dtype.kind == "f") if isinstance(x, np.ndarray) else x == y
        for x, y in pairs
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rate_hz", [1.0, 0.2])
def test_the_rest_of_the_network_changes_nothing(seed: int, rate_hz: float) -> None:
    rng = np.random.default_rng(seed)
    corner = np.array([rng.integers(0, 20), rng.integers(0, 20)]) * 90.0
    way = [corner + np.array(step) * 90.0 for step in ((0, 0), (3, 0), (3, 2), (6, 2), (6, 5))]
    path = drive(np.array(way), rate_hz=rate_hz, right_m=1.5, noise_m=3.0, seed=seed)
    assert len(links_near(path, TOWN)) < len(TOWN.links)
    matched = match_path(path, TOWN)
    assert same(matched, whole(path, TOWN))
    assert (matched.link >= 0).mean() > 0.5


def test_links_in_a_table_are_matched_alike() -> None:
    path = drive([(20.0, -2.0), (250.0, -2.0)])
    table = replace(TOWN, links=LinkTable.of(TOWN.links))
    assert same(match_path(path, table), match_path(path, TOWN))


def test_a_path_far_from_every_road_is_unmatched() -> None:
    path = drive([(20.0, -20_000.0), (250.0, -20_000.0)])
    assert (match_path(path, TOWN).link == -1).all()
    alone: Network = network(link("a", [(0.0, 0.0), (100.0, 0.0)]))
    assert (match_path(path, alone).link == -1).all()


def test_where_only_closed_ways_are_near_nothing_is_matched() -> None:
    path = drive([(20.0, -2.0), (250.0, -2.0)])
    closed = replace(link("a", [(0.0, 0.0), (300.0, 0.0)]), kind=LinkKind.FOOTWAY)
    far = link("far", [(0.0, 90_000.0), (300.0, 90_000.0)])
    matched = match_path(path, network(closed, far))
    assert (matched.link == -1).all()
    assert same(matched, whole(path, network(closed, far)))
