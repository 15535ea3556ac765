"""The laws of a run: nothing is lost; neither chunks nor order nor repetition change a result."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest

from roadscan.errors import RoadscanError
from roadscan.pipeline import chunk
from roadscan.pipeline.run import RunResult, run
from roadscan.store.sqlite import open_store
from tests.small_drive import (
    DAMAGES,
    LENGTH_S,
    LINKS,
    SmallDrive,
    results_of,
    write_clip,
    write_detections,
    write_network,
    write_track,
)


def run_small(drive: SmallDrive, out: Path, **changed: Any) -> RunResult:
    settings: dict[str, Any] = {
        "network": drive.network,
        "track": drive.track,
        "camera": drive.camera,
        "model": f"replay:{drive.detections}",
        "survey": "small drive",
        "offset_s": 0.0,
        "privacy_model": "none",
    }
    return run(**{"videos": [drive.video], "out": out, **settings, **changed})


@pytest.fixture(scope="module")
def done(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run_small(small_drive, tmp_path_factory.mktemp("done"))


def test_what_was_written_down_is_found_where_it_lies(done: RunResult) -> None:
    damages = done.damages
    for kind, from_m, to_m, right_m, left_m in DAMAGES:
        link_from_m = 0.0 if from_m < 130.0 else 130.0
        near = damages[(damages["kind"] == kind) & (damages["link_id"] == _link(from_m))]
        offset_m = near["offset_m"] + link_from_m
        covered = (offset_m < to_m + 1.0) & (offset_m + near["length_m"] > from_m - 1.0)
        assert covered.any(), (kind, from_m)
        across_m = near[covered]["left_m"].iloc[0]
        assert right_m - 0.6 <= across_m <= left_m + 0.6


def _link(along_m: float) -> str:
    return next(name for name, (low, high, _) in LINKS.items() if low <= along_m < high)


def test_the_account_adds_up(done: RunResult) -> None:
    account = json.loads((done.out / "run.json").read_text())
    frames, segments = account["frames"], account["segments"]
    assert frames["planned"] == 80
    assert frames["decoded"] == frames["usable"] + sum(frames["rejected"].values())
    assert account["detections"] == account["observations"] + sum(account["rejections"].values())
    assert account["rejections"]["above_horizon"] == 80
    assert account["observations"] > 5
    counted = segments["assessed"] + sum(segments["not_assessed"].values())
    assert counted == len(done.segments) == 36
    assert account["damages"] == len(done.damages)
    assert account["drive"]["credited_m"] == pytest.approx({"HS-1": 130.0, "HS-2": 125.0}, abs=6)
    assert set(account["timings_s"]) >= {"load", "prepare", "decode", "detect", "publish", "total"}
    assert account["faults"] == []


def test_the_same_again_gives_the_same_bytes(
    done: RunResult, small_drive: SmallDrive, tmp_path: Path
) -> None:
    first = results_of(done.out)
    assert set(first) >= {
        "layers/segments.geojson",
        "layers/damages.geojson",
        "layers/drives.geojson",
        "roadscan.gpkg",
        "map.png",
        "map.html",
    }
    run_small(small_drive, tmp_path / "elsewhere")
    assert results_of(tmp_path / "elsewhere") == first
    again = run_small(small_drive, done.out)
    assert results_of(done.out) == first
    assert "decode" not in again.record.timings_s


@pytest.mark.parametrize("chunk_s", [1.7, 7.0])
def test_splitting_a_drive_into_chunks_changes_nothing(
    done: RunResult,
    small_drive: SmallDrive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunk_s: float,
) -> None:
    monkeypatch.setattr(chunk, "CHUNK_S", chunk_s)
    split = run_small(small_drive, tmp_path)
    assert results_of(tmp_path) == results_of(done.out)
    assert split.record.frames == done.record.frames
    assert split.record.observations == done.record.observations


class Stops:
    """Stops a run after so many frames."""

    def __init__(self, after: int) -> None:
        self._left = after

    def begin(self, what: str, total: int) -> None:
        """Hear nothing."""

    def advance(self, items: int = 1) -> None:
        self._left -= items
        if self._left < 0:
            raise KeyboardInterrupt


def test_a_picture_on_show_across_the_end_of_a_chunk_is_seen_once(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = write_clip(tmp_path / "slow.mp4", 0.0, 24.0, frame_s=0.7)
    whole = run_small(small_drive, tmp_path / "whole", videos=[slow])
    assert whole.record.frames.decoded < 40
    monkeypatch.setattr(chunk, "CHUNK_S", 5.0)
    with pytest.raises(KeyboardInterrupt):
        run_small(small_drive, tmp_path / "split", videos=[slow], progress=Stops(20))
    split = run_small(small_drive, tmp_path / "split", videos=[slow])
    assert split.record.frames == whole.record.frames
    assert results_of(tmp_path / "split") == results_of(tmp_path / "whole")


@pytest.fixture(scope="module")
def clips(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [write_clip(folder / "b.mp4", 0.0, 11.0), write_clip(folder / "a.mp4", 11.0, 24.0)]


def test_the_order_of_videos_changes_nothing(
    clips: list[Path], small_drive: SmallDrive, tmp_path: Path
) -> None:
    boxes = small_drive.on(detections=write_detections(tmp_path / "boxes.jsonl"))
    run_small(boxes, tmp_path / "one", videos=clips)
    run_small(boxes, tmp_path / "other", videos=clips[::-1])
    run_small(boxes, tmp_path / "folder", videos=[clips[0].parent])
    assert (
        results_of(tmp_path / "one")
        == results_of(tmp_path / "other")
        == results_of(tmp_path / "folder")
    )


def test_the_same_video_twice_is_one_drive(
    done: RunResult, small_drive: SmallDrive, tmp_path: Path
) -> None:
    copy = shutil.copy(small_drive.video, tmp_path / "small.mp4")
    twice = run_small(small_drive, tmp_path / "out", videos=[small_drive.video, copy])
    assert twice.record.drive.videos == 1
    assert results_of(tmp_path / "out") == results_of(done.out)


def test_ids_stay_when_the_network_is_written_in_another_order_or_grows(
    small_drive: SmallDrive, done: RunResult, tmp_path: Path
) -> None:
    network = write_network(tmp_path / "town.geojson", tuple(LINKS)[::-1])
    other = run_small(small_drive, tmp_path / "out", network=network)
    for name in ("segments", "damages"):
        key = f"{name[:-1]}_id"
        before = getattr(done, name).set_index(key).sort_index().drop(columns="geometry")
        after = getattr(other, name).set_index(key).sort_index().drop(columns="geometry")
        assert before.equals(after), name
    smaller = write_network(tmp_path / "part.geojson", ("HS-1", "HS-2"))
    part = run_small(small_drive, tmp_path / "part", network=smaller)
    assert set(part.damages["damage_id"]) == set(done.damages["damage_id"])
    assert set(part.segments["segment_id"]) < set(done.segments["segment_id"])


def test_other_settings_are_another_result_in_the_same_store(
    small_drive: SmallDrive, tmp_path: Path
) -> None:
    coarse = run_small(small_drive, tmp_path, every_m=4.0)
    assert coarse.record.frames.planned == 60
    first = results_of(tmp_path)
    fine = run_small(small_drive, tmp_path)
    assert fine.record.frames.planned == 80
    again = run_small(small_drive, tmp_path, every_m=4.0)
    assert "decode" not in again.record.timings_s
    assert results_of(tmp_path) == first


def test_a_broken_video_among_others_is_told_and_the_others_go_on(
    clips: list[Path], small_drive: SmallDrive, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(clips[0], folder / "good.mp4")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video")
    write_clip(folder / "undated.avi", 0.0, 3.0, dated=False)
    late = write_track(folder / "late.gpx", shift_s=7200.0)
    shutil.copy(clips[1], folder / "late.mp4")
    shutil.copy(small_drive.track, folder / "good.gpx")
    shutil.copy(small_drive.track, folder / "undated.gpx")
    result = run_small(small_drive, tmp_path / "out", videos=[folder], track=None)
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    faults = {Path(fault["source"]).name: fault for fault in account["faults"]}
    assert {name: fault["code"] for name, fault in faults.items()} == {
        "empty.mp4": "file_empty",
        "text.mp4": "track_missing",
        "late.mp4": "track_no_overlap",
    }
    assert faults["late.mp4"]["facts"] == {
        "video_from": "2026-06-10T08:15:11.0Z",
        "video_to": "2026-06-10T08:15:23.9Z",
        "track_from": "2026-06-10T10:14:59.0Z",
        "track_to": "2026-06-10T10:15:25.0Z",
    }
    assert {drive["video"] for drive in account["drives"]} == {"good.mp4", "undated.avi"}
    assert any(w.startswith("undated.avi: clock_assumed: ") for w in account["warnings"])
    assert result.record.segments.assessed > 0
    assert late.is_file()


def test_without_one_usable_video_nothing_is_written(
    small_drive: SmallDrive, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_text("no video")
    with pytest.raises(RoadscanError) as caught:
        run_small(small_drive, tmp_path / "out", videos=[folder])
    assert caught.value.code == "video_nothing_usable"
    assert "a.mp4" in caught.value.message
    assert "video_not_a_video" in caught.value.message
    assert not (tmp_path / "out").exists()


def test_three_lines_in_a_notebook_give_a_table(done: RunResult) -> None:
    assert isinstance(done.segments, geopandas.GeoDataFrame)
    assert done.segments.crs == "EPSG:4326"
    scored = done.segments[done.segments["score"].notna()]
    assert len(scored) == done.record.segments.assessed
    assert np.all((scored["score"] >= 1.0) & (scored["score"] <= 5.0))
    assert sum(done.classes().values()) == len(scored)


class KillsDecoder:
    """Kills what decodes, in the middle of a video."""

    def __init__(self, of: str, at: int) -> None:
        self._of, self._at, self._seen = of, at, -1

    def begin(self, what: str, total: int) -> None:
        self._seen = 0 if what == self._of else -1

    def advance(self, items: int = 1) -> None:
        if self._seen >= 0:
            self._seen += items
        if self._seen == self._at:
            here = os.getpid()
            children = Path(f"/proc/{here}/task/{here}/children").read_text().split()
            for child in children:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"roadscan.read.video_child" in command:
                    os.kill(int(child), signal.SIGKILL)


@pytest.mark.parametrize("chunk_s", [60.0, 1.7])
def test_while_a_video_is_frozen_the_road_is_not_seen_and_says_why(
    small_drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_s: float
) -> None:
    monkeypatch.setattr(chunk, "CHUNK_S", chunk_s)
    frozen = write_clip(tmp_path / "frozen.mp4", 0.0, LENGTH_S, frozen_s=(5.0, 12.0))
    drive = small_drive.on(video=frozen)
    result = run_small(drive, tmp_path / "out")
    frames = result.record.frames
    assert frames.rejected == {"frame_repeated": 23}
    assert (frames.planned, frames.decoded, frames.usable) == (80, 57, 57)
    with open_store(tmp_path / "out") as store:
        lost = [one.lost for one in store.assessment("small drive").results if one.lost]
    assert lost
    assert all(set(one) == {"frame_repeated"} for one in lost)
    metres = sum(20.0 * one["frame_repeated"] for one in lost)
    assert result.record.segments.lost_m["frame_repeated"] == pytest.approx(metres, abs=15.0)
    assert 40.0 < result.record.segments.lost_m["frame_repeated"] < 70.0
    shown = result.segments["lost"].dropna()
    assert [one.split(":")[0] for one in shown] == ["frame_repeated"] * len(lost)
    assert result.record.segments.not_assessed["frames_unusable"] >= 2


def test_a_decoder_that_dies_spoils_its_video_and_not_the_survey(
    clips: list[Path], small_drive: SmallDrive, tmp_path: Path
) -> None:
    result = run_small(
        small_drive, tmp_path, videos=clips, progress=KillsDecoder(of="b.mp4", at=10)
    )
    (fault,) = result.record.faults
    assert (Path(fault.source).name, fault.code) == ("b.mp4", "video_decoder_crashed")
    scored = result.segments[result.segments["score"].notna()]
    assert set(scored["link_id"]) == {"HS-1", "HS-2"}
    assert not scored["segment_id"].isin(["HS-1:f:0", "HS-1:f:20", "HS-1:f:40"]).any()
    healed = run_small(small_drive, tmp_path, videos=clips)
    assert healed.record.faults == ()
    assert healed.segments["segment_id"][healed.segments["score"].notna()].isin(["HS-1:f:20"]).any()


def test_a_video_cut_off_is_used_as_far_as_it_goes_and_the_account_says_how_far(
    small_drive: SmallDrive, tmp_path: Path
) -> None:
    whole = write_clip(tmp_path / "cut.avi", 0.0, 24.0, dated=False)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    result = run_small(small_drive, tmp_path / "out", videos=[whole], offset_s=1.0)
    (drive,) = result.record.drives
    assert drive.claimed_s == pytest.approx(24.0, abs=0.2)
    assert 11.0 < drive.playable_s < 16.0
    told = f"cut.avi: truncated: plays {drive.playable_s:.1f} s of the {drive.claimed_s:.1f} s"
    assert any(warning.startswith(told) for warning in result.record.warnings)
    assert result.record.drive.length_m == pytest.approx(10.0 * drive.playable_s, abs=5.0)
    scored = result.segments[result.segments["score"].notna()]
    assert "HS-1:f:60" in set(scored["segment_id"])
    assert scored["link_id"].eq("HS-1").sum() >= 5
    assert "HS-2:f:60" not in set(scored["segment_id"])


def test_a_run_without_a_camera_file_says_what_it_assumes(
    small_drive: SmallDrive, tmp_path: Path
) -> None:
    given = run_small(small_drive, tmp_path / "given").record.warnings
    assumed = run_small(small_drive, tmp_path / "assumed", camera=None).record.warnings
    assert not any("camera_assumed" in warning for warning in given)
    (warning,) = [warning for warning in assumed if "small.mp4: camera_assumed" in warning]
    assert "hfov_deg 70, height_m 1.35, pitch_deg 6" in warning


@pytest.mark.parametrize("name", ["Nord/2026", "x" * 81, "a\nb", "a\u202eb"])
def test_a_survey_has_no_name_that_the_service_would_refuse(
    small_drive: SmallDrive, tmp_path: Path, name: str
) -> None:
    with pytest.raises(RoadscanError, match="--survey") as refused:
        run_small(small_drive, tmp_path / "out", survey=name)
    assert refused.value.code == "option_invalid"
    assert not (tmp_path / "out").exists()
