"""Tracks of the shared cases, matched as `roadscan match` does it."""

from pathlib import Path

import pytest

from roadscan.model.road import Vehicle
from roadscan.pipeline.match_track import TrackOnNetwork, match_track
from roadscan.read.network import read_network

CASES = Path(__file__).parents[1] / "data" / "matching"


def matched(case: str, track: str = "track.csv", vehicle: Vehicle = Vehicle.CAR) -> TrackOnNetwork:
    network = read_network(CASES / case / "network.geojson")
    return match_track(CASES / case / track, network, vehicle)


def test_ten_minutes_of_drift_add_no_metres_and_turn_nothing_round() -> None:
    result = matched("stand_s8_t60")

    assert {fix.direction for fix in result.matched} == {"forward"}
    assert abs(result.credited_m["A"] - 200.0) < 3.0
    assert abs(result.credited_m["B"] - 300.0) < 3.0
    assert result.unmatched == ()


def test_a_road_driven_against_its_oneway_is_said_to_be_one() -> None:
    result = matched("oneway_against_v8")

    assert [gap.reason for gap in result.unmatched] == ["against_oneway"]
    assert set(result.credited_m) == {"A", "top2"}


def test_ten_seconds_between_fixes_lose_little_of_a_grid() -> None:
    result = matched("grid_dt10_seed1")

    assert sum(result.credited_m.values()) > 1300.0
    assert "no_road_nearby" not in {gap.reason for gap in result.unmatched}


@pytest.mark.parametrize("noise", ["1.5", "3", "5"])
def test_a_car_stays_on_the_road_and_a_bicycle_on_the_path_beside_it(noise: str) -> None:
    car = matched("cycleway_joined_4", f"car_s{noise}.csv")
    bicycle = matched("cycleway_joined_4", f"bike_s{noise}.csv", Vehicle.BICYCLE)

    assert all(name.startswith("road") for name in car.credited_m)
    assert sum(car.credited_m.values()) > 1190.0
    assert all(name.startswith("rad") for name in bicycle.credited_m)
    if noise == "5":  # at 4 m nobody can tell the two apart
        assert {gap.reason for gap in bicycle.unmatched} == {"ambiguous"}
    else:
        assert sum(bicycle.credited_m.values()) > 1190.0


def test_a_bicycle_is_on_a_path_that_is_designated_for_it() -> None:
    result = matched("bike_on_path5_s2", vehicle=Vehicle.BICYCLE)

    assert set(result.credited_m) == {"rad"}
    assert result.credited_m["rad"] > 590.0


def test_a_sweeper_may_go_against_a_oneway() -> None:
    result = matched("oneway_against_v8", vehicle=Vehicle.WORKS)

    assert result.credited_m["one"] > 145.0
    assert result.unmatched == ()


def test_a_speed_that_contradicts_the_vehicle_is_told() -> None:
    (warning,) = matched("cycleway_joined_4", "car_s1.5.csv", Vehicle.FOOT).warnings

    assert warning.startswith("vehicle_doubtful: the vehicle is said to be foot")
