from pathlib import Path

import pytest

from roadscan.assess.scheme import parse_scheme
from roadscan.errors import RoadscanError
from roadscan.read.scheme_file import MAX_BYTES, read_scheme_text


@pytest.mark.parametrize("name", ["ap9k", "ap9k-monotone"])
def test_a_shipped_scheme_is_found_by_its_name_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_scheme(read_scheme_text(name)).id == name


def test_a_scheme_is_read_from_a_file_that_a_windows_editor_saved(tmp_path: Path) -> None:
    path = tmp_path / "stadt.toml"
    text = read_scheme_text("ap9k").replace('id = "ap9k"', 'id = "stadt"')
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert parse_scheme(read_scheme_text(str(path))) == parse_scheme(text)


@pytest.mark.parametrize("name", ["ap9", "", "../ap9k", "AP9K", "/"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(RoadscanError) as caught:
        read_scheme_text(name)
    assert caught.value.code == "scheme_unknown"
    assert repr(name) in caught.value.message
    assert "ap9k, ap9k-monotone" in caught.value.hint


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RoadscanError) as caught:
        read_scheme_text(str(tmp_path / "none.toml"))
    assert caught.value.code == "file_missing"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "file_empty"), (b"#" * (MAX_BYTES + 1), "file_unreadable")]
)
def test_a_file_that_is_no_scheme_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(RoadscanError) as caught:
        read_scheme_text(str(path))
    assert caught.value.code == code


def test_bytes_that_are_no_text_end_as_an_invalid_scheme(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(RoadscanError) as caught:
        parse_scheme(read_scheme_text(str(path)))
    assert caught.value.code == "scheme_invalid"
