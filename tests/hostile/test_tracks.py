"""Tracks made to break the reader: each ends in its code, quickly, and never in a traceback."""

import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadscan.errors import RoadscanError
from roadscan.read import track_fixes
from roadscan.read.track_file import MAX_BYTES, read_track

POINTS = "".join(
    f"<trkpt lat='51.{k}' lon='13.7'><time>2026-03-14T09:00:0{k}Z</time></trkpt>" for k in range(5)
)
GPX = f"<gpx version='1.1'><trk><trkseg>{POINTS}</trkseg></trk></gpx>"
LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{k} '{f'&a{k - 1};' * 10}'>" for k in range(1, 10))
    + "]><gpx version='1.1'><trk><name>&a9;</name></trk></gpx>"
)
OUTSIDE = (
    "<?xml version='1.0'?><!DOCTYPE g [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    "<gpx version='1.1'><trk><name>&x;</name></trk></gpx>"
)
HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>"
FEATURES = '{"type": "FeatureCollection", "features": [%s]}'
FEATURE = '{"type": "Feature", "properties": {"time": "2026-03-14T09:00:00Z"}, "geometry": %s}'

BAD = {
    "laughs.gpx": (LAUGHS, "track_malformed"),
    "outside.gpx": (OUTSIDE, "track_malformed"),
    "doctype.gpx": ("<!DOCTYPE gpx>" + GPX, "track_malformed"),
    "cut.gpx": (GPX[:150], "track_too_short"),
    "two_roots.gpx": (GPX + GPX, "track_malformed"),
    "deep.gpx": ("<gpx>" + "<a>" * 300_000, "track_malformed"),
    "wide.gpx": (GPX.replace("</trkpt>", "<a/>" * 200_000 + "</b>", 1), "track_malformed"),
    "within.gpx": (GPX.replace("<time>", "<time", 1), "track_malformed"),
    "page.gpx": (HTML, "track_format_unknown"),
    "other.gpx": ("<osm><node/></osm>", "track_format_unknown"),
    "empty.kml": ("<kml><Document/></kml>", "track_too_short"),
    "laughs.kml": (LAUGHS.replace("gpx", "kml"), "track_malformed"),
    "laughs.tcx": (LAUGHS.replace("gpx", "TrainingCenterDatabase"), "track_malformed"),
    "short.kml": (
        "<kml><gx:Track xmlns:gx='x'><when>2026-03-14T09:00:00Z</when></gx:Track></kml>",
        "track_malformed",
    ),
    "header.fit": ("\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00", "track_too_short"),
    "noise.fit": ("\x0e\x10\x00\x00\x7f\x00\x00\x00.FIT\x00\x00" + "\x47" * 127, "track_too_short"),
    "nothing.gpx": ("<gpx version='1.1'/>", "track_too_short"),
    "words.gpx": ("Dear sir or madam", "track_format_unknown"),
    "no_numbers.gpx": (GPX.replace("13.7", "east"), "track_too_short"),
    "blank.csv": (" \n\n ", "track_format_unknown"),
    "nul.csv": ("time_s,lat,lon\n\x00\x00\x00", "track_too_short"),
    "within.csv": ("time_s,lat,lon\n\x001,2,3\n", "track_format_unknown"),
    "video.csv": ("\x00\x00\x00\x18ftypmp42\x00\x00", "track_format_unknown"),
    "columns.csv": ("a,b,c\n1,2,3\n", "track_malformed"),
    "quote.csv": ('time_s,lat,lon\n"' + "x" * 200_000, "track_malformed"),
    "long.csv": ("time_s,lat,lon," + "x" * 10_000_000, "track_malformed"),
    "endless.csv": ("time_s,lat,lon\n" + "1," * 2_000_000, "track_malformed"),
    "infinite.csv": ("time_s,lat,lon\n" + "1e400,nan,inf\n" * 3, "track_no_times"),
    "broken.json": ('{"type": "FeatureCollection", "features": [', "track_malformed"),
    "deep.json": ('{"a":' * 200_000, "track_malformed"),
    "list.json": ('{"type": "FeatureCollection", "features": 7}', "track_malformed"),
    "strings.json": (FEATURES % '"a", "b"', "track_malformed"),
    "other.json": ('{"type": "Topology"}', "track_malformed"),
    "empty.json": (FEATURES % "", "track_too_short"),
    "no_place.json": (FEATURES % (FEATURE % '{"type": "Point"}'), "track_malformed"),
    "short_place.json": (
        FEATURES % (FEATURE % '{"type": "Point", "coordinates": [1]}'),
        "track_malformed",
    ),
    "words.json": (
        FEATURES % (FEATURE % '{"type": "Point", "coordinates": ["x", null]}'),
        "track_too_short",
    ),
    "huge.json": (
        FEATURES % (FEATURE % ('{"type": "Point", "coordinates": [1%s, 5]}' % ("0" * 400))),
        "track_too_short",
    ),
    "digits.json": (
        FEATURES % (FEATURE % ('{"type": "Point", "coordinates": [1%s, 5]}' % ("0" * 9000))),
        "track_malformed",
    ),
    "area.json": (
        FEATURES % (FEATURE % '{"type": "Polygon", "coordinates": []}'),
        "track_too_short",
    ),
    "noise.nmea": ("$GPRMC,,,,,,,*00\n" * 1000, "track_too_short"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_track_ends_in_its_code(tmp_path: Path, name: str) -> None:
    text, code = BAD[name]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    started = time.perf_counter()
    with pytest.raises(RoadscanError) as caught:
        read_track(path)
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500
    assert time.perf_counter() - started < 10.0


def test_missing_empty_and_folder_have_codes_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "empty.gpx").touch()
    expected = {"none.gpx": "file_missing", "empty.gpx": "file_empty", ".": "file_unreadable"}
    for name, code in expected.items():
        with pytest.raises(RoadscanError) as caught:
            read_track(tmp_path / name)
        assert caught.value.code == code


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RoadscanError) as caught:
        read_track(path)
    assert caught.value.code == "track_too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MAX_BYTES / 4 / 1024


def test_too_many_fixes_end_the_reading_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track_fixes, "MAX_FIXES", 3)
    path = tmp_path / "a.gpx"
    path.write_text(GPX)
    with pytest.raises(RoadscanError) as caught:
        read_track(path)
    assert caught.value.code == "track_too_large"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(["", "<gpx", '{"type": "Feature"', "$GPRMC,", "time,lat,lon\n", "\ufeff"]),
    tail=st.binary(max_size=200),
)
def test_no_bytes_end_in_anything_but_a_track_or_a_code(
    tmp_path: Path, head: str, tail: bytes
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(head.encode() + tail + b" ")
    try:
        assert read_track(path).t_s.size > 1
    except RoadscanError as error:
        assert error.code.startswith("track_")  # noqa: PT017 -- a track is right as well
