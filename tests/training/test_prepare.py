"""Dataset folders: what is written, and what is refused."""

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.frames import RENDERED_TEST, rendered
from training.pictures import (
    MAX_SIDE_PX,
    Picture,
    beside,
    damaged,
    decode,
    encode,
    limited,
    read_manifest,
    write,
    write_data_yaml,
    write_manifest,
)
from training.prepare import RefusedError, prepared


def picture(name: str, jpeg: bytes, split: str = "", scene: str = "") -> Picture:
    return Picture(name, "town", "vehicle", split, scene, jpeg, "3 0.5 0.5 0.1 0.1\n")


def test_a_dataset_folder_reads_back_as_it_was_written(tmp_path: Path, place) -> None:
    given = replace(
        picture("a", place.seen(1), "test", "road 1"), labelled=("D40",), unlabelled="D00 1 1 1 1\n"
    )
    rows = [write(given, tmp_path)]
    write_manifest(tmp_path, rows)
    write_data_yaml(tmp_path, rows, ("D00", "D40"))
    (row,) = read_manifest(tmp_path)
    assert row == rows[0]
    assert row.classes == ("D40",)
    assert (row.file, row.boxes) == ("images/test_vehicle/a.jpg", 1)
    assert beside(tmp_path / row.file, "labels", ".txt").read_text() == given.labels
    assert beside(tmp_path / row.file, "unlabelled", ".txt").read_text() == given.unlabelled


def test_a_changed_picture_is_noticed(tmp_path: Path, place) -> None:
    row = write(picture("a", place.seen(1), "train", "s"), tmp_path)
    assert damaged(tmp_path, [row]) == []
    (tmp_path / row.file).write_bytes(place.seen(2))
    assert damaged(tmp_path, [row]) == [row.file]


def test_pictures_of_one_place_in_two_splits_are_refused(place) -> None:
    given = [
        picture("a", place.seen(1), "train", "s1"),
        picture("b", place.seen_again(1), "test", "s2"),
        picture("c", place.seen(2), "test", "s3"),
    ]
    with pytest.raises(RefusedError, match=r"a \(train\) and b \(test\)"):
        prepared(given, drop_duplicates=False)
    assert [p.name for p in prepared(given, drop_duplicates=True)] == ["a", "c"]


def test_a_scene_in_two_splits_is_refused(place) -> None:
    given = [
        picture("a", place.seen(1), "train", "road"),
        picture("b", place.seen(2), "val", "road"),
    ]
    with pytest.raises(RefusedError, match="town:road"):
        prepared(given, drop_duplicates=True)


def test_a_name_given_twice_is_refused(place) -> None:
    given = [picture("a", place.seen(n), "train", f"s{n}") for n in (1, 2)]
    with pytest.raises(RefusedError, match="twice"):
        prepared(given, drop_duplicates=False)


def test_pictures_without_scenes_stay_together_by_place(place) -> None:
    given = [picture(f"p{n}", place.seen(n)) for n in range(12)]
    given += [picture(f"q{n}", place.seen_again(n)) for n in range(12)]
    splits = {p.name: p.split for p in prepared(given, drop_duplicates=False)}
    assert all(splits[f"p{n}"] == splits[f"q{n}"] for n in range(12))
    assert len(set(splits.values())) > 1


def test_only_too_large_pictures_are_made_anew(place) -> None:
    assert limited(place.seen(1)) == place.seen(1)
    large = encode(np.full((400, 2 * MAX_SIDE_PX, 3), 100, np.uint8))
    assert decode(limited(large)).shape == (200, MAX_SIDE_PX, 3)


def test_rendered_frames_for_training_are_windows_with_their_boxes(tmp_path: Path) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for number in range(RENDERED_TEST + 3):
        image = np.full((400, 720, 3), 100, np.uint8)
        cv2.rectangle(image, (340, 200), (380, 240), (255, 255, 255), -1)
        cv2.imwrite(str(tmp_path / "images" / f"{number:03}.jpg"), image)
        (tmp_path / "labels" / f"{number:03}.txt").write_text("3 0.5 0.55 0.0556 0.1\n")
    frames = list(rendered(tmp_path, 2))
    assert [frame.split for frame in frames].count("train") == 2
    for frame in frames[RENDERED_TEST:]:
        shown = decode(frame.jpeg)
        assert shown.shape == (400, 640, 3)
        _, x, y, w, h = (float(value) for value in frame.labels.split())
        inside = shown[:, :, 0] > 180
        found = np.argwhere(inside).mean(axis=0)
        assert found == pytest.approx((y * 400, x * 640), abs=2)
        assert (w * 640, h * 400) == pytest.approx((40, 40), abs=1)


def test_a_refused_dataset_is_one_line_and_exit_3(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.prepare", "--voc", str(tmp_path), "--out"]
    done = subprocess.run(
        [*command, str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("refused: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.real
def test_no_scene_and_no_road_is_in_two_splits(real_data: Path) -> None:
    splits: dict[str, set[str]] = {}
    for folder, column in (("rdd", "block"), ("dnit", "road")):
        with (real_data / folder / "manifest.csv").open() as rows:
            for row in csv.DictReader(rows):
                splits.setdefault(row[column], set()).add(row["split"])
    assert {scene: found for scene, found in splits.items() if len(found) > 1} == {}
