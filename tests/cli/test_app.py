"""The command as installed: how it ends, and what it says where."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from tests.small_drive import SmallDrive

COMMAND = Path(sys.executable).parent / "roadscan"


def roadscan(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_0_is_done_and_json_is_all_that_stdout_holds(
    small_drive: SmallDrive, tmp_path: Path
) -> None:
    ended = roadscan(*small_drive.command(tmp_path / "out"), "--json")
    assert ended.returncode == 0
    assert ended.stdout == (tmp_path / "out" / "run.json").read_text()
    assert json.loads(ended.stdout)["frames"]["planned"] == 80
    assert "small.mp4" in ended.stderr


def test_2_is_an_option_that_is_wrong(small_drive: SmallDrive, tmp_path: Path) -> None:
    ended = roadscan(*small_drive.command(tmp_path / "out"), "--every-m=0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("roadscan: option_invalid: ")
    assert "every-m" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_3_is_a_file_that_is_bad(small_drive: SmallDrive, tmp_path: Path) -> None:
    ended = roadscan("check", tmp_path / "none.mp4")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("roadscan: file_missing: ")
    assert ended.stderr.count("\n") == 1


def test_4_is_a_drive_of_which_nothing_could_be_assessed(
    small_drive: SmallDrive, tmp_path: Path
) -> None:
    ended = roadscan(*small_drive.command(tmp_path / "out"), "--every-m=50")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr.startswith("roadscan: nothing_assessed: ")
    assert "coverage_too_low" in ended.stderr
    assert ended.stderr.count("\n") == 1
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["segments"]["assessed"] == 0


def test_5_is_a_fault_of_roadscan_itself() -> None:
    broken = "import roadscan.cli.score as s; s.score_steps = None; import roadscan.cli.app as a; "
    ended = subprocess.run(
        [sys.executable, "-c", broken + "a.main(['score', '--class', 'A', '--riss', '1'])"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (5, "")
    assert ended.stderr.startswith("roadscan: internal: TypeError")
    assert "ROADSCAN_TRACEBACK" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_run_that_is_stopped_says_that_it_goes_on(
    small_drive: SmallDrive,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("roadscan.pipeline.run.export_all", stopped)
        assert exit_code(small_drive.command(tmp_path / "out")) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "roadscan: stopped; repeat the command to resume\n"
    assert exit_code(small_drive.command(tmp_path / "out")) == 0


@pytest.mark.parametrize("command", ["run", "demo", "check", "match", "score"])
def test_every_command_says_what_it_is_for(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert exit_code([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: roadscan {command}")
    assert len(out.splitlines()) > 5


def test_the_command_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Usage: roadscan [OPTIONS] COMMAND")
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["scor"], "'score'"), (["model"], "Missing command"), (["run"], "VIDEO"), (["--x"], "--x")],
)
def test_a_slip_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert exit_code(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("roadscan: option_invalid: ")
    assert words in err
    assert err.count("\n") == 1
    assert len(err) < 200


def test_the_sample_files_are_copied_and_nothing_of_anybody_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data_samples"
    assert exit_code(["demo", "--copy", str(folder)]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {path.name for path in paths} >= {"drive.mp4", "drive.gpx", "network.geojson"}
    assert all(path.parent == folder and path.stat().st_size for path in paths)
    assert exit_code(["demo", "--copy", str(folder)]) == 0
    (folder / "drive.gpx").write_text("mine")
    assert exit_code(["demo", "--copy", str(folder)]) == 3
    assert "output_not_writable" in capsys.readouterr().err
    assert (folder / "drive.gpx").read_text() == "mine"
