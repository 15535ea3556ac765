import json
import shutil
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from roadscan.store.sqlite import JOBS_FILE
from tests.small_drive import SmallDrive, results_of, write_network


@pytest.fixture(scope="module")
def first_results(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first") / "out"
    assert exit_code(small_drive.command(out)) == 0
    return out


@pytest.fixture
def ran(
    first_results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, str]:
    """Copy the results of a run; return them and the id of its drive."""
    out = shutil.copytree(first_results, tmp_path / "out")
    capsys.readouterr()
    assert exit_code(["drives", "--out", str(out), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["video"], told["length_m"]) == ("small.mp4", pytest.approx(239, abs=2))
    assert (told["surveys"], told["pictures"]) == (["small drive"], 0)
    return out, told["drive_id"]


def test_drives_are_shown_with_what_they_are_named_by(
    ran: tuple[Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out, drive_id = ran
    assert exit_code(["drives", "--out", str(out)]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if drive_id[:8] in line)
    for told in ("small.mp4", "2026-06-10T08:15:00.0Z", "small drive"):
        assert told in line


def test_what_a_narrow_screen_shows_of_an_id_names_the_drive(
    ran: tuple[Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out, drive_id = ran
    assert exit_code(["drives", "--out", str(out)]) == 0
    table = capsys.readouterr().out
    short = next(word for word in table.split() if drive_id.startswith(word))
    for given, code in ((short, 0), (short[:4], 3), (short + "x", 3)):
        assert exit_code(["erase", given, "--out", str(out)]) == code
        assert (f"would erase {drive_id} " in capsys.readouterr().out) == (code == 0)
    assert exit_code(["erase", short, "--out", str(out), "--delete"]) == 0
    capsys.readouterr()
    assert exit_code(["drives", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_without_delete_it_is_only_said_what_would_go(
    ran: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, drive_id = ran
    before = results_of(out)
    assert exit_code(["erase", drive_id, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"would erase {drive_id} small.mp4 (2026-06-10T08:15:00.0Z, 2")
    assert told.endswith("0 pictures; surveys: small drive); --delete erases it\n")
    assert results_of(out) == before


def test_a_drive_is_erased_and_what_became_of_its_survey_is_said(
    ran: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, drive_id = ran
    assert exit_code(["erase", drive_id, "--out", str(out), "--delete"]) == 0
    assert capsys.readouterr().out == f"erased {drive_id}; small drive: ended with it\n"
    assert results_of(out) == {}
    assert exit_code(["drives", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["drives"], "option_invalid", 2),
        (["drives", "--out", "none", "--data", "none"], "option_invalid", 2),
        (["drives", "--out", "none"], "file_missing", 3),
        (["drives", "--data", "none"], "file_missing", 3),
        (["erase", "0" * 16], "option_invalid", 2),
        (["erase", "0" * 16, "--out", "none"], "file_missing", 3),
        (["erase", "0" * 16, "--out", "none", "--delete"], "file_missing", 3),
        (["erase", "0" * 16, "--data", "none", "--delete"], "file_missing", 3),
        (["rematch", "none", "--network", "none.gpkg"], "file_missing", 3),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_made(
    arguments: list[str],
    code: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(arguments) == status
    told = capsys.readouterr()
    assert told.err.startswith(f"roadscan: {code}: ")
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_what_is_known_of_a_drive_decides_the_exit_code(
    ran: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, drive_id = ran
    assert exit_code(["erase", "0" * 16, "--out", str(out), "--delete"]) == 3
    assert "drive_unknown" in capsys.readouterr().err
    (out / JOBS_FILE).touch()
    assert exit_code(["erase", drive_id, "--out", str(out), "--delete"]) == 2
    assert "a town that is served" in capsys.readouterr().err


def test_a_survey_is_put_on_another_network(
    ran: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = ran
    network = write_network(tmp_path / "neu 2027.geojson", ("HS-1", "HS-2"))
    before = results_of(out)
    assert exit_code(["rematch", str(out), "--network", str(network)]) == 0
    told = capsys.readouterr().out
    assert "\nsmall drive: 1 drives on neu 2027.geojson, " in told
    assert told.endswith(" segments\n")
    assert results_of(out) != before
