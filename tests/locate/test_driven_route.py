import numpy as np
import pytest
import shapely

from roadscan.locate.clean_track import clean_track
from roadscan.locate.driven_route import DrivenRoute
from roadscan.locate.map_matching import match_path
from roadscan.model.arrays import Floats
from roadscan.model.road import Direction, Network
from tests.locate.drives import CRS_EPSG, STARTED_S, metric_track
from tests.locate.roads import ORIGIN, Points, along, circle, drive, link, network, raw_drive

STRAIGHT = network(link("a", [(0, 0), (200, 0)]), link("b", [(400, 0), (200, 0)]))


def route_over(points: Points, roads: Network) -> DrivenRoute:
    xy, _ = along(points, 10.0)
    return DrivenRoute(match_path(raw_drive(xy), roads), roads)


def test_between_fixes_the_vehicle_is_on_its_way() -> None:
    route = route_over([(20, 0), (380, 0)], STRAIGHT)
    start, later = route.position_at(STARTED_S + 4.0), route.position_at(STARTED_S + 7.25)

    assert start is not None
    assert later is not None
    assert later.route_m - start.route_m == pytest.approx(32.5, abs=0.1)
    assert later.leg == start.leg == 0
    assert later.accuracy_m == pytest.approx(3.0)


def test_a_braking_vehicle_is_not_where_even_speed_would_put_it() -> None:
    t_s = np.arange(0.0, 11.0)
    x_m = 20.0 + 20.0 * t_s - t_s**2
    path = clean_track(
        metric_track(STARTED_S + t_s, *(ORIGIN + np.column_stack([x_m, 0 * x_m])).T), CRS_EPSG
    )
    route = DrivenRoute(match_path(path, STRAIGHT), STRAIGHT)
    places = [route.position_at(STARTED_S + t) for t in (3.0, 3.5, 4.0)]

    metres = [place.route_m for place in places if place is not None]
    assert len(metres) == 3
    assert metres[1] - metres[0] > metres[2] - metres[1]


def test_outside_the_track_and_off_the_network_there_is_no_place() -> None:
    roads = network(link("a", [(0, 0), (200, 0)]), link("b", [(400, 0), (600, 0)]))
    route = route_over([(20, 0), (200, 0), (300, 90), (400, 0), (580, 0)], roads)

    assert route.position_at(STARTED_S - 1.0) is None
    assert route.position_at(STARTED_S + 5000.0) is None
    assert route.position_at(STARTED_S + 10.0) is not None
    assert route.position_at(STARTED_S + 31.0) is None


def test_a_stretch_ahead_goes_from_link_to_link() -> None:
    route = route_over([(20, 0), (380, 0)], STRAIGHT)
    place = route.position_at(STARTED_S + 17.0)
    assert place is not None
    first, second = route.stretches(place.leg, place.route_m + 4.0, place.route_m + 13.0)

    assert (first.link, first.direction) == (0, Direction.FORWARD)
    assert (first.from_offset_m, first.to_offset_m) == pytest.approx((194.0, 200.0), abs=0.3)
    assert (second.link, second.direction) == (1, Direction.BACKWARD)
    assert (second.from_offset_m, second.to_offset_m) == pytest.approx((200.0, 197.0), abs=0.3)
    assert first.to_route_m == second.from_route_m


def test_beyond_the_route_there_is_no_stretch() -> None:
    route = route_over([(20, 0), (380, 0)], STRAIGHT)
    place = route.position_at(STARTED_S + 36.0)
    assert place is not None

    assert route.stretches(place.leg, place.route_m, place.route_m + 30.0) == []


def test_the_course_of_a_straight_road_is_the_vehicles_axis() -> None:
    route = route_over([(20, 0), (380, 0)], STRAIGHT)
    place = route.position_at(STARTED_S + 17.3)
    assert place is not None
    course = route.route_ahead(place, 30.0)

    np.testing.assert_allclose(course.left_m, 0.0, atol=1e-6)
    np.testing.assert_allclose(course.ahead_m, course.along_m, atol=1e-6)
    assert course.along_m[-1] == pytest.approx(30.0)
    assert not course.ends


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_course_of_a_curve_leaves_the_axis_as_the_curve_does(sign: float) -> None:
    radius_m = 60.0
    curve = circle(radius_m, -90.0, 90.0, 200) * np.array([1.0, sign])
    roads = network(link("curve", curve))
    place_route = route_over(curve, roads)
    place = place_route.position_at(STARTED_S + 6.0)
    assert place is not None
    course = place_route.route_ahead(place, 15.0)

    # A sagitta: left = R (1 - cos(s / R)), ahead = R sin(s / R).
    angle = course.along_m / radius_m
    np.testing.assert_allclose(course.left_m, sign * radius_m * (1 - np.cos(angle)), atol=0.03)
    np.testing.assert_allclose(course.ahead_m, radius_m * np.sin(angle), atol=0.06)
    np.testing.assert_allclose(course.turn_rad, sign * angle, atol=0.01)


def test_a_point_beside_the_route_is_found_from_the_vehicle() -> None:
    radius_m = 60.0
    curve = circle(radius_m, -90.0, 90.0, 200)
    route = route_over(curve, network(link("curve", curve)))
    place = route.position_at(STARTED_S + 6.0)
    assert place is not None
    course = route.route_ahead(place, 20.0)
    angle, inside_m = 9.0 / radius_m, 1.2
    ahead_m = (radius_m - inside_m) * np.sin(angle)
    left_m = radius_m - (radius_m - inside_m) * np.cos(angle)
    along_m, beside_m = course.from_vehicle(np.array([ahead_m]), np.array([left_m]))

    assert along_m[0] == pytest.approx(9.0, abs=0.1)
    assert beside_m[0] == pytest.approx(inside_m, abs=0.05)


def _digitised(curve: Floats, sagitta_m: float) -> Floats:
    """A curve as maps hold it: chords that leave it by no more than so much."""
    return shapely.get_coordinates(shapely.LineString(curve).simplify(sagitta_m))


@pytest.mark.parametrize(("radius_m", "within_m"), [(40.0, 0.15), (80.0, 0.05), (200.0, 0.2)])
def test_the_kinks_of_a_digitised_curve_do_not_throw_the_lane_aside(
    radius_m: float, within_m: float
) -> None:
    curve = circle(radius_m, -90.0, 90.0, 400)
    roads = network(link("curve", _digitised(curve, 0.3)))
    route = route_over(curve, roads)
    last_s = radius_m * np.pi / 10.0 - 3.0
    for t_s in np.arange(1.5, last_s, 0.13):
        place = route.position_at(STARTED_S + t_s)
        assert place is not None
        course = route.route_ahead(place, 12.0)
        left_m = np.interp(9.0, course.ahead_m, course.left_m)
        true_m = radius_m - np.sqrt(radius_m**2 - 81.0)
        assert left_m == pytest.approx(true_m, abs=within_m)


def test_the_course_stops_where_the_route_turns_away() -> None:
    roads = network(link("a", [(0, 0), (100, 0)]), link("b", [(100, 0), (100, 100)]))
    route = route_over([(0, 0), (100, 0), (100, 100)], roads)
    place = route.position_at(STARTED_S + 9.0)
    assert place is not None
    course = route.route_ahead(place, 40.0)

    assert 6.0 < course.along_m[-1] < 16.0
    assert not course.ends
    assert np.abs(course.turn_rad).max() <= np.radians(30.0)


def test_the_course_says_that_the_route_ends() -> None:
    route = route_over([(20, 0), (380, 0)], STRAIGHT)
    place = route.position_at(STARTED_S + 35.0)
    assert place is not None
    course = route.route_ahead(place, 40.0)

    assert course.ends
    assert course.along_m[-1] == pytest.approx(10.0, abs=0.2)
    np.testing.assert_allclose(course.ahead_m, course.along_m, atol=0.05)


def test_the_rows_of_a_drive_with_stops_have_places() -> None:
    roads = network(link("a", [(0, 0), (400, 0)]))
    first, _ = along([(10, 0), (200, 0)], 10.0)
    stay = np.repeat([[200.0, 0.0]], 30, axis=0)
    last, _ = along([(210, 0), (390, 0)], 10.0)
    xy = np.vstack([first, stay, last])
    t_s = STARTED_S + np.arange(len(xy), dtype=np.float64)
    path = clean_track(metric_track(t_s, *(ORIGIN + xy).T), CRS_EPSG)
    route = DrivenRoute(match_path(path, roads), roads)

    place = route.position_at(STARTED_S + 35.0)
    assert place is not None
    (here,) = route.stretches(place.leg, place.route_m, place.route_m + 1.0)
    assert here.from_offset_m == pytest.approx(200.0, abs=2.0)


def test_a_long_drive_is_asked_cheaply() -> None:
    roads = network(*(link(f"s{n}", [(100.0 * n, 0), (100.0 * (n + 1), 0)]) for n in range(50)))
    route = DrivenRoute(match_path(drive([(5, 0), (4990, 0)]), roads), roads)
    place = route.position_at(STARTED_S + 300.0)
    assert place is not None

    assert len(route.stretches(place.leg, place.route_m, place.route_m + 15.0)) in (1, 2)


def test_what_is_not_known_of_the_clock_is_not_known_of_the_place() -> None:
    xy, _ = along([(20, 0), (380, 0)], 10.0)
    matched = match_path(raw_drive(xy), STRAIGHT)
    sure, unsure = DrivenRoute(matched, STRAIGHT), DrivenRoute(matched, STRAIGHT, 2.0)
    here, about = (route.position_at(STARTED_S + 15.0) for route in (sure, unsure))
    assert here is not None
    assert about is not None
    assert about.accuracy_m == pytest.approx(np.hypot(here.accuracy_m, 20.0), abs=0.1)


def test_a_vehicle_that_has_just_stopped_was_elsewhere_a_moment_ago() -> None:
    x_m = np.concatenate([np.arange(20.0, 120.0, 10.0), np.full(10, 120.0)])
    t_s = STARTED_S + np.arange(len(x_m), dtype=np.float64)
    path = clean_track(metric_track(t_s, *(ORIGIN + np.column_stack([x_m, 0 * x_m])).T), CRS_EPSG)
    route = DrivenRoute(match_path(path, STRAIGHT), STRAIGHT, 5.0)
    place = route.position_at(STARTED_S + 11.0)
    assert place is not None
    assert place.accuracy_m > 30.0
