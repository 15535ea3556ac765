"""`roadscan run` on bad input: one line with its code, exit 3, and nothing half-written."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas
import pytest
import shapely

from roadscan.cli.app import exit_code
from tests.read.videos import write_sound
from tests.small_drive import SmallDrive, write_track

Made = Callable[[Path, SmallDrive], dict[str, Path | str]]


def _file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def _track(change: Callable[[str], str]) -> Made:
    def make(folder: Path, drive: SmallDrive) -> dict[str, Path | str]:
        path = folder / "track.gpx"
        path.write_text(change(drive.track.read_text()))
        return {"track": path}

    return make


def _network(folder: Path, drive: SmallDrive, *, has_crs: bool, east_m: float) -> Path:
    columns = ["link_id", "street", "road_class", "surface", "geometry"]
    roads = geopandas.read_file(drive.network).to_crs(25833)[columns]
    roads.geometry = roads.geometry.translate(east_m)
    path = folder / "roads.shp"
    roads.to_file(path)
    if not has_crs:
        path.with_suffix(".prj").unlink()
    return path


def _points(folder: Path) -> Path:
    path = folder / "points.geojson"
    geopandas.GeoDataFrame(geometry=[shapely.Point(12.0, 51.0)], crs=4326).to_file(path)
    return path


def _blocked(folder: Path) -> Path:
    _file("in_the_way", "x")(folder)
    return folder / "in_the_way" / "out"


BAD: dict[str, tuple[str, Made]] = {
    "zero-byte video": ("file_empty", lambda f, _: {"video": _file("a.mp4", "")(f)}),
    "text as a video": ("video_not_a_video", lambda f, _: {"video": _file("a.mp4", "Dear sir")(f)}),
    "missing video": ("file_missing", lambda f, _: {"video": f / "none.mp4"}),
    "folder without a video": ("file_missing", lambda f, _: {"video": f}),
    "sound only": (
        "video_no_picture_stream",
        lambda f, _: {"video": write_sound(f / "sound.mp4")},
    ),
    "track without times": (
        "track_no_times",
        _track(lambda text: re.sub("<time>.*?</time>", "", text)),
    ),
    "track at (0, 0)": (
        "track_null_island",
        _track(lambda text: re.sub('lat=".*?" lon=".*?"', 'lat="0" lon="0"', text)),
    ),
    "track of another day": (
        "track_no_overlap",
        lambda f, _: {"track": write_track(f / "late.gpx", shift_s=86_400.0)},
    ),
    "missing track": ("file_missing", lambda f, _: {"track": f / "none.gpx"}),
    "network without CRS": (
        "network_no_crs",
        lambda f, d: {"network": _network(f, d, has_crs=False, east_m=0.0)},
    ),
    "network too far away": (
        "network_too_far",
        lambda f, d: {"network": _network(f, d, has_crs=True, east_m=12_000.0)},
    ),
    "track with its axes swapped": (
        "track_swapped",
        _track(lambda text: re.sub('lat="(.*?)" lon="(.*?)"', r'lat="\2" lon="\1"', text)),
    ),
    "network without lines": ("network_no_lines", lambda f, _: {"network": _points(f)}),
    "missing network": ("file_missing", lambda f, _: {"network": f / "none.gpkg"}),
    "unknown scheme": ("scheme_unknown", lambda _f, _d: {"scheme": "zeb"}),
    "unknown model": ("model_unknown", lambda _f, _d: {"model": "nonesuch"}),
    "missing model": ("model_missing", lambda f, _: {"model": f"{f}/nonesuch"}),
    "missing detections": ("file_missing", lambda f, _: {"model": f"replay:{f}/none.jsonl"}),
    "bad camera": (
        "camera_invalid",
        lambda f, _: {"camera": _file("camera.toml", "hfov_deg = 'wide'")(f)},
    ),
    "output in a file": ("output_not_writable", lambda f, _: {"out": _blocked(f)}),
    "output where nothing can be": ("output_not_writable", lambda _f, _d: {"out": "/proc/out"}),
}


def command(drive: SmallDrive, out: Path, **changed: Path | str) -> list[str]:
    video = changed.pop("video", drive.video)
    return [str(video) if a == str(drive.video) else a for a in drive.command(out, **changed)]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path, name: str
) -> None:
    code, make = BAD[name]
    changed = make(tmp_path, small_drive)
    before = sorted(tmp_path.rglob("*"))
    out = Path(changed.pop("out", tmp_path / "results" / "out"))
    ended = exit_code(command(small_drive, out, **changed))
    said = capsys.readouterr()
    assert (ended, said.out) == (3, "")
    assert said.err.startswith(f"roadscan: {code}: ")
    assert said.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_no_overlap_names_both_times_and_an_offset_that_works(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    track = write_track(tmp_path / "late.gpx", shift_s=7200.0)
    arguments = [
        a for a in command(small_drive, tmp_path / "out", track=track) if "offset" not in a
    ]
    assert exit_code(arguments) == 3
    said = capsys.readouterr().err
    for moment in (
        "2026-06-10T08:15:00.0Z",
        "2026-06-10T08:15:23.9Z",
        "2026-06-10T10:14:59.0Z",
        "2026-06-10T10:15:25.0Z",
    ):
        assert moment in said
    suggested = re.search(r"--offset-s (-?[\d.]+)", said)
    assert suggested is not None
    assert exit_code([*arguments, "--offset-s", suggested.group(1)]) == 0
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["sync"]["offset_s"] == pytest.approx(7200.0, abs=0.1)
    assert account["drive"]["length_m"] == pytest.approx(239.0, abs=3.0)


def test_the_table_says_what_was_found_and_where_it_is(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    assert exit_code(small_drive.command(tmp_path / "out")) == 0
    out = " ".join(capsys.readouterr().out.split())
    for words in ("small drive", "frames analysed", "80", "above_horizon", "segments scored"):
        assert words in out
    assert "never an official ZEB grade" in out
    assert str(tmp_path)[:20] in out
    assert exit_code(small_drive.command(tmp_path / "out")) == 0
    assert "nothing new" in capsys.readouterr().out


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    mounted: list[Path] = []

    def mount(kib: int) -> Path:
        disk = tmp_path / f"disk{kib}"
        disk.mkdir()
        tmpfs = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)]
        if subprocess.run(tmpfs, capture_output=True, check=False).returncode:
            pytest.skip("a disk to fill cannot be mounted here: that takes root")
        mounted.append(disk)
        return disk

    yield mount
    for disk in mounted:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture(scope="module")
def with_room(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the drive where there is room enough; return its results."""
    out = tmp_path_factory.mktemp("with_room") / "out"
    assert exit_code(small_drive.command(out)) == 0
    return out


@pytest.mark.parametrize(
    "kib", [4, 64, 600], ids=["before the run", "in the store", "in the layers"]
)
def test_a_full_disk_is_told_and_room_made_is_all_it_needs(
    capsys: pytest.CaptureFixture[str],
    small_drive: SmallDrive,
    with_room: Path,
    small_disk: Callable[[int], Path],
    kib: int,
) -> None:
    disk = small_disk(kib)
    if kib == 4:
        (disk / "filler").write_bytes(b"x" * 4096)
    capsys.readouterr()
    assert exit_code(small_drive.command(disk / "out")) == 3
    said = capsys.readouterr().err
    assert said.startswith("roadscan: output_disk_full: ")
    assert said.count("\n") == 1
    layers = [*disk.rglob("*.geojson"), *disk.rglob("map.*"), *disk.rglob("run.json")]
    assert layers == []
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
    assert exit_code(small_drive.command(disk / "out")) == 0
    for name in ("layers/segments.geojson", "layers/damages.geojson", "roadscan.gpkg", "map.png"):
        assert (disk / "out" / name).read_bytes() == (with_room / name).read_bytes()


def test_weights_from_elsewhere_run_only_when_trusted(
    capsys: pytest.CaptureFixture[str], small_drive: SmallDrive, tmp_path: Path
) -> None:
    folder = shutil.copytree(Path(__file__).parents[2] / "models/rdd-v5nu", tmp_path / "mine")
    arguments = command(small_drive, tmp_path / "out", model=f"torch:{folder}")
    assert exit_code(arguments) == 3
    assert "model_untrusted" in capsys.readouterr().err
    exit_code([*arguments, "--trust-pt"])
    assert "model_untrusted" not in capsys.readouterr().err
