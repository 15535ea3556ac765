"""Which videos a command means, and which track belongs to each."""

from pathlib import Path

import pytest

from roadscan.errors import RoadscanError
from roadscan.pipeline.find_inputs import find_track, list_videos


def test_a_folder_stands_for_the_videos_directly_inside_it_by_name(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.mov", "c.ts", "notes.txt", "a.gpx", "deeper/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in list_videos([tmp_path])] == ["a.mov", "b.MP4", "c.ts"]


def test_a_file_stays_as_it_is_named_and_counts_once(tmp_path: Path) -> None:
    for name in ("a.mp4", "odd.name"):
        (tmp_path / name).touch()
    given = [tmp_path / "odd.name", tmp_path, tmp_path / "a.mp4", tmp_path / "missing.mp4"]
    listed = ["odd.name", "a.mp4", "missing.mp4"]
    assert [path.name for path in list_videos(given)] == listed


def test_a_folder_without_videos_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RoadscanError) as caught:
        list_videos([tmp_path])
    assert caught.value.code == "file_missing"
    assert str(tmp_path) in caught.value.message


def test_the_track_given_wins_over_the_one_beside_the_video(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.csv", "a.gpx", "other.nmea"):
        (tmp_path / name).touch()
    video = tmp_path / "a.mp4"
    assert find_track(video, tmp_path / "other.nmea").name == "other.nmea"
    assert find_track(video, None).name == "a.gpx"
    (tmp_path / "a.gpx").unlink()
    assert find_track(video, None).name == "a.csv"
    (tmp_path / "a.csv").unlink()
    (tmp_path / "A.NMEA").touch()
    assert find_track(video, None).name == "A.NMEA"
    assert find_track(tmp_path / "A.MP4", None).name == "A.NMEA"
    (tmp_path / "A.NMEA").unlink()
    with pytest.raises(RoadscanError) as caught:
        find_track(video, None)
    assert caught.value.code == "track_missing"
