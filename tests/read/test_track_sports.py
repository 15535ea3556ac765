"""KML, TCX and FIT: files written after their specifications give the same fixes as GPX."""

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadscan.errors import RoadscanError
from roadscan.model.track import Track
from roadscan.read.track_file import read_track
from roadscan.read.track_fit import read_fit

T_S = 1_781_079_300.0
FIT_EPOCH_S = 631_065_600
AT = "2026-06-10T08:15:{:02d}Z"
LON = [12.25 + k * 1e-4 for k in range(10)]


def read(folder: Path, content: str | bytes) -> Track:
    path = folder / "track.any"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_track(path)


def is_the_drive(track: Track, fixes: int = 10) -> None:
    assert (track.t_s - T_S).tolist() == list(range(fixes))
    np.testing.assert_allclose(track.lat_deg, 51.5, atol=1e-7)
    np.testing.assert_allclose(track.lon_deg, LON[:fixes], atol=1e-7)


def kml(times: int = 10) -> str:
    when = "".join(f"<when>{AT.format(k)}</when>" for k in range(times))
    coord = "".join(f"<gx:coord>{lon} 51.5 110</gx:coord>" for lon in LON)
    return (
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2" '
        'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><Placemark><gx:Track>'
        f"{when}{coord}</gx:Track></Placemark></Document></kml>"
    )


def tcx() -> str:
    points = "".join(
        f"<Trackpoint><Time>{AT.format(k)}</Time><Position><LatitudeDegrees>51.5</LatitudeDegrees>"
        f"<LongitudeDegrees>{lon}</LongitudeDegrees></Position><Extensions><x:TPX><x:Speed>7.5"
        "</x:Speed></x:TPX></Extensions></Trackpoint>"
        for k, lon in enumerate(LON)
    )
    return (
        '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
        ' xmlns:x="http://www.garmin.com/xmlschemas/ActivityExtension/v2"><Activities><Activity>'
        f"<Lap><Track>{points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    )


def fit_crc(content: bytes) -> int:
    """The checksum of the FIT protocol: CRC-16/ARC."""
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def fit() -> bytes:
    """A definition of `record` (20) with time, place and speed in mm/s, and ten of it."""
    fields = [(253, 4, 0x86), (0, 4, 0x85), (1, 4, 0x85), (6, 2, 0x84)]
    body = struct.pack("<BBBHB", 0x40, 0, 0, 20, len(fields))
    body += b"".join(struct.pack("<BBB", *field) for field in fields)
    for k, lon in enumerate(LON):
        place = (round(degrees * 2**31 / 180) for degrees in (51.5, lon))
        body += struct.pack("<BIiiH", 0, int(T_S) - FIT_EPOCH_S + k, *place, 7500)
    head = struct.pack("<BBHI4s", 14, 0x10, 2100, len(body), b".FIT")
    whole = head + struct.pack("<H", fit_crc(head)) + body
    return whole + struct.pack("<H", fit_crc(whole))


def test_a_kml_track_has_its_times_and_places(tmp_path: Path) -> None:
    track = read(tmp_path, kml())
    assert track.format == "kml"
    is_the_drive(track)


def test_placemarks_with_a_time_are_fixes(tmp_path: Path) -> None:
    marks = "".join(
        f"<Placemark><TimeStamp><when>{AT.format(k)}</when></TimeStamp><Point><coordinates>"
        f"{lon},51.5,110</coordinates></Point></Placemark>"
        for k, lon in enumerate(LON)
    )
    home = "<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>"
    is_the_drive(read(tmp_path, f"<kml><Document>{home}{marks}</Document></kml>"))


def test_a_kml_with_a_time_too_few_or_without_any_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RoadscanError) as caught:
        read(tmp_path, kml(times=9))
    assert (caught.value.code, "10 positions but 9 times" in caught.value.message) == (
        "track_malformed",
        True,
    )
    line = "<LineString><coordinates>12,51 12.1,51</coordinates></LineString>"
    with pytest.raises(RoadscanError) as caught:
        read(tmp_path, f"<kml><Placemark>{line}</Placemark></kml>")
    assert caught.value.code == "track_no_times"
    assert "its 1 lines have no times" in caught.value.message


def test_a_tcx_has_times_places_and_speeds(tmp_path: Path) -> None:
    track = read(tmp_path, tcx())
    assert track.format == "tcx"
    is_the_drive(track)
    assert track.speed_mps.tolist() == [7.5] * 10


def test_a_tcx_or_kml_that_is_cut_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    track = read(tmp_path, tcx()[: tcx().rindex("<Time>") + 20])
    is_the_drive(track, 9)
    assert track.warnings[0].startswith("track_cut_off:")


def test_a_fit_has_times_places_and_speeds(tmp_path: Path) -> None:
    track = read(tmp_path, fit())
    assert track.format == "fit"
    is_the_drive(track)
    assert track.speed_mps.tolist() == [7.5] * 10


def test_a_fit_that_is_cut_off_is_used_and_a_damaged_one_refused(tmp_path: Path) -> None:
    track = read(tmp_path, fit()[:-20])
    is_the_drive(track, 8)
    assert track.warnings[0].startswith("track_cut_off:")
    damaged = bytearray(fit())
    damaged[60] ^= 1
    with pytest.raises(RoadscanError) as caught:
        read(tmp_path, bytes(damaged))
    assert caught.value.code == "track_malformed"


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(14, len(fit()) - 3), st.integers(0, 255), min_size=1, max_size=5)
)
def test_a_fit_with_a_right_checksum_over_any_bytes_is_read_or_refused(
    changed: dict[int, int],
) -> None:
    content = bytearray(fit()[:-2])
    for place, byte in changed.items():
        content[place] = byte
    with suppress(ValueError):
        read_fit(bytes(content) + struct.pack("<H", fit_crc(bytes(content))))
