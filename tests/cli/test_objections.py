from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from tests.small_drive import SmallDrive

AREA = (
    '{"type": "Polygon", "coordinates": [[[13.7, 51.0], [13.8, 51.0], [13.8, 51.1], [13.7, 51.0]]]}'
)


def written(folder: Path, text: str) -> Path:
    path = folder / "areas.geojson"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "code"),
    [("no json", "objections_malformed"), (AREA, "file_missing"), ("", "file_empty")],
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: str
) -> None:
    out = tmp_path / "out"
    assert exit_code(["objections", str(written(tmp_path, text)), "--out", str(out)]) == 3
    told = capsys.readouterr()
    assert told.err.startswith(f"roadscan: {code}: ")
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not out.exists()


def test_areas_are_applied_and_what_was_done_is_said(
    small_drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert exit_code(small_drive.command(out, **{"privacy-model": "none"})) == 0
    capsys.readouterr()
    assert exit_code(["objections", str(written(tmp_path, AREA)), "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("1 new areas of 1; 0 pictures removed")


def test_a_run_with_a_malformed_file_of_objections_writes_nothing(
    small_drive: SmallDrive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = written(tmp_path, '{"type": "Point", "coordinates": [13.7, 51.0]}')
    out = tmp_path / "out"
    assert exit_code(small_drive.command(out, objections=bad)) == 3
    assert "objections_malformed" in capsys.readouterr().err
    assert not out.exists()
