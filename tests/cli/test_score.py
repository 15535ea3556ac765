"""`roadscan score`: the scheme's vectors through the command, one by one and from a file."""

import csv
import json
from pathlib import Path

import pytest

from roadscan.cli.app import exit_code
from roadscan.read.scheme_file import read_scheme_text

VECTORS = Path(__file__).parents[1] / "assess" / "ap9k_vectors.csv"
NUMBERS = ("zw_riss", "zw_afli", "zw_ofs", "twsub")


def rows() -> list[dict[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = exit_code(["score", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def expected(row: dict[str, str]) -> dict[str, object]:
    values: dict[str, object] = {n: float(row[n]) if row[n] else None for n in NUMBERS}
    values["condition_class"] = int(row["condition_class"]) if row["condition_class"] else None
    values["break_through"] = bool(row["break_through"])
    return values


def test_a_file_of_vectors_gives_a_line_of_json_for_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = said(capsys, "--scheme", "ap9k", "--input", str(VECTORS))
    assert (code, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(rows()) > 30
    for row, line in zip(rows(), lines, strict=True):
        for name, value in expected(row).items():
            assert line[name] == (pytest.approx(value, abs=0.0051) if value else value), (row, name)
        assert line["twsub_basis"] == row["twsub_basis"]
        assert (line["reason"] == "") == (line["score"] is not None)


@pytest.mark.parametrize("row", rows()[3::9], ids=lambda row: row["no"])
def test_one_vector_by_its_options(capsys: pytest.CaptureFixture[str], row: dict[str, str]) -> None:
    options = ["--class", row["class"], "--surface", row["surface"], "--json"]
    options += [w for n in ("riss", "afli", "ofs") if row[n] for w in (f"--{n}", row[n])]
    code, out, _ = said(capsys, *options)
    assert code == 0
    line = json.loads(out)
    for name, value in expected(row).items():
        assert line[name] == (pytest.approx(value, abs=0.0051) if value else value), name


def test_the_table_shows_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "--class", "A", "--riss", "10", "--afli", "5", "--ofs", "2")
    assert (code, err) == (0, "")
    for word in ("RISS", "2.79", "0.5600", "AFLI", "2.07", "OFS", "1.64", "Durchschlag", "2.42"):
        assert word in out
    assert "never an official ZEB grade" in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "exit_with", "code"),
    [
        (["--riss", "1"], 2, "option_invalid"),
        (["--class", "X", "--riss", "1"], 2, "option_invalid"),
        (["--class", "A", "--riss", "101"], 2, "option_invalid"),
        (["--class", "A", "--riss", "-1"], 2, "option_invalid"),
        (["--class", "A", "--riss", "many"], 2, "option_invalid"),
        (["--class", "A", "--surface", "gravel"], 2, "option_invalid"),
        (["--class", "A", "--riss", "1", "--mspt", "4"], 2, "option_invalid"),
        (["--class", "A", "--riss", "1", "--mspt", "-4"], 2, "option_invalid"),
        (["--class", "A", "--scheme", "nonesuch"], 3, "scheme_unknown"),
        (["--input", "nonesuch.csv"], 3, "file_missing"),
    ],
)
def test_what_cannot_be_scored_is_one_line(
    capsys: pytest.CaptureFixture[str], options: list[str], exit_with: int, code: str
) -> None:
    given, out, err = said(capsys, *options)
    assert (given, out) == (exit_with, "")
    assert err.startswith(f"roadscan: {code}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("riss,afli,ofs\n1,1,1\n", "riss, afli, ofs"),
        ("class,surface,riss\nA,asphalt,1e9\n", "1e9"),
        ("class,surface,riss\nA,asphalt,nan\n", "nan"),
        ("class,surface,riss\nA,asphalt,x\n", "'x'"),
        ("class,surface,riss\nZ,asphalt,1\n", "'Z'"),
        ("class,surface,riss\nA,mud,1\n", "'mud'"),
        ("class,riss,mspt\nA,1,4\n", "sm4l_m, sm4l_a, msph"),
        ("class,riss,afli\nA,12,5,1\n", "line 2: it has more than 3 values"),
        ("class;riss;riss\nA;1;2\n", "class, riss, riss"),
        ("class;riss\nA;1.234,5\n", "1.234.5"),
        ("class,riss,sm4l_m,sm4l_a,mspt,msph\nA,1,4,1,-4,1\n", "mspt is -4"),
        ("class,riss,sm4l_m,sm4l_a,mspt,msph\nA,1,4,1,nan,1\n", "mspt is nan"),
    ],
)
def test_a_bad_row_is_named_with_its_value(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, value: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    code, out, err = said(capsys, "--input", str(path))
    assert (code, out) == (3, "")
    assert err.startswith("roadscan: score_input_invalid: ")
    assert value in err


@pytest.mark.parametrize("text", ["Class;RISS;AFLI\nA;12,5;1\n", "class\triss\tafli\nA\t12.5\t1\n"])
def test_a_file_of_a_spreadsheet_is_read_as_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8-sig")
    _, points, _ = said(capsys, "--input", str(path))
    path.write_text("class,riss,afli\nA,12.5,1\n")
    assert said(capsys, "--input", str(path)) == (0, points, "")
    assert json.loads(points)["riss"] == 12.5


def test_an_empty_field_is_missing_and_said_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("class,surface,riss,afli,ofs\nA,,10,,2\nA,asphalt,,,\n")
    code, out, _ = said(capsys, "--input", str(path))
    some, none = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert (some["afli"], some["zw_afli"], some["twsub_basis"]) == (None, None, "riss+ofs")
    assert none["score"] is None
    assert none["reason"]


EVENNESS = ("--sm4l-m", "8", "--sm4l-a", "1.5", "--mspt", "9", "--msph", "2")


def test_measured_evenness_gives_the_value_of_use_and_the_overall_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--class", "A", "--riss", "0", "--afli", "0", "--ofs", "0")
    code, out, _ = said(capsys, *given, *EVENNESS, "--json")
    line = json.loads(out)
    assert code == 0
    assert (line["twsub"], line["twgeb"], line["gw"]) == (1.0, 2.45, 2.45)
    assert (line["score"], line["condition_class"]) == (2.45, 2)
    _, table, _ = said(capsys, *given, *EVENNESS)
    assert all(word in table for word in ("TWGEB", "2.45", "GW"))
    _, without, _ = said(capsys, *given, "--json")
    line = json.loads(without)
    assert (line["twgeb"], line["gw"], line["score"]) == (None, None, 1.0)


def test_a_file_may_have_evenness_in_some_rows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("class,riss,sm4l_m,sm4l_a,mspt,msph\nA,0,8,1.5,9,2\nA,0,,,,\nN,0,8,1.5,9,2\n")
    code, out, _ = said(capsys, "--input", str(path))
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["twgeb"] for line in lines] == [2.45, None, None]
    assert [line["gw"] for line in lines] == [2.45, None, None]


def test_evenness_by_a_scheme_without_it_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = read_scheme_text("ap9k")
    begin, end = text.index("[evenness.normalise.A]"), text.index("[[classes]]")
    path = tmp_path / "own.toml"
    path.write_text(text[:begin] + text[end:])
    options = ("--class", "A", "--riss", "1", "--scheme", str(path))
    assert said(capsys, *options)[0] == 0
    code, _, err = said(capsys, *options, *EVENNESS)
    assert code == 2
    assert "option_invalid" in err
