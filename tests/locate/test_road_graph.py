import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.road_graph import DEAD_END_M, SNAP_M, UTURN_M, RoadGraph, road_graph
from tests.locate.roads import grid_town, link, network

FAR_M = 1e6


def edge_of(graph: RoadGraph, link_id: str, *, forward: bool = True, at_m: float = 0.0) -> int:
    ids = [road.link_id for road in graph.network.links]
    here = (graph.link == ids.index(link_id)) & (graph.forward == forward)
    here &= (graph.from_m <= at_m) & (at_m < graph.to_m)
    (edge,) = np.flatnonzero(here)
    return int(edge)


def test_a_link_has_an_edge_for_each_direction_that_may_be_driven() -> None:
    graph = road_graph(
        network(
            link("both", [(0, 0), (50, 0)]),
            link("on", [(50, 0), (90, 0)], backward=False),
            link("back", [(50, 0), (50, 40)], forward=False),
            link("closed", [(50, 0), (50, -40)], forward=False, backward=False),
        )
    )
    directed = sorted(
        (graph.network.links[n].link_id, bool(f))
        for n, f in zip(graph.link, graph.forward, strict=True)
    )
    assert directed == [("back", False), ("both", False), ("both", True), ("on", True)]
    both, back = edge_of(graph, "both"), edge_of(graph, "both", forward=False)
    assert graph.reverse[both] == back
    assert graph.reverse[back] == both
    assert graph.reverse[edge_of(graph, "on")] == -1
    assert set(graph.following[both]) == {edge_of(graph, "on"), back}


@pytest.mark.parametrize("apart_m", [0.0, 0.2, 0.5])
def test_ends_meet_within_the_snapping_distance(apart_m: float) -> None:
    graph = road_graph(
        network(link("a", [(0, 0), (50, 0)]), link("b", [(50 + apart_m, 0), (90, 0)]))
    )
    meet = edge_of(graph, "b") in graph.following[edge_of(graph, "a")]
    assert meet == (apart_m <= SNAP_M)


def test_an_end_on_the_inside_of_a_link_cuts_it_there_and_offsets_stay() -> None:
    graph = road_graph(
        network(link("through", [(0, 0), (60, 0), (60, 40)]), link("stem", [(35, -20), (35, 0.2)]))
    )
    through = np.flatnonzero((graph.link == 0) & graph.forward)
    assert graph.from_m[through].tolist() == pytest.approx([0.0, 35.0])
    assert graph.to_m[through].tolist() == pytest.approx([35.0, 100.0])
    onward = {(int(graph.link[e]), bool(graph.forward[e])) for e in graph.following[through[0]]}
    assert onward == {(0, True), (0, False), (1, False)}


def test_a_link_that_ends_on_itself_closes_a_loop() -> None:
    loop = [(0, 0), (50, 0), (80, 0), (80, 30), (50, 30), (50, 0)]
    graph = road_graph(network(link("loop", loop)))
    assert graph.length_m[graph.forward].tolist() == pytest.approx([50.0, 120.0])
    stem, ring = edge_of(graph, "loop"), edge_of(graph, "loop", at_m=60.0)
    assert set(graph.following[ring]) == {int(graph.reverse[stem]), ring, int(graph.reverse[ring])}


def test_links_of_different_levels_meet_only_at_their_ends() -> None:
    crossing = road_graph(
        network(
            link("below", [(0, 0), (50, 0), (100, 0)]),
            link("bridge", [(50, -50), (50, 0), (50, 50)], level=1),
            link("stair", [(25, 20), (25, 0)], level=1),
        )
    )
    assert len(crossing.link) == 6
    ramp = road_graph(
        network(link("road", [(0, 0), (50, 0)]), link("bridge", [(50, 0), (90, 0)], level=1))
    )
    assert edge_of(ramp, "bridge") in ramp.following[edge_of(ramp, "road")]


def test_turning_round_costs_more_where_the_road_goes_on() -> None:
    graph = road_graph(
        network(
            link("a", [(0, 0), (50, 0)]),
            link("b", [(50, 0), (90, 0)]),
            link("c", [(50, 0), (50, 30)]),
        )
    )
    a, b = edge_of(graph, "a"), edge_of(graph, "b")
    a_back, b_back = (edge_of(graph, name, forward=False) for name in "ab")
    ways = graph.ways_from(a, FAR_M)
    assert ways[b][0] == 0.0
    assert ways[a_back][0] == UTURN_M
    assert ways[b_back][0] == pytest.approx(40.0 + DEAD_END_M)
    assert graph.path(a, b_back, FAR_M) == [b]


def test_a_smaller_limit_gives_a_part_of_the_same_ways() -> None:
    town = grid_town(4)
    far, near = road_graph(town), road_graph(town)
    for edge in range(0, len(far.link), 7):
        wide, narrow = far.ways_from(edge, 400.0), near.ways_from(edge, 150.0)
        assert narrow == {e: way for e, way in wide.items() if way[0] <= 150.0}
        assert near.ways_from(edge, 400.0) == wide


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.integers(0, 3)] * 4, st.booleans(), st.booleans()), min_size=1, max_size=10
    )
)
def test_ways_are_the_shortest_ones(
    drawn: list[tuple[int, int, int, int, bool, bool]],
) -> None:
    straight = [
        link(f"{n}", [(97.0 * a, 89.0 * b), (97.0 * c, 89.0 * d)], forward=f, backward=g, level=n)
        for n, (a, b, c, d, f, g) in enumerate(drawn)
        if (a, b) != (c, d)
    ]
    if not any(road.forward or road.backward for road in straight):
        return
    graph = road_graph(network(*straight))
    cost = _all_ways(graph)
    for edge in range(len(graph.link)):
        ways = graph.ways_from(edge, FAR_M)
        expected = {e: m for e, m in enumerate(cost[edge]) if np.isfinite(m)}
        assert {e: way[0] for e, way in ways.items()} == pytest.approx(expected)


def _all_ways(graph: RoadGraph) -> np.ndarray:
    """Floyd and Warshall's algorithm over edges; cost from the end of one to the start of one."""
    count = len(graph.link)
    cost = np.full((count, count), np.inf)
    for edge in range(count):
        for onto in graph.following[edge]:
            turn_m = UTURN_M if len(graph.following[edge]) > 1 else DEAD_END_M
            cost[edge, onto] = turn_m if graph.reverse[edge] == onto else 0.0
    for over in range(count):
        by_way = cost[:, over, None] + graph.length_m[over] + cost[None, over, :]
        cost = np.minimum(cost, by_way)
    return cost


def test_many_links_on_one_point_are_one_node() -> None:
    star = [(float(np.cos(k)), float(np.sin(k))) for k in range(300)]
    graph = road_graph(
        network(*(link(f"{k}", [(0, 0), (90 * x, 90 * y)]) for k, (x, y) in enumerate(star)))
    )
    inward = edge_of(graph, "0", forward=False)
    assert len(graph.following[inward]) == 300
