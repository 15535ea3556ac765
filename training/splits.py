"""Puts scenes into splits where a source has none: whole scenes, by their name alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from training.duplicates import Look, pairs, scenes
from training.pictures import Picture

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


def split_of(scene: str) -> str:
    """Return the split of a scene: the same on every machine, whatever else is in the dataset."""
    drawn = int.from_bytes(hashlib.sha256(scene.encode()).digest()[:8]) / 2**64
    for split, share in SHARES.items():
        drawn -= share
        if drawn < 0:
            return split
    return "test"


def with_scenes(pictures: Sequence[Picture], looks: Sequence[Look]) -> list[Picture]:
    """Give pictures of a source without scenes those that the pictures themselves show."""
    open_ = [number for number, picture in enumerate(pictures) if not picture.scene]
    found = scenes([looks[number] for number in open_])
    given = list(pictures)
    for number, scene in zip(open_, found, strict=True):
        first = pictures[open_[scene]].name
        given[number] = replace(pictures[number], scene=f"{pictures[number].source}:{first}")
    return given


def with_splits(pictures: Sequence[Picture], held_out: Sequence[str] = ()) -> list[Picture]:
    """Give pictures without a split that of their scene; sources held out are for testing only."""
    return [
        replace(picture, split="test")
        if picture.source in held_out
        else picture
        if picture.split
        else replace(picture, split=split_of(picture.scene))
        for picture in pictures
    ]


def crossing(pictures: Sequence[Picture], looks: Sequence[Look]) -> list[tuple[int, int]]:
    """Return the pairs of pictures that show one place and lie in two splits."""
    return list(pairs(looks, [picture.split for picture in pictures]))


def torn_scenes(pictures: Sequence[Picture]) -> list[str]:
    """Return the scenes that lie in more than one split."""
    seen: dict[str, set[str]] = {}
    for picture in pictures:
        seen.setdefault(f"{picture.source}:{picture.scene}", set()).add(picture.split)
    return sorted(scene for scene, splits in seen.items() if len(splits) > 1)
