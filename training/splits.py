"""Puts scenes into splits where a source has none: whole scenes, by their name alone."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from training.duplicates import Look, pairs, scenes
from training.pictures import Picture

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
UNTESTED_SHARES = {"train": 0.75, "val": 0.25}
"""Of a source whose test pictures are kept elsewhere."""
BLOCK = 10
"""So many pictures in a row are a scene of a source in order: neighbours show the same road."""


def split_of(scene: str, shares: Mapping[str, float] = SHARES) -> str:
    """Return the split of a scene: the same on every machine, whatever else is in the dataset."""
    drawn = int.from_bytes(hashlib.sha256(scene.encode()).digest()[:8]) / 2**64
    for split, share in shares.items():
        drawn -= share
        if drawn < 0:
            return split
    return "test"


def in_order(pictures: Sequence[Picture]) -> list[Picture]:
    """Let the last part in time of each source validate it, and make blocks of its pictures scenes.

    The order is that of the first number in a picture's name: a time or a frame's number.
    """
    placed = []
    for source in dict.fromkeys(picture.source for picture in pictures):
        own = [picture for picture in pictures if picture.source == source]
        own.sort(key=lambda picture: (_first_number(picture), picture.name))
        first = round(UNTESTED_SHARES["train"] * len(own) / BLOCK) * BLOCK
        placed += [
            replace(
                picture,
                scene=f"{source}:{number // BLOCK}",
                split="train" if number < first else "val",
            )
            for number, picture in enumerate(own)
        ]
    return placed


def _first_number(picture: Picture) -> int:
    found = re.search(r"\d+", picture.name)
    return int(found[0]) if found else 0


def with_scenes(pictures: Sequence[Picture], looks: Sequence[Look]) -> list[Picture]:
    """Give pictures of a source without scenes those that the pictures themselves show."""
    open_ = [number for number, picture in enumerate(pictures) if not picture.scene]
    found = scenes([looks[number] for number in open_])
    given = list(pictures)
    for number, scene in zip(open_, found, strict=True):
        first = pictures[open_[scene]].name
        given[number] = replace(pictures[number], scene=f"{pictures[number].source}:{first}")
    return given


def with_splits(
    pictures: Sequence[Picture], held_out: Collection[str] = (), untested: Collection[str] = ()
) -> list[Picture]:
    """Give pictures without a split that of their scene.

    Sources held out are for testing only; of those untested nothing is, for their test pictures are
    kept elsewhere.
    """
    return [
        replace(picture, split="test")
        if picture.source in held_out
        else picture
        if picture.split
        else replace(picture, split=split_of(picture.scene, _shares(picture, untested)))
        for picture in pictures
    ]


def _shares(picture: Picture, untested: Collection[str]) -> Mapping[str, float]:
    return UNTESTED_SHARES if picture.source in untested else SHARES


def crossing(pictures: Sequence[Picture], looks: Sequence[Look]) -> list[tuple[int, int]]:
    """Return the pairs of pictures that show one place and lie in two splits."""
    return list(pairs(looks, [picture.split for picture in pictures]))


def torn_scenes(pictures: Sequence[Picture]) -> list[str]:
    """Return the scenes that lie in more than one split."""
    seen: dict[str, set[str]] = {}
    for picture in pictures:
        seen.setdefault(f"{picture.source}:{picture.scene}", set()).add(picture.split)
    return sorted(scene for scene, splits in seen.items() if len(splits) > 1)
