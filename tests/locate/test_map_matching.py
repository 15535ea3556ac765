from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.locate.clean_track import clean_track
from roadscan.locate.map_matching import match_path
from roadscan.model.arrays import Floats
from roadscan.model.road import Direction, LinkKind, MatchedPath, Network, Vehicle
from tests.locate.drives import CRS_EPSG, STARTED_S, metric_track
from tests.locate.roads import (
    ORIGIN,
    along,
    circle,
    correlated_noise,
    drive,
    grid_town,
    link,
    links_of,
    network,
    raw_drive,
)

STRAIGHT = network(link("a", [(0, 0), (200, 0)]), link("b", [(400, 0), (200, 0)]))

LOOPED = network(
    *grid_town(3).links,
    link("ring", circle(40.0, 0.0, 360.0) + np.array([135.0, 135.0])),
    link("lollipop", [(270, 270), (300, 300), (340, 300), (340, 340), (300, 340), (300, 300)]),
    link("one way", [(0, 45), (270, 45)], backward=False),
)
"""Streets, a closed ring that nothing meets, a loop on a stem, and a one-way street."""


def test_a_drive_along_a_street_lies_on_it_with_its_offsets() -> None:
    matched = match_path(drive([(20, -2), (380, -2)]), STRAIGHT)

    driven_m = 20.0 + 10.0 * np.arange(len(matched.t_s))
    on_a = driven_m < 200.0
    sure = np.abs(driven_m - 200.0) > 1.0
    assert links_of(matched, STRAIGHT) == ["a", "b"]
    np.testing.assert_array_equal(matched.forward[sure], on_a[sure])
    expected = np.where(on_a, driven_m, 400.0 - driven_m)
    np.testing.assert_allclose(matched.offset_m[sure], expected[sure], atol=0.3)
    np.testing.assert_allclose(matched.left_m, -2.0, atol=0.1)
    assert matched.credited_m == pytest.approx({"a": 180.0, "b": 180.0}, abs=0.5)
    assert matched.unmatched == ()


def test_left_is_left_of_the_direction_of_travel() -> None:
    back = match_path(drive([(380, 2), (20, 2)]), STRAIGHT)

    assert links_of(back, STRAIGHT) == ["b", "a"]
    np.testing.assert_allclose(back.left_m, -2.0, atol=0.1)


def test_the_fixes_own_accuracy_is_told_and_a_road_far_beside_widens_it() -> None:
    near = match_path(drive([(20, -2), (380, -2)]), STRAIGHT)
    beside = match_path(drive([(20, -9), (380, -9)]), STRAIGHT)

    np.testing.assert_allclose(near.accuracy_m, 3.0)
    np.testing.assert_allclose(beside.accuracy_m, np.hypot(3.0, 6.0), atol=0.1)


@pytest.mark.parametrize("seed", range(12))
def test_routes_are_without_holes_and_say_what_the_fixes_say(seed: int) -> None:
    town = grid_town()
    path = drive(_random_walk(seed), right_m=1.5, noise_m=3.5, seed=seed)
    matched = match_path(path, town)

    assert len(matched.t_s) == len(path.t_s)
    lines = [shapely.LineString(road.xy_m) for road in town.links]
    for step in matched.route:
        length_m = lines[step.link].length
        driven_m = (step.to_offset_m - step.from_offset_m) * step.direction.sign
        assert driven_m == pytest.approx(step.to_route_m - step.from_route_m)
        assert driven_m > 0.0
        assert min(step.from_offset_m, step.to_offset_m) >= -1e-6
        assert max(step.from_offset_m, step.to_offset_m) <= length_m + 1e-6
    for before, step in zip(matched.route, matched.route[1:], strict=False):
        if before.leg == step.leg:
            assert before.to_route_m == pytest.approx(step.from_route_m)
            end = lines[before.link].interpolate(before.to_offset_m)
            assert end.distance(lines[step.link].interpolate(step.from_offset_m)) < 0.5
        else:
            assert step.from_route_m >= before.to_route_m
    _check_rows(matched)
    total_m = sum(step.to_route_m - step.from_route_m for step in matched.route)
    assert sum(matched.credited_m.values()) == pytest.approx(total_m)


def _check_rows(matched: MatchedPath) -> None:
    for row in np.flatnonzero(matched.link >= 0):
        metres = matched.route_m[row]
        on = [
            step.from_offset_m + step.direction.sign * (metres - step.from_route_m)
            for step in matched.route
            if step.leg == matched.leg[row]
            and step.link == matched.link[row]
            and (step.direction is Direction.FORWARD) == matched.forward[row]
            and step.from_route_m - 1e-6 <= metres <= step.to_route_m + 1e-6
        ]
        assert any(offset == pytest.approx(matched.offset_m[row]) for offset in on)
    on_road = matched.link >= 0
    np.testing.assert_array_equal(on_road, matched.leg >= 0)
    np.testing.assert_array_equal(on_road, np.isfinite(matched.route_m))
    assert (np.diff(matched.route_m[on_road]) >= 0.0).all()


@pytest.mark.parametrize("seed", range(12))
def test_noise_credits_no_street_that_was_not_driven(seed: int) -> None:
    town = grid_town()
    walk = _random_walk(seed)
    matched = match_path(drive(walk, right_m=1.5, noise_m=4.0, seed=seed), town)

    driven = shapely.LineString(ORIGIN + walk).buffer(1.0)
    really = {road.link_id for road in town.links if shapely.LineString(road.xy_m).within(driven)}
    wrong_m = sum(m for name, m in matched.credited_m.items() if name not in really)
    assert wrong_m == 0.0
    assert sum(matched.credited_m.values()) > 0.9 * shapely.LineString(walk).length


def _random_walk(seed: int, blocks: int = 5, block_m: float = 90.0, corners: int = 14) -> Floats:
    """Crossings of `grid_town` passed on a way that never turns round."""
    rng = np.random.default_rng(seed)
    here = rng.integers(1, blocks, 2)
    way = np.array([1, 0])
    walk = [here]
    for _ in range(corners):
        ways = [w for w in ([1, 0], [0, 1], [-1, 0], [0, -1]) if (np.array(w) != -way).any()]
        ways = [w for w in ways if ((here + w >= 0) & (here + w <= blocks)).all()]
        way = np.array(ways[rng.integers(len(ways))])
        here = here + way
        walk.append(here)
    return block_m * np.array(walk, dtype=np.float64)


@pytest.mark.parametrize("over_m", [2.0, 6.0, 10.0])
def test_a_drive_that_ends_just_past_a_crossing_credits_no_side_street(over_m: float) -> None:
    roads = network(
        link("main", [(0, 0), (200, 0)]),
        link("side", [(200, 0), (200, 150)]),
        link("on", [(200, 0), (400, 0)]),
    )
    path = drive([(0, 0), (200, 0), (200, over_m)], rate_hz=2.0)
    matched = match_path(path, roads)

    assert set(matched.credited_m) == {"main"}


def test_streets_that_are_not_split_where_another_one_ends_still_meet() -> None:
    roads = network(
        link("through", [(0, 0), (300, 0)]),
        link("stem", [(130, -150), (130, 0.1)]),
    )
    matched = match_path(drive([(130, -140), (130, 0), (280, 0)]), roads)

    assert links_of(matched, roads) == ["stem", "through"]
    assert matched.credited_m == pytest.approx({"stem": 140.0, "through": 150.0}, abs=6.0)
    assert matched.offset_m[-1] == pytest.approx(280.0, abs=1.0)
    assert matched.unmatched == ()


def test_streets_that_share_a_vertex_cross_there() -> None:
    roads = network(
        link("east", [(0, 0), (150, 0), (300, 0)]),
        link("north", [(150, -150), (150, 0), (150, 150)]),
    )
    matched = match_path(drive([(10, 0), (150, 0), (150, 140)]), roads)

    assert links_of(matched, roads) == ["east", "north"]
    assert len({step.leg for step in matched.route}) == 1
    assert matched.credited_m == pytest.approx({"east": 140.0, "north": 140.0}, abs=6.0)


def test_a_bridge_is_not_joined_to_the_road_below() -> None:
    roads = network(
        link("below", [(0, 0), (150, 0), (300, 0)]),
        link("bridge", [(150, -150), (150, 0), (150, 150)], level=1),
    )
    over = match_path(drive([(150, -140), (150, 140)]), roads)

    assert links_of(over, roads) == ["bridge"]
    assert set(over.credited_m) == {"bridge"}
    turning = match_path(drive([(10, 0), (150, 0), (150, 140)]), roads)
    assert all(
        before.leg != step.leg
        for before, step in zip(turning.route, turning.route[1:], strict=False)
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_service_road_beside_takes_nothing_from_the_main_road(seed: int) -> None:
    links = []
    for n in range(8):
        a, b = 60.0 * n, 60.0 * (n + 1)
        links.append(link(f"main{n}", [(a, 0), (b, 0)]))
        links.append(link(f"service{n}", [(a, -13), (b, -13)]))
        links.append(link(f"across{n}", [(a, 0), (a, -13)]))
    roads = network(*links)
    path = drive([(0, 0), (470, 0)], right_m=1.75, noise_m=3.0, seed=seed)
    matched = match_path(path, roads)

    assert all(name.startswith("main") for name in matched.credited_m)


@pytest.mark.parametrize("seed", range(4))
def test_the_carriageway_of_the_direction_of_travel_is_chosen(seed: int) -> None:
    roads = network(
        link("east", [(0, -5), (500, -5)], backward=False),
        link("west", [(500, 5), (0, 5)], backward=False),
    )
    east = match_path(drive([(10, 0), (490, 0)], noise_m=3.0, seed=seed), roads)
    west = match_path(drive([(490, 0), (10, 0)], noise_m=3.0, seed=seed), roads)

    assert set(east.credited_m) == {"east"}
    assert set(west.credited_m) == {"west"}


@pytest.mark.parametrize("seed", range(4))
def test_a_roundabout_credits_only_the_arcs_driven(seed: int) -> None:
    radius_m = 16.0
    arcs = [(-90.0, 0.0), (0.0, 90.0), (90.0, 180.0), (180.0, 270.0)]
    ring = [link(f"ring{n}", circle(radius_m, *arc), backward=False) for n, arc in enumerate(arcs)]
    arms = [
        link(name, [(radius_m * x, radius_m * y), (150.0 * x, 150.0 * y)])
        for name, (x, y) in {"s": (0, -1), "e": (1, 0), "n": (0, 1), "w": (-1, 0)}.items()
    ]
    roads = network(*ring, *arms)
    way = np.vstack([[(0, -140)], circle(radius_m, -90.0, 90.0), [(0, 140)]])
    matched = match_path(drive(way, speed_mps=7.0, noise_m=2.0, seed=seed), roads)

    assert links_of(matched, roads) == ["s", "ring0", "ring1", "n"]
    assert set(matched.credited_m) == {"s", "ring0", "ring1", "n"}


@pytest.mark.parametrize("noise_m", [0.0, 2.5])
def test_the_arms_of_a_hairpin_are_told_apart(noise_m: float) -> None:
    bend = circle(8.0, 90.0, -90.0, 15) + np.array([200.0, 0.0])
    line = np.vstack([[(0, 8)], bend, [(0, -8)]])
    roads = network(link("hairpin", line))
    matched = match_path(drive(line, speed_mps=7.0, noise_m=noise_m), roads)

    assert matched.forward.all()
    assert matched.unmatched == ()
    assert matched.credited_m["hairpin"] == pytest.approx(shapely.LineString(line).length, abs=12.0)


def test_a_gap_is_never_bridged() -> None:
    roads = network(*(link(f"s{n}", [(100.0 * n, 0), (100.0 * (n + 1), 0)]) for n in range(8)))
    xy, _ = along([(5, 0), (795, 0)], 10.0)
    t_s = STARTED_S + np.arange(len(xy), dtype=np.float64)
    seen = (xy[:, 0] < 250.0) | (xy[:, 0] > 560.0)
    path = clean_track(metric_track(t_s[seen], *(ORIGIN + xy[seen]).T), CRS_EPSG)
    matched = match_path(path, roads)

    assert {"s3", "s4"}.isdisjoint(matched.credited_m)
    assert matched.credited_m["s2"] < 50.0
    assert matched.credited_m["s5"] < 40.0
    assert len({step.leg for step in matched.route}) == 2
    assert [gap.reason for gap in matched.unmatched] == ["no_fix"]


def test_a_way_over_a_field_is_unmatched_and_told() -> None:
    roads = network(link("a", [(0, 0), (200, 0)]), link("b", [(200, 400), (0, 400)]))
    path = drive([(10, 0), (190, 0), (300, 100), (300, 300), (190, 400), (10, 400)])
    matched = match_path(path, roads)

    assert links_of(matched, roads) == ["a", "b"]
    assert matched.credited_m == pytest.approx({"a": 180.0, "b": 180.0}, abs=20.0)
    (gap,) = [gap for gap in matched.unmatched if gap.reason == "no_road_nearby"]
    lost = matched.link < 0
    assert lost.sum() > 20
    assert gap.from_s < matched.t_s[lost][0] <= matched.t_s[lost][-1] < gap.to_s


def test_a_road_missing_from_the_network_credits_none_of_those_it_crosses() -> None:
    roads = network(*(link(f"s{n}", [(-200, 80.0 * n), (200, 80.0 * n)]) for n in range(5)))
    matched = match_path(drive([(0, -60), (0, 380)]), roads)

    assert matched.credited_m == {}
    assert (matched.link == -1).all()
    assert {gap.reason for gap in matched.unmatched} <= {"no_road_nearby", "too_short"}


def test_a_one_way_street_is_not_credited_against_its_direction() -> None:
    roads = network(link("one", [(0, 0), (400, 0)], backward=False))
    matched = match_path(drive([(390, 0), (10, 0)]), roads)

    assert matched.credited_m == {}
    assert [gap.reason for gap in matched.unmatched] == ["against_oneway"]


def _with_path_beside(away_m: float) -> Network:
    """A road of 1.2 km and a cycle path that meets it at every corner."""
    links = []
    for n in range(8):
        a, b = 150.0 * n, 150.0 * (n + 1)
        path = link(f"path{n}", [(a, 0), (a + 8, -away_m), (b - 8, -away_m), (b, 0)])
        links += [link(f"road{n}", [(a, 0), (b, 0)]), replace(path, kind=LinkKind.CYCLEWAY)]
        links.append(link(f"side{n}", [(b, 0), (b, 120)]))
    return network(*links)


@pytest.mark.parametrize("away_m", [4.0, 7.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_car_is_never_on_the_cycle_path_beside_its_road(away_m: float, seed: int) -> None:
    roads = _with_path_beside(away_m)
    path = drive([(2, 0), (1198, 0)], right_m=1.75, noise_m=3.0, seed=seed)
    matched = match_path(path, roads)

    assert all(name.startswith("road") for name in matched.credited_m)
    assert sum(matched.credited_m.values()) > 1180.0


@pytest.mark.parametrize("away_m", [4.0, 5.0, 7.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_bicycle_is_on_its_path_or_it_is_said_that_nobody_can_tell(
    away_m: float, seed: int
) -> None:
    roads = _with_path_beside(away_m)
    path = drive([(2, 0), (1198, 0)], speed_mps=5.0, right_m=away_m, noise_m=3.0, seed=seed)
    matched = match_path(path, roads, Vehicle.BICYCLE)

    assert all(name.startswith("path") for name in matched.credited_m)
    missed_m = 1196.0 - sum(matched.credited_m.values())
    assert missed_m < 30.0 or "ambiguous" in {gap.reason for gap in matched.unmatched}


@pytest.mark.parametrize(
    ("vehicle", "reason"),
    [(Vehicle.CAR, "against_oneway"), (Vehicle.BICYCLE, "against_oneway")],
)
def test_who_is_bound_by_a_oneway_is_not_on_it_the_other_way(vehicle: Vehicle, reason: str) -> None:
    roads = network(link("one", [(0, 0), (400, 0)], backward=False))
    matched = match_path(drive([(390, 0), (10, 0)], speed_mps=5.0), roads, vehicle)

    assert [gap.reason for gap in matched.unmatched] == [reason]


def test_sweepers_walkers_and_bicycles_that_may_go_against_a_oneway() -> None:
    roads = network(link("one", [(0, 0), (400, 0)], backward=False))
    open_to_bicycles = network(replace(roads.links[0], contraflow=True))
    back = drive([(390, 0), (10, 0)], speed_mps=4.0)

    for vehicle, over in (
        (Vehicle.WORKS, roads),
        (Vehicle.FOOT, roads),
        (Vehicle.BICYCLE, open_to_bicycles),
    ):
        assert match_path(back, over, vehicle).credited_m["one"] == pytest.approx(380.0, abs=2.0)
    assert match_path(back, open_to_bicycles).credited_m == {}


def test_a_car_on_a_path_is_told() -> None:
    roads = network(replace(link("path", [(0, 0), (400, 0)]), kind=LinkKind.PATH))
    matched = match_path(drive([(10, 0), (390, 0)]), roads)

    assert matched.credited_m == {}
    assert [gap.reason for gap in matched.unmatched] == ["not_for_vehicle"]


def test_a_turn_that_is_not_possible_is_no_missing_road() -> None:
    roads = network(
        link("below", [(0, 0), (150, 0), (300, 0)]),
        link("bridge", [(150, -150), (150, 0), (150, 150)], level=1),
    )
    matched = match_path(drive([(10, 0), (150, 0), (150, 140)]), roads)

    assert "no_road_nearby" not in {gap.reason for gap in matched.unmatched}


@pytest.mark.parametrize(("interval_s", "least"), [(5.0, 0.9), (10.0, 0.8)])
@pytest.mark.parametrize("seed", range(6))
def test_sparse_fixes_are_followed_round_the_corners_between_them(
    interval_s: float, least: float, seed: int
) -> None:
    town = grid_town()
    walk = _random_walk(seed)
    path = drive(walk, rate_hz=1.0 / interval_s, noise_m=3.0, correlation=0.2, seed=seed)
    matched = match_path(path, town)

    driven = shapely.LineString(ORIGIN + walk).buffer(1.0)
    really = {road.link_id for road in town.links if shapely.LineString(road.xy_m).within(driven)}
    wrong_m = sum(m for name, m in matched.credited_m.items() if name not in really)
    length_m = shapely.LineString(walk).length
    assert wrong_m <= 0.08 * length_m
    assert sum(matched.credited_m.values()) - wrong_m >= (least - 0.15) * length_m
    assert "no_road_nearby" not in {gap.reason for gap in matched.unmatched}


def test_of_two_ways_round_a_block_between_sparse_fixes_none_is_guessed() -> None:
    roads = network(
        link("in", [(-200, 0), (0, 0)]),
        link("left", [(0, 0), (0, 50), (80, 50)]),
        link("right", [(0, 0), (80, 0), (80, 50)]),
        link("out", [(80, 50), (280, 50)]),
    )
    xy = np.array([(-150.0, 0), (-80, 0), (-10, 0), (90, 50), (160, 50), (230, 50)])
    matched = match_path(raw_drive(xy, rate_hz=0.1), roads)

    assert set(matched.credited_m) <= {"in", "out"}
    assert "ambiguous" in {gap.reason for gap in matched.unmatched}


def test_a_logger_that_writes_fewer_fixes_on_a_straight_road_loses_little_of_it() -> None:
    roads = network(
        *(link(f"s{n}", [(150.0 * n, 0), (150.0 * (n + 1), 0)]) for n in range(20)),
        link("off", [(3000, 0), (3000, 500)]),
        *(link(f"side{n}", [(150.0 * n, 0), (150.0 * n, 300)]) for n in range(1, 20)),
    )
    xy, _ = along([(5, -1.5), (3001, -1.5), (3001, 480)], 12.0)
    rng = np.random.default_rng(3)
    rows = [0, 1, 2]
    while rows[-1] < 238:
        rows.append(rows[-1] + int(rng.integers(7, 18)))
    rows = [*(k for k in rows if k < 245), *range(245, 258), 265, 275, 285]
    t_s = STARTED_S + np.array(rows, dtype=np.float64)
    places = ORIGIN + xy[rows] + rng.normal(0.0, 2.0, (len(rows), 2))
    matched = match_path(clean_track(metric_track(t_s, *places.T), CRS_EPSG), roads)

    assert sum(matched.credited_m.values()) > 0.93 * 3476.0
    assert not any(name.startswith("side") for name in matched.credited_m)
    assert float(np.nanmax(matched.accuracy_m)) > 8.0


def test_turning_round_at_a_dead_end_is_one_leg() -> None:
    roads = network(link("a", [(0, 0), (150, 0)]), link("dead", [(150, 0), (300, 0)]))
    matched = match_path(drive([(10, -1), (298, -1), (298, 1), (10, 1)]), roads)

    assert len({step.leg for step in matched.route}) == 1
    assert matched.credited_m == pytest.approx({"a": 280.0, "dead": 300.0}, abs=8.0)


def test_turning_round_in_a_street_credits_nothing_beyond_the_turn() -> None:
    roads = network(link("a", [(0, 0), (150, 0)]), link("b", [(150, 0), (450, 0)]))
    matched = match_path(drive([(10, -1), (280, -1), (280, 1), (10, 1)]), roads)

    assert 200.0 < matched.credited_m["b"] < 265.0
    assert matched.credited_m["a"] == pytest.approx(280.0, abs=8.0)
    farthest = max(max(s.from_offset_m, s.to_offset_m) for s in matched.route if s.link == 1)
    assert farthest < 135.0


def test_standing_at_a_crossing_under_noise_credits_nothing_more() -> None:
    town = grid_town()
    xy, _ = along([(45, 180), (180, 180)], 10.0)
    stay = np.repeat([[180.0, 180.0]], 40, axis=0)
    on, _ = along([(190, 180), (320, 180)], 10.0)
    line = np.vstack([xy, stay, on])
    line = line + correlated_noise(len(line), 3.0, 0.8, 3)
    t_s = STARTED_S + np.arange(len(line), dtype=np.float64)
    matched = match_path(clean_track(metric_track(t_s, *(ORIGIN + line).T), CRS_EPSG), town)

    assert set(matched.credited_m) <= {"h2-0", "h2-1", "h2-2", "h2-3"}
    assert sum(matched.credited_m.values()) == pytest.approx(275.0, abs=15.0)


@pytest.mark.parametrize("seed", range(8))
def test_a_receiver_that_drifts_at_a_stop_turns_nothing_round(seed: int) -> None:
    roads = network(
        link("a", [(0, 0), (200, 0)]),
        link("b", [(200, 0), (500, 0)]),
        link("side", [(200, 0), (200, 150)]),
    )
    xy, _ = along([(0, -2), (500, -2)], 8.0)
    line = np.vstack([xy[:32], np.repeat(xy[32:33], 600, axis=0), xy[32:]])
    line = line + correlated_noise(len(line), 6.0, float(np.exp(-1.0 / 60.0)), seed)
    t_s = STARTED_S + np.arange(len(line), dtype=np.float64)
    matched = match_path(clean_track(metric_track(t_s, *(ORIGIN + line).T), CRS_EPSG), roads)

    assert matched.forward[matched.link >= 0].all()
    assert set(matched.credited_m) <= {"a", "b"}
    assert sum(matched.credited_m.values()) < 505.0


def test_a_path_far_from_every_road_is_wholly_unmatched() -> None:
    path = drive([(0, 5000), (300, 5000)])
    matched = match_path(path, STRAIGHT)

    assert matched.route == ()
    assert matched.credited_m == {}
    assert [(g.from_s, g.to_s) for g in matched.unmatched] == [(path.t_s[0], path.t_s[-1])]


def test_matching_twice_gives_the_same() -> None:
    town = grid_town()
    path = drive(_random_walk(3), noise_m=4.0)

    assert repr(match_path(path, town)) == repr(match_path(path, town))


def _shuffled(roads: Network, seed: int) -> Network:
    order = np.random.default_rng(seed).permutation(len(roads.links))
    return network(*(roads.links[k] for k in order))


def test_the_order_of_links_does_not_matter() -> None:
    town = grid_town()
    path = drive(_random_walk(5), noise_m=3.0)

    assert match_path(path, town).credited_m == pytest.approx(
        match_path(path, _shuffled(town, 1)).credited_m
    )


def test_a_stub_touched_at_a_crossing_is_not_credited() -> None:
    roads = network(
        link("west", [(0, 0), (100, 0)]),
        link("east", [(100, 0), (200, 0)]),
        link("stub", [(100, 0), (100, 9)]),
    )
    xy, _ = along([(0, 0), (100, 0), (100, 8), (100, 0), (200, 0)], 4.0)
    matched = match_path(raw_drive(xy), roads)

    assert matched.credited_m == pytest.approx({"west": 100.0, "east": 100.0}, abs=4.0)
    assert len({step.leg for step in matched.route}) == 1


@pytest.mark.parametrize("seed", range(6))
def test_noise_along_a_street_of_short_links_does_not_turn_the_drive_round(seed: int) -> None:
    roads = network(*(link(f"s{n}", [(8.0 * n, 0), (8.0 * (n + 1), 0)]) for n in range(30)))
    xy, _ = along([(2, 0), (238, 0)], 3.0)
    xy = xy + correlated_noise(len(xy), 4.0, 0.8, seed)
    matched = match_path(raw_drive(xy), roads)

    assert matched.forward[matched.link >= 0].all()
    assert sum(matched.credited_m.values()) <= 240.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50.0, 350.0), st.floats(-50.0, 350.0)), min_size=1, max_size=25)
)
def test_whatever_the_fixes_the_route_is_sound(points: list[tuple[float, float]]) -> None:
    matched = match_path(raw_drive(np.array(points)), LOOPED)

    assert len(matched.link) == len(points)
    _check_rows(matched)
    for before, step in zip(matched.route, matched.route[1:], strict=False):
        if before.leg == step.leg:
            assert before.to_route_m == pytest.approx(step.from_route_m)
    placed = matched.link >= 0
    told = np.zeros(len(points), np.bool_)
    for gap in matched.unmatched:
        told |= (matched.t_s >= gap.from_s) & (matched.t_s <= gap.to_s)
    assert (placed | told).all()


def test_roads_that_may_not_be_driven_are_no_roads() -> None:
    roads = network(link("closed", [(0, 0), (400, 0)], forward=False, backward=False))
    matched = match_path(drive([(10, 0), (390, 0)]), roads)

    assert (matched.link == -1).all()
    assert [gap.reason for gap in matched.unmatched] == ["not_for_vehicle"]
