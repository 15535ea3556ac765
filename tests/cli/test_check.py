"""`roadscan check`: what a recording is good for."""

import json
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from tests.small_drive import SmallDrive, write_clip


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = exit_code(["check", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_json_tells_of_video_track_clock_and_what_would_be_covered(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive
) -> None:
    code, out, err = said(capsys, small_drive.video, "--track", small_drive.track, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    video, track = told["video"], told["track"]
    assert (video["codec"], video["width"], video["height"]) == ("mpeg4", 320, 180)
    assert video["streams"] == ["video:mpeg4"]
    assert video["frame_rate_hz"] == pytest.approx(10.0, rel=0.01)
    assert video["started_at"] == "2026-06-10T08:15:00.0Z"
    assert (track["format"], track["fixes"], track["kept"]) == ("gpx", 27, 27)
    assert track["length_m"] == pytest.approx(260.0, abs=2.0)
    assert told["sync"]["source"] == "container"
    assert told["sync"]["sigma_s"] > 0.1
    assert told["would_cover"]["frames"] == pytest.approx(80, abs=1)
    assert told["would_cover"]["length_m"] == pytest.approx(239.0, abs=3.0)


def test_without_a_track_only_the_video_is_told(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive
) -> None:
    code, out, _ = said(capsys, small_drive.video, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["track"], told["sync"], told["would_cover"]) == (None, None, None)
    _, table, _ = said(capsys, small_drive.video)
    assert "small.mp4" in table
    assert "mpeg4" in table


def test_a_video_without_a_date_is_taken_to_begin_with_the_track_and_says_so(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.avi", 0.0, 3.0, dated=False)
    code, out, _ = said(capsys, clip, "--track", small_drive.track)
    assert code == 0
    assert "clock_assumed" in out


def test_what_was_found_in_the_network_is_told_beside_the_answer(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    roads = json.loads(small_drive.network.read_text())
    for feature in roads["features"]:
        feature["properties"] = {"BEZEICHNUNG": "Weg"}
    (tmp_path / "n.geojson").write_text(json.dumps(roads))
    code, out, err = said(
        capsys, small_drive.video, "--track", small_drive.track, "--json",
        "--network", tmp_path / "n.geojson",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["would_cover"]["on_network_m"] > 200.0
    assert "columns not used: bezeichnung" in json.loads(out)["remarks"]
    assert "links) side roads (class B) because no class was given" in err
