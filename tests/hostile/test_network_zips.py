"""Zips made to fill a disk, to write elsewhere or to hide something: refused before unpacking."""

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from roadscan.errors import RoadscanError
from roadscan.read.network import read_network

LINES = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": '
    '{"type": "LineString", "coordinates": [[13.7, 51.0], [13.71, 51.0]]}}]}'
)
Filling = Callable[[zipfile.ZipFile], None]


def entry(name: str, content: str | bytes = "x", mode: int = 0) -> Filling:
    def fill(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)

    return fill


def many(archive: zipfile.ZipFile) -> None:
    for number in range(201):
        archive.writestr(f"{number}.txt", "")


def inner() -> bytes:
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("roads.geojson", LINES)
    return inside.getvalue()


REFUSED: dict[str, Filling] = {
    "bomb": entry("blank.dbf", b" " * 50_000_000),
    "many entries": many,
    "up": entry("../roads.dbf"),
    "up in the middle": entry("a/../../roads.dbf"),
    "up in Windows": entry("..\\roads.dbf"),
    "root": entry("/etc/roads.dbf"),
    "drive": entry("C:\\roads.dbf"),
    "line break": entry("roads\n.dbf"),
    "reading direction": entry("roads\u202efbd.exe"),
    "256 bytes": entry("ü" * 128),
    "link": entry("roads.dbf", "/etc/passwd", stat.S_IFLNK | 0o777),
    "device": entry("roads.dbf", "", stat.S_IFCHR | 0o666),
    "zip": entry("inside.ZIP", inner()),
    "tar": entry("inside.tar.gz", "x"),
}


def zipped(path: Path, *fillings: Filling) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for fill in fillings:
            fill(archive)
    return path


def error_of(path: Path) -> RoadscanError:
    with pytest.raises(RoadscanError) as caught:
        read_network(path)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_zip_is_refused_with_a_network_in_it(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "n.zip", entry("roads.geojson", LINES), REFUSED[name])
    assert error_of(path).code == "network_zip_refused"


def test_the_same_zip_without_the_hostile_entry_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "n.zip", entry("a/roads.geojson", LINES), entry("read me.txt"))
    assert len(read_network(path).links) == 1


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "n.zip", entry("roads.geojson", LINES), entry("roads.dbfX.txt"))
    path.write_bytes(path.read_bytes().replace(b"roads.dbfX", b"roads.dbf\x00"))
    assert error_of(path).code == "network_zip_refused"


def test_a_method_that_is_not_read_here_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "n.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("roads.geojson", LINES)
    assert error_of(tmp_path / "n.zip").code == "network_zip_refused"


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "n.zip", entry("roads.geojson", LINES))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert error_of(path).code == "network_zip_refused"


def test_a_zip_that_lies_about_a_size_is_not_believed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "n.zip", entry("roads.geojson", b" " * 40_000_000))
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(mark) + at
        content[place : place + 4] = (200).to_bytes(4, "little")
    path.write_bytes(content)
    assert error_of(path).code == "network_malformed"


@pytest.mark.parametrize(
    "fillings",
    [(), (entry("notes.txt"),), (entry("a.geojson", LINES), entry("b.geojson", LINES))],
    ids=["empty", "none", "two"],
)
def test_a_zip_holds_exactly_one_network(tmp_path: Path, fillings: tuple[Filling, ...]) -> None:
    assert error_of(zipped(tmp_path / "n.zip", *fillings)).code == "network_malformed"


@pytest.mark.parametrize("at", [0, 20, 60, -30, -5])
def test_a_damaged_zip_ends_in_a_code(tmp_path: Path, at: int) -> None:
    path = zipped(tmp_path / "n.zip", entry("roads.geojson", LINES))
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    try:
        assert read_network(path).links
    except RoadscanError as error:
        assert error.code.startswith("network_")  # noqa: PT017 -- a date may be damaged as well


def test_nothing_unpacked_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    read_network(zipped(tmp_path / "n.zip", entry("roads.geojson", LINES)))
    error_of(zipped(tmp_path / "b.zip", entry("roads.geojson", "no JSON")))
    assert list((tmp_path / "temp").iterdir()) == []
