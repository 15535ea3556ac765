"""`roadscan match`: a track on its streets."""

import json
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from tests.small_drive import STARTED_S, SmallDrive


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = exit_code(["match", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_json_has_an_entry_for_each_fix_and_the_metres_of_each_link(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive
) -> None:
    code, out, err = said(capsys, small_drive.track, "--network", small_drive.network, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert set(told) == {"matched", "credited_m", "unmatched", "warnings", "remarks"}
    first = told["matched"][0]
    assert set(first) == {
        "time_s", "link_id", "direction", "offset_m", "left_m", "accuracy_m",
    }  # fmt: skip
    assert first["time_s"] == STARTED_S - 1.0
    assert (first["link_id"], first["direction"]) == ("HS-1", "forward")
    assert [fix["time_s"] - STARTED_S for fix in told["matched"]] == list(range(-1, 26))
    inside = [fix for fix in told["matched"] if fix["offset_m"] > 0.0]
    assert all(fix["left_m"] == pytest.approx(-1.75, abs=0.02) for fix in inside)
    offsets = [fix["offset_m"] for fix in told["matched"] if fix["link_id"] == "HS-1"]
    assert offsets == sorted(offsets)
    assert told["credited_m"] == pytest.approx({"HS-1": 130.0, "HS-2": 125.0}, abs=6.0)
    assert told["unmatched"] == []


def test_times_that_are_on_no_street_are_told_with_their_reason(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    lines = small_drive.track.read_text().split("<trkpt")
    gap = "<trkpt".join([*lines[:8], *lines[19:]])
    (tmp_path / "gap.gpx").write_text(gap)
    _, out, _ = said(capsys, tmp_path / "gap.gpx", "--network", small_drive.network, "--json")
    (missing,) = json.loads(out)["unmatched"]
    assert missing["to_s"] - missing["from_s"] == 12.0
    assert missing["reason"]


def test_the_table_names_the_streets(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive
) -> None:
    code, out, err = said(capsys, small_drive.track, "--network", small_drive.network)
    assert (code, err) == (0, "")
    assert "Hauptstraße" in out
    assert "HS-2" in out
    assert "SW-1" not in out


def test_a_missing_network_option_is_a_wrong_option(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive
) -> None:
    code, out, err = said(capsys, small_drive.track)
    assert (code, out) == (2, "")
    assert "--network" in err
    assert err.count("\n") == 1


def test_what_is_doubtful_about_a_track_is_told(
    small_drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track = tmp_path / "cut.gpx"
    track.write_text(small_drive.track.read_text().replace("</trkseg></trk></gpx>", ""))
    assert exit_code(["match", str(track), "--network", str(small_drive.network)]) == 0
    assert "track_cut_off" in capsys.readouterr().out
