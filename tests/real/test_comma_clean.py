"""A real receiver's file, spoiled on purpose, through the reader, the cleaning and the command."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from pyproj import Transformer

from roadscan.cli.app import exit_code
from roadscan.locate.clean_track import clean_track
from roadscan.locate.drive_path import state_at
from roadscan.model.arrays import Floats
from roadscan.read.track_file import read_track

pytestmark = pytest.mark.real

EPSG = 32610
THROWN_M = 150.0
BESIDE_M = 20.0


def truth(real_data: Path) -> tuple[Floats, Floats]:
    """UTC times and metric positions of the drive."""
    folder = real_data / "video"
    rows = np.genfromtxt(folder / "comma2k19_truth.csv", delimiter=",", names=True)
    fixes = np.genfromtxt(folder / "comma2k19_gnss_ublox.csv", delimiter=",", names=True)
    utc_of_boot_s = np.median(fixes["utc_ms"] / 1000.0 - fixes["t_boot_s"])
    to_metres = Transformer.from_crs(4326, EPSG, always_xy=True)
    xy_m = np.column_stack(to_metres.transform(rows["lon"], rows["lat"]))
    return rows["t_boot_s"] + utc_of_boot_s, xy_m


def spoiled(real_data: Path, path: Path) -> Path:
    """Throw five fixes 150 m aside, write three twice, and take twelve seconds out."""
    lines = (real_data / "video" / "comma2k19_gnss_ublox.csv").read_text().splitlines()
    names = lines[0].split(",")
    rows = [line.split(",") for line in lines[1:]]
    for k in (40, 120, 121, 350, 500):
        rows[k][names.index("lon")] = str(float(rows[k][names.index("lon")]) + THROWN_M / 88_000)
    twice = [row for k, row in enumerate(rows) for _ in range(2 if k in {60, 61, 400} else 1)]
    kept = [",".join(row) for row in twice[:203] + twice[323:]]
    path.write_text("\n".join([lines[0], *kept]))
    return path


def test_what_was_spoiled_is_taken_out_and_the_rest_is_where_the_car_was(
    real_data: Path, tmp_path: Path
) -> None:
    track = read_track(spoiled(real_data, tmp_path / "spoiled.csv"))
    path = clean_track(track, EPSG)
    counts = path.counts
    assert (track.same_time, counts.not_increasing) == (3, 0)
    assert counts.outlier_speed + counts.outlier_acceleration == 5
    assert counts.kept == counts.fixes - 5
    (gap,) = path.gaps
    assert gap.to_s - gap.from_s == pytest.approx(12.0, abs=0.6)
    t_s, xy_m = truth(real_data)
    state = state_at(path, t_s)
    covered = state.piece >= 0
    off_m = np.hypot(state.x_m - xy_m[:, 0], state.y_m - xy_m[:, 1])[covered]
    assert covered.mean() == pytest.approx(1.0 - 12.0 / 60.0, abs=0.05)
    assert np.median(off_m) < 1.6
    assert np.quantile(off_m, 0.95) < 2.2
    assert off_m.max() < 5.0


def test_the_command_puts_the_spoiled_track_on_its_road_and_not_on_the_one_beside(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, xy_m = truth(real_data)
    driven = shapely.LineString(xy_m).simplify(0.3)
    roads = geopandas.GeoDataFrame(
        {"link_id": ["driven", "beside"], "highway": ["primary", "primary"]},
        geometry=[driven, driven.offset_curve(BESIDE_M)],
        crs=EPSG,
    )
    roads.to_file(tmp_path / "roads.gpkg")
    track = spoiled(real_data, tmp_path / "spoiled.csv")
    assert (
        exit_code(["match", str(track), "--network", str(tmp_path / "roads.gpkg"), "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert {fix["link_id"] for fix in told["matched"]} == {"driven"}
    assert set(told["credited_m"]) == {"driven"}
    missing_s = sum(gap["to_s"] - gap["from_s"] for gap in told["unmatched"])
    assert missing_s == pytest.approx(12.0, abs=0.5)
    gap_m = 12.0 / 60.0 * driven.length
    assert told["credited_m"]["driven"] == pytest.approx(driven.length - gap_m, rel=0.08)
