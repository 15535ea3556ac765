"""NMEA logs: sentences of one moment merged, bad ones passed over, midnight crossed."""

from functools import reduce
from operator import xor
from pathlib import Path

import numpy as np
import pytest

from roadscan.errors import RoadscanError
from roadscan.model.track import Track
from roadscan.read.track_file import read_track


def sentence(body: str) -> str:
    return f"${body}*{reduce(xor, body.encode()):02X}"


def rmc(clock: str, day: str = "140326", lat: str = "5103.0000,N", status: str = "A") -> str:
    return sentence(f"GPRMC,{clock},{status},{lat},01342.0000,E,019.4,090.0,{day},,,A")


def gga(clock: str, hdop: str = "0.8", lon: str = "01342.0000,E") -> str:
    return sentence(f"GNGGA,{clock},5103.0000,N,{lon},1,08,{hdop},110.0,M,45.0,M,,")


def read(folder: Path, *lines: str) -> Track:
    path = folder / "log.nmea"
    path.write_text("\r\n".join(lines), encoding="ascii")
    return read_track(path)


@pytest.mark.parametrize("order", [1, -1])
def test_rmc_and_gga_of_one_moment_are_one_fix_in_either_order(tmp_path: Path, order: int) -> None:
    first = [rmc("090000.00"), gga("090000.00")][::order]
    second = [rmc("090001.00"), gga("090001.00", "2.0")][::order]
    track = read(tmp_path, *first, *second)
    assert track.format == "nmea"
    assert (track.t_s - track.t_s[0]).tolist() == [0.0, 1.0]
    assert track.t_s[0] == 1_773_478_800.0
    np.testing.assert_allclose(track.lat_deg, 51.05)
    np.testing.assert_allclose(track.lon_deg, 13.7)
    np.testing.assert_allclose(track.speed_mps, 9.98, atol=0.01)
    np.testing.assert_allclose(track.accuracy_m, [2.4, 6.0])


def test_gga_between_two_rmc_are_fixes_of_their_own(tmp_path: Path) -> None:
    times = [f"09000{k // 10}.{k % 10}0" for k in range(20)]
    lines = [line for k, t in enumerate(times) for line in ([rmc(t)] if k % 10 == 0 else [gga(t)])]
    track = read(tmp_path, *lines)
    np.testing.assert_allclose(track.t_s - track.t_s[0], np.arange(20) / 10, atol=1e-6)
    assert np.isfinite(track.speed_mps).sum() == 2


def test_midnight_is_crossed_with_and_without_a_new_date(tmp_path: Path) -> None:
    dated = read(tmp_path, rmc("235959.00"), rmc("000000.00", "150326"))
    undated = read(tmp_path, rmc("235959.00"), gga("000000.00"), gga("000001.00"))
    assert np.diff(dated.t_s).tolist() == [1.0]
    assert np.diff(undated.t_s).tolist() == [1.0, 1.0]


def test_a_damaged_sentence_is_passed_over(tmp_path: Path) -> None:
    wrong = rmc("090001.00").replace("5103", "5203")
    cut = rmc("090002.00")[:40]
    not_yet = rmc("090003.00", status="V")
    nonsense = rmc("09x003.00")
    no_place = rmc("090003.00", lat="abc,N")
    no_hemisphere = rmc("090003.50", lat="5103.0000,")
    foreign = sentence("PUBX,00,090003.00")
    track = read(
        tmp_path,
        "of another sentence,that began earlier",
        *(rmc("090000.00"), wrong, cut, not_yet, nonsense, no_place, no_hemisphere, foreign),
        "2026-03-14 09:00:04 rx: " + rmc("090004.00"),
    )
    assert (track.t_s - track.t_s[0]).tolist() == [0.0, 4.0]


def test_fixes_before_the_first_date_have_no_time_and_are_left_out(tmp_path: Path) -> None:
    track = read(tmp_path, gga("085959.00"), rmc("090000.00"), rmc("090001.00"))
    assert track.t_s.size == 2


def test_a_log_without_any_date_has_no_times(tmp_path: Path) -> None:
    with pytest.raises(RoadscanError) as caught:
        read(tmp_path, gga("090000.00"), gga("090001.00"))
    assert caught.value.code == "track_no_times"


def test_a_receiver_without_a_fix_gives_nothing(tmp_path: Path) -> None:
    empty = sentence("GPRMC,090000.00,V,,,,,,,140326,,,N")
    with pytest.raises(RoadscanError) as caught:
        read(tmp_path, empty, empty)
    assert caught.value.code == "track_too_short"


def test_ten_sentences_in_each_whole_second_are_ten_fixes(tmp_path: Path) -> None:
    lines = []
    for k in range(40):
        lat = f"5103.{k:04d},N"
        lines += [
            rmc(f"09000{k // 10}", lat=lat),
            gga(f"09000{k // 10}").replace("5103.0000,N", lat),
        ]
    track = read(tmp_path, *(line if "RMC" in line else sentence(line[1:-3]) for line in lines))
    np.testing.assert_allclose(track.t_s - track.t_s[0], np.arange(40) / 10, atol=1e-6)
    assert track.warnings[0].startswith("track_same_time: 40 of 40")


def test_two_talkers_of_one_moment_are_one_fix(tmp_path: Path) -> None:
    moments = [rmc(f"09000{k}") for k in range(4)]
    both = [line for one in moments for line in (one, sentence(one[1:-3].replace("GP", "GN", 1)))]
    assert (np.diff(read(tmp_path, *both).t_s) == 1.0).all()


def test_positions_that_were_not_measured_are_told(tmp_path: Path) -> None:
    estimated = [
        sentence(f"GPRMC,09000{k}.00,A,5103.0000,N,01342.000{k},E,019.4,090.0,140326,,,E")
        for k in range(3)
    ]
    (warning,) = read(tmp_path, rmc("085959.00"), *estimated).warnings
    assert warning.startswith("track_estimated: 3 sentences")
    reckoned = sentence("GNGGA,090000.00,5103.0000,N,01342.0000,E,6,08,0.8,110.0,M,45.0,M,,")
    (warning,) = read(tmp_path, rmc("090000.00"), reckoned, rmc("090001.00")).warnings
    assert warning.startswith("track_estimated: 1 sentences")


def test_a_log_without_rmc_has_the_dates_of_zda(tmp_path: Path) -> None:
    zda = sentence("GPZDA,090000.00,14,03,2026,00,00")
    track = read(tmp_path, zda, gga("090000.00"), gga("090001.00"))
    assert track.t_s.tolist() == [1_773_478_800.0, 1_773_478_801.0]
