"""Sources with boxes, read into pictures."""

from pathlib import Path

import pytest

from training.pictures import CLASSES
from training.sources import packed_rdd, voc, yolo

OBJECT = """<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>
<ymax>{}</ymax></bndbox></object>"""


@pytest.fixture
def rdd2022(tmp_path: Path, place) -> Path:
    """RDD2022's layout: Japan labels no patches, China does; the test folder has no labels."""
    for country, boxes in {
        "Japan": [("D00", 24, 48, 120, 240), ("D43", 0, 0, 9, 9), ("D40", 200, 200, 400, 230)],
        "China_MotorBike": [("Repair", 10, 10, 20, 20), ("D10", 60, 60, 60, 90)],
    }.items():
        folder = tmp_path / country / "train"
        (folder / "images").mkdir(parents=True)
        (folder / "annotations" / "xmls").mkdir(parents=True)
        (folder / "images" / f"{country}_000001.jpg").write_bytes(place.seen(1))
        text = "".join(OBJECT.format(*box) for box in boxes)
        xml = f"<annotation><size><width>9</width></size>{text}</annotation>"
        (folder / "annotations" / "xmls" / f"{country}_000001.xml").write_text(xml)
        (tmp_path / country / "test" / "images").mkdir(parents=True)
        (tmp_path / country / "test" / "images" / "x.jpg").write_bytes(place.seen(2))
    return tmp_path


def test_rdd2022_is_read_as_published(rdd2022: Path) -> None:
    china, japan = voc(rdd2022)
    assert (china.source, china.view, japan.source) == ("China_MotorBike", "vehicle", "Japan")
    assert japan.labels.splitlines()[0] == "0 0.300000 0.600000 0.400000 0.800000"


def test_a_class_that_a_country_never_labels_is_not_claimed(rdd2022: Path) -> None:
    china, japan = voc(rdd2022)
    assert japan.labelled == ("D00", "D40")
    assert china.labelled == ("D10", "Repair")


def test_boxes_are_clipped_and_those_without_area_dropped(rdd2022: Path) -> None:
    china, japan = voc(rdd2022)
    assert [line.split()[0] for line in china.labels.splitlines()] == ["4"]
    assert japan.labels.splitlines()[1] == "3 0.916667 0.895833 0.166667 0.125000"


def test_one_country_alone_is_read_too(rdd2022: Path) -> None:
    assert [picture.source for picture in voc(rdd2022 / "Japan")] == ["Japan"]


def test_a_town_s_own_class_needs_no_code(rdd2022: Path) -> None:
    (japan,) = voc(rdd2022 / "Japan", ("D43", "D00"))
    assert [line.split()[0] for line in japan.labels.splitlines()] == ["1", "0"]


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="annotations"):
        list(voc(tmp_path))


@pytest.fixture
def reviewed(tmp_path: Path, place) -> Path:
    """What the review exports: its own class order, drives as scenes."""
    folder = tmp_path / "reviewed"
    for name in ("images", "labels"):
        (folder / name / "train").mkdir(parents=True)
    (folder / "images" / "train" / "a.jpg").write_bytes(place.seen(1))
    (folder / "labels" / "train" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.1\n")
    (folder / "images" / "train" / "b.jpg").write_bytes(place.seen(2))
    (folder / "data.yaml").write_text("names:\n  0: D40\n  1: manhole\n  2: D00\n")
    (folder / "manifest.csv").write_text(
        "file,scene,labelled\nimages/train/a.jpg,drive 7,D40\nimages/train/b.jpg,drive 8,\n"
    )
    return folder


def test_a_yolo_folder_s_class_numbers_are_its_own(reviewed: Path) -> None:
    first, second = yolo(reviewed)
    assert first.labels == f"{CLASSES.index('D40')} 0.5 0.5 0.1 0.1\n"
    assert second.labels == ""


def test_the_review_s_manifest_says_drive_and_classes(reviewed: Path) -> None:
    first, second = yolo(reviewed)
    assert (first.scene, first.labelled) == ("drive 7", ("D40",))
    assert (second.scene, second.labelled) == ("drive 8", ("D00", "D40"))


@pytest.mark.real
def test_every_packed_picture_has_view_scene_and_split(real_data: Path) -> None:
    pictures = list(packed_rdd(real_data / "rdd"))
    assert len(pictures) == 1405
    assert {picture.view for picture in pictures} == {"vehicle", "drone"}
    assert all(picture.scene and picture.split for picture in pictures)
