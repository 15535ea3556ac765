"""Tracks as made and as found: every format gives the same fixes."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.errors import RoadscanError
from roadscan.model.track import Track
from roadscan.read.track_file import read_track
from roadscan.read.track_fixes import time_or_nan

STARTED_S = datetime(2026, 3, 14, 9, 0, tzinfo=UTC).timestamp()

GPX = """<?xml version="1.0"?>
<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"
     xmlns:e="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
<wpt lat="1" lon="2"><time>2001-01-01T00:00:00Z</time></wpt>
<trk><trkseg>
<trkpt lat="51.0" lon="13.7"><ele>110</ele><time>2026-03-14T09:00:00Z</time><hdop>0.5</hdop>
  <extensions><e:TrackPointExtension><e:speed>8.5</e:speed><e:course>90</e:course>
  </e:TrackPointExtension></extensions></trkpt>
<trkpt lat="51.0" lon="13.701"><ele>110</ele></trkpt>
</trkseg><trkseg>
<trkpt lat="51.0" lon="13.702"><time>2026-03-14T10:00:02.500+01:00</time></trkpt>
</trkseg></trk></gpx>"""


def read(folder: Path, name: str, text: str) -> Track:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_track(path)


def code_of(folder: Path, text: str, name: str = "track.csv") -> str:
    with pytest.raises(RoadscanError) as caught:
        read(folder, name, text)
    assert "\n" not in caught.value.message
    return caught.value.code


def test_gpx_segments_are_parts_and_points_without_time_are_left_out(tmp_path: Path) -> None:
    track = read(tmp_path, "a.gpx", GPX)
    assert track.format == "gpx"
    assert track.t_s.tolist() == [STARTED_S, STARTED_S + 2.5]
    assert track.lon_deg.tolist() == [13.7, 13.702]
    assert track.part.tolist() == [0, 1]


def test_gpx_extensions_give_speed_course_and_accuracy(tmp_path: Path) -> None:
    track = read(tmp_path, "a.gpx", GPX)
    assert (track.speed_mps[0], track.course_deg[0], track.accuracy_m[0]) == (8.5, 90.0, 1.5)
    assert np.isnan([track.speed_mps[1], track.course_deg[1], track.accuracy_m[1]]).all()


def test_gpx_1_0_says_speed_and_course_in_the_point_itself(tmp_path: Path) -> None:
    point = "<trkpt lat='51' lon='13'><time>2026-03-14T09:00:0{}Z</time><course>7</course>"
    point += "<speed>3</speed></trkpt>"
    text = "<gpx version='1.0' xmlns='http://www.topografix.com/GPX/1/0'><trk><trkseg>"
    text += "".join(point.format(k) for k in range(2)) + "</trkseg></trk></gpx>"
    track = read(tmp_path, "a.gpx", text)
    assert track.speed_mps.tolist() == [3.0, 3.0]
    assert track.course_deg.tolist() == [7.0, 7.0]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("time_s,lat,lon,speed_mps,course_deg,accuracy_m", "{s},51.5,13.25,8.0,90,3"),
        ("utc_ms,LAT,LON,speed_kmh,bearing_deg,hdop", "{ms},51.5,13.25,28.8,90,1"),
        ("timestamp;latitude;longitude;speed_kmh;heading;hdop", "{iso};51,5;13,25;28,8;90;1,0"),
        ("time\tlat_deg\tlng\tspeed\tcourse\taccuracy", "{iso}\t51.5\t13.25\t8\t90\t3"),
        ('"t_s";"lat";"lon";"speed_mps";"course";"accuracy"', '{comma_s};"51,5";13,25;8;90;3'),
    ],
)
def test_csv_columns_have_many_names_and_three_separators(
    tmp_path: Path, header: str, row: str
) -> None:
    rows = [
        row.format(
            s=t_s,
            ms=int(t_s * 1000),
            iso=datetime.fromtimestamp(t_s, tz=UTC).isoformat(),
            comma_s=str(t_s).replace(".", ","),
        )
        for t_s in (STARTED_S, STARTED_S + 0.5)
    ]
    track = read(tmp_path, "a.txt", "\n".join([header, *rows]))
    assert track.format == "csv"
    assert track.t_s.tolist() == [STARTED_S, STARTED_S + 0.5]
    assert track.lat_deg.tolist() == [51.5, 51.5]
    assert track.lon_deg.tolist() == [13.25, 13.25]
    np.testing.assert_allclose(track.speed_mps, 8.0)
    np.testing.assert_allclose(track.course_deg, 90.0)
    np.testing.assert_allclose(track.accuracy_m, 3.0)


def test_a_row_that_cannot_be_read_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    rows = [f"{STARTED_S},51,13", "junk", f"{STARTED_S + 1},north,13", "", "yesterday,51,13"]
    rows += [f"{STARTED_S + 2},951,13", f"{STARTED_S + 3},51,13"]
    track = read(tmp_path, "a.csv", "\n".join(["time_s,lat,lon", *rows]))
    assert track.t_s.tolist() == [STARTED_S, STARTED_S + 3]


def test_geojson_points_and_lines_say_when(tmp_path: Path) -> None:
    line = """{"type": "FeatureCollection", "features": [
      {"type": "Feature", "geometry": {"type": "LineString",
        "coordinates": [[13.7, 51.0, 110], [13.71, 51.0, 110]]},
       "properties": {"coordTimes": ["2026-03-14T09:00:00Z", "2026-03-14T09:00:05Z"]}},
      {"type": "Feature", "geometry": {"type": "MultiLineString",
        "coordinates": [[[13.8, 51.0], [13.81, 51.0]], [[13.9, 51.0], [13.91, 51.0]]]},
       "properties": {"coordinateProperties": {"times": [
         ["2026-03-14T09:01:00Z", "2026-03-14T09:01:05Z"],
         ["2026-03-14T09:02:00Z", "2026-03-14T09:02:05Z"]]}}}]}"""
    track = read(tmp_path, "a.geojson", line)
    assert (track.t_s - STARTED_S).tolist() == [0, 5, 60, 65, 120, 125]
    assert track.part.tolist() == [1, 1, 2, 2, 3, 3]
    point = """{"type": "Feature", "geometry": {"type": "Point", "coordinates": [13.7, 51.0]},
      "properties": {"time": %s, "speed_mps": 4, "course": 10, "accuracy_m": 2}}"""
    points = ", ".join(point % time for time in (f'"{STARTED_S}"', int(STARTED_S * 1000) + 1000))
    track = read(tmp_path, "b.json", '{"type": "FeatureCollection", "features": [' + points + "]}")
    assert (track.t_s - STARTED_S).tolist() == [0, 1]
    assert track.part.tolist() == [0, 0]
    assert (track.speed_mps[0], track.course_deg[0], track.accuracy_m[0]) == (4.0, 10.0, 2.0)


def test_the_content_decides_on_the_format_and_not_the_name(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", GPX).format == "gpx"
    assert read(tmp_path, "a.gpx", f"time_s,lat,lon\n{STARTED_S},51,13\n{STARTED_S},51,13").t_s.size


def test_a_time_without_a_zone_is_utc() -> None:
    assert time_or_nan("2026-03-14 09:00:00") == STARTED_S
    assert time_or_nan("2026-03-14T10:00:00+01:00") == STARTED_S


@given(st.floats(min_value=4e8, max_value=4e9))
def test_seconds_and_milliseconds_of_one_moment_are_one_time(t_s: float) -> None:
    assert time_or_nan(t_s) == t_s
    assert time_or_nan(t_s * 1000) == pytest.approx(t_s, abs=1e-4)
    assert time_or_nan(str(t_s)) == t_s


@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.none(), st.booleans()))
def test_whatever_stands_for_a_time_gives_a_time_of_the_satellite_age_or_none(
    value: object,
) -> None:
    t_s = time_or_nan(value)
    assert np.isnan(t_s) or 3e8 < t_s < 5e9


def test_a_track_without_dates_has_no_times(tmp_path: Path) -> None:
    assert code_of(tmp_path, "lat,lon\n51,13\n51,13.1\n") == "track_no_times"
    assert code_of(tmp_path, "time,lat,lon\n09:00:00,51,13\n09:00:01,51,13") == "track_no_times"
    assert code_of(tmp_path, "t_s,lat,lon\n0.0,51,13\n0.1,51,13.1\n") == "track_no_times"
    no_times = GPX.replace("time>", "name>")
    assert code_of(tmp_path, no_times, "a.gpx") == "track_no_times"


def test_a_track_at_null_island_is_named_so_and_single_zeros_are_left_out(tmp_path: Path) -> None:
    rows = [f"{STARTED_S + k},0,0" for k in range(9)]
    good = [f"{STARTED_S + 20 + k},51,13" for k in range(5)]
    assert code_of(tmp_path, "\n".join(["t_s,lat,lon", *rows, *good])) == "track_null_island"
    track = read(tmp_path, "a.csv", "\n".join(["t_s,lat,lon", *rows[:4], *good]))
    assert track.t_s.size == 5


def test_one_fix_is_too_short(tmp_path: Path) -> None:
    assert code_of(tmp_path, f"t_s,lat,lon\n{STARTED_S},51,13\n") == "track_too_short"
    assert code_of(tmp_path, "t_s,lat,lon\n") == "track_too_short"


def test_both_receivers_of_a_real_drive_are_read_as_they_are(real_data: Path) -> None:
    ublox = read_track(real_data / "video" / "comma2k19_gnss_ublox.csv")
    qcom = read_track(real_data / "video" / "comma2k19_gnss_qcom.csv")
    assert (ublox.t_s.size, qcom.t_s.size) == (579, 30)
    assert ublox.t_s[0] == pytest.approx(1533226488.299)
    assert (ublox.speed_mps[0], ublox.course_deg[0]) == (7.823, 2.14)
    assert np.diff(ublox.t_s).min() > 0
    assert np.ptp(ublox.lat_deg) * 111_000 == pytest.approx(1012, rel=0.02)


def test_a_drawn_real_gpx_is_read_with_its_times(real_data: Path) -> None:
    track = read_track(real_data / "video" / "track_sf_30km_h.gpx")
    assert track.format == "gpx"
    assert track.t_s.size == 49
    assert datetime.fromtimestamp(track.t_s[0], tz=UTC).year == 2025
    assert track.part.max() == 0
