"""Datasets made of the sources."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.prepare import Picture, _boxes_of_mask, dnit_pictures, rdd_pictures, write


def test_each_blob_of_a_mask_becomes_one_pothole() -> None:
    mask = np.zeros((100, 200), np.uint8)
    cv2.rectangle(mask, (20, 40), (39, 59), 255, -1)
    cv2.rectangle(mask, (120, 10), (159, 29), 255, -1)
    mask[90, 90] = 255
    lines = [line.split() for line in _boxes_of_mask(mask).splitlines()]
    assert [line[0] for line in lines] == ["3", "3"]
    boxes = sorted([float(value) for value in line[1:]] for line in lines)
    np.testing.assert_allclose(boxes, [[0.15, 0.5, 0.1, 0.2], [0.7, 0.2, 0.2, 0.2]], atol=0.011)


def test_an_empty_mask_has_no_boxes() -> None:
    assert _boxes_of_mask(np.zeros((50, 50), np.uint8)) == ""


def test_the_manifest_says_what_a_source_labels(tmp_path: Path) -> None:
    picture = Picture("a", "dnit", "survey", "test", "road", b"jpeg", "", labelled=("D40",))
    row = write(picture, tmp_path)
    assert row.labelled == "D40"
    assert (tmp_path / row.file).read_bytes() == b"jpeg"
    assert (tmp_path / "labels" / "test_survey" / "a.txt").read_text() == ""


@pytest.mark.real
def test_no_scene_and_no_road_is_in_two_splits(real_data: Path) -> None:
    splits: dict[str, set[str]] = {}
    for folder, column in (("rdd", "block"), ("dnit", "road")):
        with (real_data / folder / "manifest.csv").open() as rows:
            for row in csv.DictReader(rows):
                splits.setdefault(row[column], set()).add(row["split"])
    assert {scene: found for scene, found in splits.items() if len(found) > 1} == {}


@pytest.mark.real
def test_every_picture_of_the_sources_has_its_view_and_labels(real_data: Path) -> None:
    rdd = list(rdd_pictures(real_data / "rdd"))
    assert {picture.view for picture in rdd} == {"vehicle", "drone"}
    assert len(rdd) == 1405
    survey = list(dnit_pictures(real_data / "dnit"))
    assert {picture.labelled for picture in survey} == {("D40",)}
    assert sum(bool(picture.labels) for picture in survey) > 200
