"""`roadscan calibrate`: a camera file from videos, or a word on why there is none."""

import json
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from roadscan.read.camera_file import read_camera
from tests.small_drive import SmallDrive

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = exit_code(["calibrate", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_camera_of_the_sample_drive_is_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "camera.toml"
    track = SAMPLES / "drive.gpx"
    code, told, _ = said(capsys, SAMPLES / "drive.mp4", "--track", track, "--out", out, "--json")
    assert code == 0
    true, found = read_camera(SAMPLES / "camera.toml"), read_camera(out)
    assert found.assumed == ()
    assert found.pitch_deg == pytest.approx(true.pitch_deg, abs=0.3)
    assert found.yaw_deg == pytest.approx(true.yaw_deg, abs=0.3)
    assert found.height_m == pytest.approx(true.height_m, rel=0.07)
    assert found.hfov_deg == pytest.approx(true.hfov_deg, abs=5.0)
    record = json.loads(told)
    assert record["camera"]["pitch_deg"] == found.pitch_deg
    assert (record["videos"], record["warnings"]) == (1, [])


def test_a_video_without_driving_is_refused_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    out = tmp_path / "camera.toml"
    code, _, err = said(capsys, small_drive.video, "--track", small_drive.track, "--out", out)
    assert (code, "camera_not_measured: small.mp4" in err) == (3, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_no_place_for_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "none" / "camera.toml"
    code, _, err = said(capsys, SAMPLES / "drive.mp4", "--out", out)
    assert (code, "output_not_writable" in err) == (3, True)
