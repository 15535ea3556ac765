"""Pictures with true boxes."""

from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.errors import RoadscanError
from roadscan.read.labelled_pictures import CLASSES, open_labelled, read_labelled, read_labels


def put(folder: Path, name: str, labels: str | None, size: tuple[int, int] = (40, 20)) -> None:
    image = folder / "images" / name
    image.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(image), np.full((size[1], size[0], 3), 90, np.uint8))
    if labels is not None:
        path = (folder / "labels" / name).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(labels)


def read_all(folder: Path) -> list[tuple[str, tuple[str, ...], list[list[float]]]]:
    return [
        (picture.name, picture.truth.kind, picture.truth.xyxy.tolist())
        for picture in read_labelled(open_labelled(folder))
    ]


def code_of(folder: Path) -> str:
    with pytest.raises(RoadscanError) as caught:
        read_all(folder)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_boxes_come_in_pixels_of_their_picture(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "3 0.5 0.5 0.5 0.5\n\n0 0.25 0.5 0.1 1\n")
    assert read_all(tmp_path) == [
        ("a.jpg", ("D40", "D00"), [[10.0, 5.0, 30.0, 15.0], [8.0, 0.0, 12.0, 20.0]])
    ]


def test_a_picture_without_labels_shows_no_damage(tmp_path: Path) -> None:
    put(tmp_path, "b.png", None)
    put(tmp_path, "a.JPG", "")
    assert read_all(tmp_path) == [("a.JPG", (), []), ("b.png", (), [])]


def test_pictures_may_lie_in_folders(tmp_path: Path) -> None:
    put(tmp_path, "val/b.jpg", "0 0.5 0.5 1 1")
    put(tmp_path, "a.jpg", "1 0.5 0.5 1 1")
    assert [(name, kind) for name, kind, _ in read_all(tmp_path)] == [
        ("a.jpg", ("D10",)),
        ("val/b.jpg", ("D00",)),
    ]


@pytest.mark.parametrize(
    "names", ["[hole, crack]", "{0: hole, 1: crack}", "\n  1: crack\n  0: hole"]
)
def test_classes_are_named_by_data_yaml(tmp_path: Path, names: str) -> None:
    put(tmp_path, "a.jpg", "1 0.5 0.5 1 1")
    (tmp_path / "data.yaml").write_text(f"train: images\nnames: {names}\n")
    assert open_labelled(tmp_path).classes == ("hole", "crack")
    assert read_all(tmp_path)[0][1] == ("crack",)


def test_without_data_yaml_they_are_those_of_rdd2022(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", None)
    assert open_labelled(tmp_path).classes == CLASSES == ("D00", "D10", "D20", "D40", "Repair")


@pytest.mark.parametrize(
    "text",
    [
        "names: 3",
        "names: []",
        "names: {1: a}",
        "nc: 5",
        "- a",
        "names: [1, 2]",
        ": :\n -",
        "\xff",
        "",
    ],
)
def test_a_data_yaml_that_names_no_classes_is_said_so(tmp_path: Path, text: str) -> None:
    put(tmp_path, "a.jpg", None)
    (tmp_path / "data.yaml").write_bytes(text.encode("latin-1"))
    assert code_of(tmp_path) == "data_names_malformed"


def test_names_that_would_run_code_do_not(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", None)
    done = tmp_path / "done"
    (tmp_path / "data.yaml").write_text(f'names: !!python/object/apply:os.mkdir ["{done}"]')
    assert code_of(tmp_path) == "data_names_malformed"
    assert not done.exists()


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ("5 0.5 0.5 1 1", "data_class_unknown"),
        ("-1 0.5 0.5 1 1", "data_class_unknown"),
        ("D00 0.5 0.5 1 1", "data_labels_malformed"),
        ("0 0.5 0.5 1", "data_labels_malformed"),
        ("0", "data_labels_malformed"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3", "data_labels_malformed"),
        ("0 0.5 0.5 x 1", "data_labels_malformed"),
        ("0 0.5 0.5 nan 1", "data_labels_malformed"),
        ("0 inf 0.5 1 1", "data_labels_malformed"),
        ("0 224 224 100 100", "data_labels_malformed"),
        ("0 0.5 0.5 0 1", "data_labels_malformed"),
        ("\x00\x01", "data_labels_malformed"),
    ],
)
def test_labels_that_do_not_hold_have_their_code(tmp_path: Path, labels: str, code: str) -> None:
    put(tmp_path, "a.jpg", f"0 0.5 0.5 1 1\n{labels}")
    assert code_of(tmp_path) == code


def test_the_line_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "0 0.5 0.5 1 1\n7 0.5 0.5 1 1")
    with pytest.raises(RoadscanError, match=r"a\.txt line 2: there is no class 7, only 0 to 4"):
        read_all(tmp_path)


def test_labels_that_are_no_text_have_their_code(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "")
    (tmp_path / "labels" / "a.txt").write_bytes(b"\xff\xfe0")
    assert code_of(tmp_path) == "data_labels_malformed"


def test_a_folder_without_pictures_has_its_code(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "data_no_pictures"
    assert code_of(tmp_path / "nonesuch") == "data_no_pictures"
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "note.txt").write_text("no picture")
    assert code_of(tmp_path) == "data_no_pictures"


def test_a_picture_that_is_none_has_its_code(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", None)
    (tmp_path / "images" / "b.jpg").write_bytes(b"no picture")
    assert code_of(tmp_path) == "data_picture_unreadable"


@given(st.text(max_size=60))
def test_any_text_gives_boxes_or_a_code(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "labels.txt"
    path.write_text(text, encoding="utf-8")
    with suppress(RoadscanError):
        boxes = read_labels(path, CLASSES, (40, 20))
        assert (boxes.xyxy[:, :2] < boxes.xyxy[:, 2:]).all()
