"""Whole scenes go into splits."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from training.pictures import Picture
from training.splits import SHARES, split_of, torn_scenes, with_splits


def picture(scene: str, split: str = "", source: str = "town") -> Picture:
    return Picture(f"{source}{scene}{split}", source, "vehicle", split, scene, b"", "")


@given(st.text())
def test_a_scene_always_goes_into_the_same_split(scene: str) -> None:
    assert split_of(scene) == split_of(scene)
    assert split_of(scene) in SHARES


def test_scenes_are_shared_out_as_asked() -> None:
    counts = Counter(split_of(f"scene {number}") for number in range(4000))
    for split, share in SHARES.items():
        assert abs(counts[split] / 4000 - share) < 0.02


def test_a_source_s_own_split_is_kept() -> None:
    assert [p.split for p in with_splits([picture("a", "val"), picture("b", "test")])] == [
        "val",
        "test",
    ]


def test_a_country_held_out_is_only_tested_on() -> None:
    given_ = [picture("a", "train", "Norway"), picture("b", "train", "Japan")]
    assert [p.split for p in with_splits(given_, ["Norway"])] == ["test", "train"]


def test_a_scene_in_two_splits_is_named() -> None:
    assert torn_scenes([picture("a", "train"), picture("a", "test"), picture("b", "val")]) == [
        "town:a"
    ]
    # scenes of two sources may have one name
    assert torn_scenes([picture("a", "train"), picture("a", "test", "other")]) == []
