"""Packed sources: what they label, what they were unsure of, and where they are split."""

import json
import zipfile
from pathlib import Path

import pytest

from training.packed import packed, unsure_boxes
from training.pictures import CLASSES, Picture
from training.prepare import prepared
from training.splits import BLOCK, in_order, split_of

HEAD = "file,scene,split,view,labelled,width,height"


@pytest.fixture
def berlin(tmp_path: Path, place) -> Path:
    """A picture with a sure and an unsure box, and a sound one; classes in an order of its own."""
    folder = tmp_path / "berlin"
    folder.mkdir()
    with zipfile.ZipFile(folder / "berlin.zip", "w") as archive:
        for number, labels in enumerate(("1 0.5 0.5 0.1 0.1\n", "")):
            archive.writestr(f"images/{number}.jpg", place.seen(number))
            archive.writestr(f"labels/{number}.txt", labels)
        archive.writestr("data.yaml", "names: [D40, D00]\n")
    (folder / "manifest.csv").write_text(
        f"{HEAD}\nimages/0.jpg,,,vehicle,D00 D40,240,240\nimages/1.jpg,s,val,vehicle,D40,240,240\n"
    )
    drawn = [
        {"kind": "D00", "box": [108, 108, 132, 132], "sure": True},
        {"kind": "D10", "box": [0, 0, 24, 120], "sure": False},
    ]
    rows = [{"file": "images/0.jpg", "boxes": drawn}, {"file": "images/1.jpg", "boxes": []}]
    (folder / "boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_packed_source_is_read_as_its_manifest_says(berlin: Path) -> None:
    first, second = packed(berlin)
    assert (first.name, first.source, first.split, first.scene) == ("berlin_0", "berlin", "", "")
    assert first.labelled == ("D00", "D40")
    assert first.labels == f"{CLASSES.index('D00')} 0.5 0.5 0.1 0.1\n"
    assert (second.split, second.scene, second.labels) == ("val", "s", "")


def test_an_unsure_box_is_left_out_for_every_class(berlin: Path) -> None:
    first, second = packed(berlin)
    assert first.unlabelled == f"{','.join(CLASSES)} 0.050000 0.250000 0.100000 0.500000\n"
    assert second.unlabelled == ""


def test_a_source_may_have_no_unsure_boxes(tmp_path: Path) -> None:
    assert unsure_boxes(tmp_path / "boxes.jsonl") == {}


def picture(name: str, source: str = "town", jpeg: bytes = b"") -> Picture:
    return Picture(name, source, "vehicle", "", "", jpeg, "")


def test_the_last_quarter_in_time_validates() -> None:
    placed = in_order([picture(f"town_{1000 - number}_0") for number in range(40)])
    assert [p.name for p in placed][:2] == ["town_961_0", "town_962_0"]
    assert [p.split for p in placed] == ["train"] * 30 + ["val"] * 10
    assert len({p.scene for p in placed}) == 4
    assert all(p.scene == placed[n - n % BLOCK].scene for n, p in enumerate(placed))


def test_each_source_has_a_last_quarter_of_its_own() -> None:
    placed = in_order([picture(f"{s}_{n:03}", s) for n in range(40) for s in ("a", "b")])
    assert {(p.source, p.split) for p in placed} == {
        (source, split) for source in ("a", "b") for split in ("train", "val")
    }


def test_a_source_whose_test_is_elsewhere_gives_no_test_picture(place) -> None:
    given = [picture(f"p{n}", jpeg=place.seen(n)) for n in range(30)]
    splits = {p.split for p in prepared(given, drop_duplicates=False, untested=["town"])}
    assert splits == {"train", "val"}
    assert "test" in {split_of(f"scene {n}") for n in range(100)}


@pytest.mark.real
@pytest.mark.parametrize("name", ["idm", "rddmix", "berlin", "syracuse", "rural"])
def test_packed_sources_hold_pictures_of_sound_road_too(real_data: Path, name: str) -> None:
    pictures = list(packed(real_data / name))
    assert any(not p.labels for p in pictures)
    assert any(p.labels for p in pictures)
    assert all("Repair" not in p.labelled or name in {"berlin", "syracuse"} for p in pictures)
