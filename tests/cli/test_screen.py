"""Names out of files on the terminal: shown, never obeyed."""

import shutil
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from roadscan.cli.screen import printable
from tests.small_drive import SmallDrive

NAME = "[red]a[b] \x1b[2J:smile:.mp4"


def test_control_characters_stand_as_their_escapes() -> None:
    assert printable("a\x1b[2Jb\nc\x07ä\u202e") == "a\\x1b[2Jb\\nc\\x07ä\\u202e"


def test_the_name_of_a_file_is_neither_markup_nor_an_order(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(small_drive.video, folder / NAME)
    (folder / f"b{NAME}").write_text("no video")
    command = small_drive.command(tmp_path / "out")
    command[1] = str(folder)
    assert exit_code(command) == 0
    assert exit_code(["check", str(folder / NAME)]) == 0
    assert exit_code(["check", str(folder / f"b{NAME}")]) == 3
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "[red]a[b] \\x1b[2J:smile:" in out
    assert "[red]a[b] \\x1b[2J:smile:" in err


def test_the_name_of_a_street_is_neither(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    network = tmp_path / "town.geojson"
    network.write_text(small_drive.network.read_text().replace("Hauptstra", "[/]stra"))
    assert exit_code(["match", str(small_drive.track), "--network", str(network)]) == 0
    assert "[/]straße" in capsys.readouterr().out
