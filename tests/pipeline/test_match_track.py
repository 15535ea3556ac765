"""Tracks of the shared cases, matched as `roadscan match` does it."""

from pathlib import Path

from roadscan.pipeline.match_track import TrackOnNetwork, match_track
from roadscan.read.network import read_network

CASES = Path(__file__).parents[1] / "data" / "matching"


def matched(case: str, track: str = "track.csv") -> TrackOnNetwork:
    return match_track(CASES / case / track, read_network(CASES / case / "network.geojson"))


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
