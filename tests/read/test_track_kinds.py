"""Tracks as loggers, phones and spreadsheets write them: read right, or refused with a reason."""

from pathlib import Path

import numpy as np
import pytest

from roadscan.errors import RoadscanError
from roadscan.model.track import Track
from roadscan.read.track_file import read_track

HERE = Path(__file__).parents[1]
CASES = HERE / "data" / "tracks"
SAMPLE = HERE.parent / "data_samples" / "drive.gpx"
T_S = 1_781_079_300.0
AT = "2026-06-10T08:15:{:02d}Z"


def read(folder: Path, text: str | bytes, name: str = "track.csv") -> Track:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_track(path)


def refused(folder: Path, text: str, name: str = "track.csv") -> RoadscanError:
    with pytest.raises(RoadscanError) as caught:
        read(folder, text, name)
    return caught.value


def gpx(*points: tuple[int, float], inside: str = "") -> str:
    body = "".join(
        f"<trkpt lat='51.0' lon='{lon}'><time>{AT.format(second)}</time>{inside}</trkpt>"
        for second, lon in points
    )
    return f"<gpx version='1.1'><trk><trkseg>{body}</trkseg></trk></gpx>"


@pytest.mark.parametrize(
    ("name", "warns"),
    [
        ("csv_date_time_cols.csv", ""),
        ("csv_german_excel_en_names.csv", ""),
        ("csv_sensorlogger.csv", ""),
        ("gpx_bursts_dup_time.gpx", "track_same_time"),
        ("gpx_no_end.gpx", "track_cut_off"),
        ("gpx_nsprefix.gpx", ""),
        ("gpx_utf16.gpx", ""),
        ("nmea_nochecksum.nmea", "track_unchecked"),
    ],
)
def test_every_way_to_write_the_sample_drive_gives_its_places_at_its_times(
    name: str, warns: str
) -> None:
    drive, track = read_track(SAMPLE), read_track(CASES / name)
    assert len(track.t_s) + track.same_time == len(drive.t_s)
    there = np.searchsorted(drive.t_s, track.t_s)
    assert np.array_equal(drive.t_s[there], track.t_s)
    np.testing.assert_allclose(track.lat_deg, drive.lat_deg[there], atol=2e-7)
    np.testing.assert_allclose(track.lon_deg, drive.lon_deg[there], atol=2e-7)
    assert [warning.split(":")[0] for warning in track.warnings] == ([warns] if warns else [])


def test_the_warning_of_bursts_says_how_many_were_dropped() -> None:
    (warning,) = read_track(CASES / "gpx_bursts_dup_time.gpx").warnings
    assert "59 of 92 fixes dropped" in warning


def test_columns_for_north_and_west_give_the_sign() -> None:
    assert np.all(read_track(CASES / "csv_west_hemi.csv").lon_deg < -12.3)
    assert np.all(read_track(CASES / "csv_west_hemi.csv").lat_deg > 51.2)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("time,lat,N/S,lon,E/W", "51.5,S,12.25,W"),
        ("time,lat,lat dir,lon,lon dir", "51.5,s,12.25,w"),
        ("time,latitude,a,longitude,b", "51.5,S,12.25,W"),
        ("time,lat,lon", "51.5 S,12.25W"),
        ("time,lat,lon", "S51.5°,W 12.25°"),
        ("time,lat,N/S,lon,E/W", "-51.5,S,-12.25,W"),
    ],
)
def test_the_side_of_a_coordinate_gives_its_sign_however_it_is_written(
    tmp_path: Path, header: str, row: str
) -> None:
    track = read(tmp_path, "\n".join([header, *(f"{AT.format(k)},{row}" for k in range(3))]))
    assert track.lat_deg.tolist() == [-51.5] * 3
    assert track.lon_deg.tolist() == [-12.25] * 3


def test_where_the_vehicle_heads_is_no_side_of_the_longitude(tmp_path: Path) -> None:
    rows = [f"{AT.format(k)},51.5,12.25,W" for k in range(3)]
    assert read(tmp_path, "\n".join(["time,lat,lon,dir", *rows])).lon_deg.tolist() == [12.25] * 3


def test_a_side_that_contradicts_a_sign_or_is_none_is_not_read_over(tmp_path: Path) -> None:
    head = "time,lat,N/S,lon,E/W\n"
    error = refused(tmp_path, head + f"{AT.format(0)},51.5,N,-12.25,E\n")
    assert error.code == "track_malformed"
    assert "'-12.25' with 'E'" in error.message
    error = refused(tmp_path, head + "".join(f"{AT.format(k)},51.5,N,12.25,?\n" for k in range(3)))
    assert error.code == "track_too_short"
    assert "'lon' holds '12.25'" in error.message


def test_times_and_places_of_a_line_that_differ_in_number_are_refused() -> None:
    with pytest.raises(RoadscanError) as caught:
        read_track(CASES / "gj_long_times.geojson")
    assert caught.value.code == "track_malformed"
    assert "92 positions but 93 times" in caught.value.message


def test_lines_and_lists_of_times_that_differ_in_number_are_refused(tmp_path: Path) -> None:
    text = """{"type": "Feature", "geometry": {"type": "MultiLineString", "coordinates":
      [[[13.7, 51.0], [13.71, 51.0]], [[13.8, 51.0], [13.81, 51.0]]]}, "properties": {"times":
      [["2026-06-10T08:15:00Z", "2026-06-10T08:15:01Z"]]}}"""
    error = refused(tmp_path, text, "a.geojson")
    assert "2 lines but 1 times" in error.message


def test_ten_fixes_in_each_whole_second_are_spread_over_it(tmp_path: Path) -> None:
    lon = 12 + np.arange(46) * 1e-5
    at = [(k + 4) // 10 for k in range(46)]  # the log begins at 0.4 s, and ends at 4.9 s
    track = read(tmp_path, gpx(*zip(at, lon, strict=True)), "a.gpx")
    np.testing.assert_allclose(track.t_s - T_S, 0.4 + np.arange(46) / 10, atol=1e-6)
    assert track.warnings == (
        "track_same_time: 46 of 46 fixes spread over the time until the next",
    )


def test_a_standing_vehicle_does_not_hide_that_seconds_are_cut_off(tmp_path: Path) -> None:
    lon = 12 + np.maximum(np.arange(50) - 25, 0) * 1e-5
    track = read(tmp_path, gpx(*((k // 10, lon[k]) for k in range(50))), "a.gpx")
    np.testing.assert_allclose(track.t_s - T_S, np.arange(50) / 10, atol=1e-6)


def test_copies_of_fixes_are_dropped_without_a_word(tmp_path: Path) -> None:
    track = read(tmp_path, gpx(*((k // 2, 12 + k // 2 * 1.1e-4) for k in range(20))), "a.gpx")
    assert (track.t_s - T_S).tolist() == list(range(10))
    assert (track.same_time, track.warnings) == (10, ())


def test_a_fix_that_came_late_has_the_place_of_its_time(tmp_path: Path) -> None:
    """The fix of second 2 was handed over with that of second 3."""
    points = [(0, 12.0), (1, 12.1), (3, 12.2), (3, 12.3), (4, 12.4)]
    track = read(tmp_path, gpx(*points), "a.gpx")
    assert (track.t_s - T_S).tolist() == [0, 1, 3, 4]
    assert track.lon_deg.tolist() == [12.0, 12.1, 12.3, 12.4]


def test_whole_minutes_with_several_fixes_in_each_are_refused(tmp_path: Path) -> None:
    rows = [f"10.06.2026 08:{15 + k // 60};51,0;{12 + k * 1e-4:.4f}" for k in range(150)]
    text = "\n".join(["time;lat;lon", *rows]).replace("12.", "12,")
    assert refused(tmp_path, text).code == "track_times_coarse"


def test_the_time_inside_an_extension_is_not_that_of_the_point(tmp_path: Path) -> None:
    other = "<extensions><sensor><time>2026-06-10T07:00:00Z</time><speed>3</speed></sensor>"
    track = read(tmp_path, gpx((0, 12.0), (1, 12.1), inside=other + "</extensions>"), "a.gpx")
    assert (track.t_s - T_S).tolist() == [0, 1]
    assert track.speed_mps.tolist() == [3.0, 3.0]
    without = gpx((0, 12.0), (1, 12.1), inside=other + "</extensions>").replace(
        "<time>2026-06-10T08", "<name>"
    )
    assert refused(tmp_path, without.replace("Z</time><ext", "Z</name><ext"), "b.gpx").code == (
        "track_no_times"
    )


def test_what_a_waypoint_says_is_not_of_the_first_point(tmp_path: Path) -> None:
    text = gpx((0, 12.0), (1, 12.1)).replace(
        "<trk>", "<wpt lat='1' lon='2'><hdop>9</hdop></wpt><trk>"
    )
    assert np.isnan(read(tmp_path, text, "a.gpx").accuracy_m).all()


@pytest.mark.parametrize(
    "written",
    [
        "1781079300", "1781079300000", "1781079300000000", "1781079300000000000",
        "10.06.2026 08:15:00", "10.6.26 8:15:00", "2026/06/10 08:15:00", "2026-06-10 08:15:00",
    ],
)  # fmt: skip
def test_a_moment_is_the_same_however_it_is_written(tmp_path: Path, written: str) -> None:
    track = read(tmp_path, f"time;lat;lon\n{written};51;12\n{AT.format(1)};51;13\n")
    assert track.t_s.tolist() == [T_S, T_S + 1]


def test_slashes_are_read_only_where_day_and_month_cannot_be_confused(tmp_path: Path) -> None:
    rows = "time,lat,lon\n{},51,12\n{},51,13\n"
    for day in ("13/06/2026", "06/13/2026"):
        track = read(tmp_path, rows.format(f"{day} 08:15:00", f"{day} 08:15:01"))
        assert track.t_s[0] == T_S + 3 * 86_400
    error = refused(tmp_path, rows.format("06/10/2026 08:15:00", "06/10/2026 08:15:01"))
    assert error.code == "track_no_times"
    assert "column 'time' holds '06/10/2026 08:15:00'" in error.message


def test_excel_says_its_separator(tmp_path: Path) -> None:
    text = "sep=;\nDatum;Uhrzeit;Breite;Länge\n" + "".join(
        f"10.06.2026;08:15:0{k};51,5;12,25\n" for k in range(2)
    )
    track = read(tmp_path, text)
    assert (track.t_s - T_S).tolist() == [0, 1]
    assert track.lon_deg.tolist() == [12.25, 12.25]


def test_the_column_that_holds_times_is_taken_before_relative_seconds(tmp_path: Path) -> None:
    text = "t_s,utc_ms,lat,lon\n0.0,1781079300000,51,12\n0.1,1781079300100,51,12.1\n"
    np.testing.assert_allclose(read(tmp_path, text).t_s - T_S, [0, 0.1], atol=1e-6)


def test_traccar_counts_knots_and_says_which_fixes_are_none(tmp_path: Path) -> None:
    head = "id,deviceId,protocol,serverTime,deviceTime,fixTime,valid,latitude,longitude,speed\n"
    at = "2026-06-10T08:15:0{}.000+00:00"
    rows = [
        f"1,1,osmand,2026-06-10T09:00:00Z,{at.format(k)},{at.format(k)},{valid},51,12.{k},10\n"
        for k, valid in enumerate(["true", "true", "false"])
    ]
    track = read(tmp_path, head + "".join(rows))
    assert (track.t_s - T_S).tolist() == [0, 1]
    np.testing.assert_allclose(track.speed_mps, 5.14, atol=0.01)
    assert track.unread == 1


def test_gpslogger_is_read_by_its_own_names(tmp_path: Path) -> None:
    head = "time,lat,lon,elevation,accuracy,bearing,speed,satellites,provider,hdop,timestamp_ms\n"
    rows = [f"{AT.format(k)},51,12.{k},110,4.5,90,8.2,12,gps,0.9,{k}\n" for k in range(2)]
    track = read(tmp_path, head + "".join(rows))
    assert (track.accuracy_m[0], track.course_deg[0], track.speed_mps[0]) == (4.5, 90.0, 8.2)


def test_phyphox_says_no_date_and_the_message_shows_what_it_says(tmp_path: Path) -> None:
    head = '"Time (s)","Latitude (°)","Longitude (°)","Velocity (m/s)","Direction (°)"\n'
    error = refused(tmp_path, head + "0.1,51,12,8,90\n1.1,51,12.1,8,90\n")
    assert error.code == "track_no_times"
    assert "column 'Time (s)' holds '0.1'" in error.message
    track = read(tmp_path, head + "1781079300,51,12,8,90\n1781079301,51,12.1,8,90\n")
    assert (track.speed_mps[0], track.course_deg[0]) == (8.0, 90.0)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("lat,lon\n51,12\n51,12\n", "no column for the time among lat, lon"),
        ("time,lat,lon\n08:15:00,51,12\n", "column 'time' holds '08:15:00'"),
        ("date,time,lat,lon\nWed,08:15:00,51,12\n", "column 'time' holds '08:15:00'"),
        ("date,time,lat,lon\n06/10/2026,08:15:00,51,12\n", "column 'date' holds '06/10/2026'"),
        (f"time,lat,N/S,lon\n{AT.format(1)},5116.286,N,12\n", "'lat' holds '5116.286'"),
        (f"time;lat;lon\n{AT.format(1)};51.27.14;12\n", "column 'lat' holds '51.27.14'"),
    ],
)
def test_where_no_column_fits_the_message_says_what_is_there(
    tmp_path: Path, text: str, seen: str
) -> None:
    assert seen in refused(tmp_path, text).message


def test_a_decimal_comma_between_commas_is_refused(tmp_path: Path) -> None:
    rows = [f"{AT.format(k)},51,2714,12,369{k}" for k in range(5)]
    error = refused(tmp_path, "\n".join(["time,lat,lon", *rows]))
    assert error.code == "track_malformed"
    assert "5 rows have more values than the 3 names" in error.message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["csv_german_excel_en_names.csv", "nmea_nochecksum.nmea"])
def test_every_text_is_read_by_its_byte_order_mark(
    tmp_path: Path, name: str, encoding: str
) -> None:
    text = (CASES / name).read_text(encoding="utf-8")
    assert np.array_equal(read(tmp_path, text.encode(encoding)).t_s, read_track(CASES / name).t_s)


def test_nmea_is_found_after_other_text_and_bytes(tmp_path: Path) -> None:
    log = (CASES / "nmea_nochecksum.nmea").read_bytes()
    for before in (b"BOOT v1.2, ready; ok\n" * 500, bytes(range(256)) * 4, b"$PUBX,40,GLL*5C\n"):
        track = read(tmp_path, before + log, "a.nmea")
        assert (track.format, len(track.t_s)) == ("nmea", 92)


def test_without_checksums_only_whole_sentences_are_used(tmp_path: Path) -> None:
    lines = (CASES / "nmea_nochecksum.nmea").read_text().splitlines()
    lines[3] = lines[3][:34]
    lines[5] = lines[5].replace("5116.", "516.")
    assert len(read(tmp_path, "\n".join(lines), "a.nmea").t_s) == 90


def test_one_checksum_in_a_log_means_that_all_sentences_have_one(tmp_path: Path) -> None:
    lines = (CASES / "nmea_nochecksum.nmea").read_text().splitlines()
    body = lines[0][1:]
    check = 0
    for byte in body.encode():
        check ^= byte
    lines[0] = f"${body}*{check:02X}"
    assert refused(tmp_path, "\n".join(lines), "a.nmea").code == "track_too_short"


def test_a_gpx_that_ends_within_a_point_is_used_up_to_it(tmp_path: Path) -> None:
    whole = gpx(*((k, 12 + k * 1e-4) for k in range(10)))
    cut = whole[: whole.rindex("<time>") + 12]
    track = read(tmp_path, cut, "a.gpx")
    assert len(track.t_s) == 9
    assert track.warnings[0].startswith("track_cut_off:")


def test_a_utf_16_gpx_may_be_cut_off_too(tmp_path: Path) -> None:
    content = (CASES / "gpx_utf16.gpx").read_bytes()
    track = read(tmp_path, content[: len(content) // 2 + 1], "a.gpx")
    assert track.warnings[0].startswith("track_cut_off:")


def test_a_gpx_that_ends_in_zeros_is_cut_off(tmp_path: Path) -> None:
    """What a device leaves that lost its power while it wrote."""
    whole = gpx(*((k, 12 + k * 1e-4) for k in range(10)))
    track = read(tmp_path, whole[: whole.rindex("<trkpt")].encode() + b"\0" * 512, "a.gpx")
    assert len(track.t_s) == 9
    assert track.warnings[0].startswith("track_cut_off:")


def test_a_coordinate_may_have_an_exponent_and_none_is_taken_for_east(tmp_path: Path) -> None:
    rows = [f"{AT.format(k)},5.15e1,1.225E+01" for k in range(2)]
    track = read(tmp_path, "\n".join(["time,lat,lon", *rows]))
    assert (track.lat_deg[0], track.lon_deg[0]) == (51.5, 12.25)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_a_german_table_is_read_in_the_encoding_in_which_excel_saves_it(
    tmp_path: Path, encoding: str
) -> None:
    rows = [f"10.06.2026;08:15:0{k};51,5;12,2{k};36,0;90\r\n" for k in range(3)]
    head = "Datum;Uhrzeit;Breitengrad;Längengrad;Geschwindigkeit [km/h];Richtung\r\n"
    track = read(tmp_path, (head + "".join(rows)).encode(encoding))
    assert (track.t_s - T_S).tolist() == [0, 1, 2]
    assert track.lon_deg.tolist() == [12.20, 12.21, 12.22]
    assert (track.speed_mps[0], track.course_deg[0]) == (pytest.approx(10.0), 90.0)


def table(header: str, *rows: str) -> str:
    return "\n".join([header, *rows])


@pytest.mark.parametrize(
    "written",
    [
        "10.06.2026 10:15:{:02d} MESZ",
        "2026-06-10 09:15:{:02d} CET",
        "2026-06-10 08:15:{:02d} GMT",
        "10.06.2026 8:15:{:02d} AM",
        "06/13/2026 08:15:{:02d} pm",
        "2026-06-10 12:15:{:02d} a.m.",
    ],
)
def test_zones_by_name_and_half_days_are_understood(tmp_path: Path, written: str) -> None:
    rows = (f"{written.format(k)},51.27144{k},12.36933{k}" for k in range(10, 20))
    track = read(tmp_path, table("time,lat,lon", *rows))
    days = 3.5 if "pm" in written else -8 / 24 if "a.m." in written else 0.0
    assert (track.t_s - T_S - days * 86_400.0).tolist() == [float(k) for k in range(10, 20)]


def test_a_time_with_two_zones_is_none(tmp_path: Path) -> None:
    error = refused(tmp_path, table("time,lat,lon", "2026-06-10T10:15:00+02:00 MESZ,51,12"))
    assert error.code == "track_no_times"


def test_a_table_with_the_newest_first_is_turned_round(tmp_path: Path) -> None:
    rows = [f"{AT.format(k)},51.27144{k},12.36933{k},{k}" for k in range(10, 30)]
    forwards = read(tmp_path, table("time,lat,lon,speed", *rows))
    backwards = read(tmp_path, table("time,lat,lon,speed", *rows[::-1]))
    for name in ("t_s", "lat_deg", "lon_deg", "speed_mps"):
        assert np.array_equal(getattr(forwards, name), getattr(backwards, name))


def test_the_dates_of_spreadsheets_are_read(tmp_path: Path) -> None:
    days = 46_183.34375 + np.arange(10) / 86_400.0
    assert (days[0] - 25_569.0) * 86_400.0 == T_S
    rows = (f"{day:.8f},51.27144{k},12.36933{k}" for k, day in enumerate(days))
    track = read(tmp_path, table("time,lat,lon", *rows))
    np.testing.assert_allclose(track.t_s - T_S, np.arange(10), atol=2e-3)


def test_seconds_since_a_start_are_not_the_dates_of_a_spreadsheet(tmp_path: Path) -> None:
    rows = (f"{40_000 + k},51.27144{k},12.36933{k}" for k in range(10))
    assert refused(tmp_path, table("time,lat,lon", *rows)).code == "track_no_times"
    coarse = (f"46183.34,51.27144{k},12.36933{k}" for k in range(10))
    assert refused(tmp_path, table("time,lat,lon", *coarse)).code == "track_no_times"


def test_degrees_and_minutes_in_a_table_are_read_where_they_can_be_nothing_else(
    tmp_path: Path,
) -> None:
    rows = (f"{AT.format(k)},5116.2866{k},N,01222.1601{k},W" for k in range(10))
    track = read(tmp_path, table("time,lat,N/S,lon,E/W", *rows))
    np.testing.assert_allclose(track.lat_deg, 51.271443, atol=2e-6)
    np.testing.assert_allclose(track.lon_deg, -12.369335, atol=2e-6)


@pytest.mark.parametrize(
    ("decimals", "least_m", "most_m"), [(3, 30.0, 34.0), (4, 4.0, 4.7), (6, 0.0, 0.0)]
)
def test_rounded_coordinates_are_as_inaccurate_as_they_are(
    tmp_path: Path, decimals: int, least_m: float, most_m: float
) -> None:
    step = np.arange(60) * 1.7e-4
    rows = (
        f"{AT.format(k)},{51.2714433 + step[k]:.{decimals}f},{12.3693353 + step[k]:.{decimals}f}"
        for k in range(60)
    )
    track = read(tmp_path, table("time,lat,lon", *rows))
    if not most_m:
        assert np.isnan(track.accuracy_m).all()
        assert track.warnings == ()
        return
    assert np.all((least_m <= track.accuracy_m) & (track.accuracy_m <= most_m))
    assert track.warnings[0].startswith("track_rounded: ")


def test_of_two_columns_that_differ_the_one_taken_is_named(tmp_path: Path) -> None:
    header = "fixtime,devicetime,lat,lon,latitude"
    rows = (
        f"{AT.format(k)},{AT.format(k + 31)},51.27144{k},12.36933{k},51.27244{k}" for k in range(10)
    )
    of_time, of_place = read(tmp_path, table(header, *rows)).warnings
    assert of_time == "track_columns: the time is that of 'fixtime'; 'devicetime' differs by 31.0 s"
    assert of_place == "track_columns: positions are those of 'lat'; 'latitude' differs"


def test_columns_that_say_the_same_are_no_news(tmp_path: Path) -> None:
    rows = (f"{T_S + k:.0f},{AT.format(k)},51.27144{k},12.36933{k},51.27144{k}" for k in range(10))
    assert read(tmp_path, table("timestamp,time,lat,lon,latitude", *rows)).warnings == ()


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("06/10/2026 08:15:00", "day and month may be taken for each other"),
        ("08:15:00", "a time of day alone may be of any day"),
        ("17.5", "a number alone counts from a start"),
    ],
)
def test_what_misleads_in_a_time_is_said(tmp_path: Path, value: str, hint: str) -> None:
    assert hint in refused(tmp_path, table("time,lat,lon", f"{value},51,12")).hint
