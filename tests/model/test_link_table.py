"""Links in arrays are the links that were put in."""

from dataclasses import fields, replace

import numpy as np

from roadscan.model.link_table import LARGE, LinkTable, bounds_of, kept
from roadscan.model.road import Link, RegisterEntry, RoadClass, Surface
from tests.locate.roads import grid_town, link

ENTRY = RegisterEntry("11", "12", 200.0, None, (("plz", "04275"),))


def some() -> list[Link]:
    plain = link("a", [(0, 0), (10, 5), (20, -3)])
    rich = replace(
        link("ä", [(5, 5), (6, 9)], level=-1, backward=False),
        road_class=RoadClass.N,
        surface=Surface.OTHER,
        register=ENTRY,
        junctions=((0.0, "Mühlenweg"), (4.5, "Kirschweg")),
    )
    return [plain, rich]


def test_a_link_comes_out_as_it_went_in() -> None:
    links = some()
    table = LinkTable.of(links)
    assert len(table) == 2
    for given, found in zip(links, table, strict=True):
        for one in fields(Link):
            a, b = getattr(given, one.name), getattr(found, one.name)
            assert np.array_equal(a, b) if one.name == "xy_m" else a == b
            assert type(a) is type(b)
    assert table[-1].link_id == "ä"
    assert [found.link_id for found in table[:1]] == ["a"]


def test_the_bounds_of_links_are_the_same_in_a_table_and_as_objects() -> None:
    links = some()
    np.testing.assert_array_equal(bounds_of(LinkTable.of(links)), bounds_of(links))
    low, high = links[0].xy_m.min(axis=0), links[0].xy_m.max(axis=0)
    np.testing.assert_array_equal(bounds_of(links)[0], [*low, *high])
    assert bounds_of(()).shape == bounds_of(LinkTable.of([])).shape == (0, 4)


def test_only_many_links_are_kept_in_a_table() -> None:
    links = grid_town(2).links
    assert isinstance(kept(links, len(links)), tuple)
    assert isinstance(kept(links, LARGE), LinkTable)
