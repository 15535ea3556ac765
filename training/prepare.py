"""Makes one dataset folder of the sources: pictures, labels, a manifest with checksums.

    python -m training.prepare --rdd DIR --dnit DIR --clip FILE --rendered DIR --out DIR
    python -m training.prepare --voc RDD2022 --dnit DIR --yolo REVIEWED --out DIR
    python -m training.prepare --packed IDM BERLIN SYRACUSE --in-order syracuse --out DIR

Splits are the sources' own (by scene and by road); where a source has none, pictures of one place
become a scene and whole scenes are split. No scene may be in two splits, and no two pictures of one
place either: with some the folder is refused, or the one that is to test is left out
(--drop-duplicates): so a model that was trained before they were noticed is measured as fairly.
Rendered frames, at most 15 % of the training pictures, have a test set of their own.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from training import splits
from training.duplicates import looks_of
from training.frames import background, rendered
from training.packed import packed
from training.pictures import (
    CLASSES,
    SPLITS,
    ManifestRow,
    Picture,
    write,
    write_data_yaml,
    write_manifest,
)
from training.sources import packed_rdd, voc, yolo
from training.surveys import read_guesses, survey
from training.windows import with_windows

MAX_RENDERED_SHARE = 0.15
SHOWN = 10


class RefusedError(Exception):
    """The pictures would make a dataset that does not measure what it says."""


def prepared(
    pictures: Iterable[Picture],
    *,
    drop_duplicates: bool,
    held_out: Collection[str] = (),
    untested: Collection[str] = (),
) -> list[Picture]:
    """Give every picture scene and split, and hold the splits apart; raises RefusedError."""
    given = list(pictures)
    twice = [name for name, count in Counter(p.name for p in given).items() if count > 1]
    if twice:
        raise RefusedError(f"{len(twice)} names are given twice, the first is {twice[0]}")
    looks = looks_of([picture.jpeg for picture in given], _progress(len(given)))
    given = splits.with_splits(splits.with_scenes(given, looks), held_out, untested)
    strange = {picture.split for picture in given} - set(SPLITS)
    if strange:
        raise RefusedError(f"splits {sorted(strange)}: known are {', '.join(SPLITS)}")
    torn = splits.torn_scenes(given)
    if torn:
        raise RefusedError(f"{len(torn)} scenes lie in two splits, the first is {torn[0]}")
    left_out: set[int] = set()
    crossing = splits.crossing(given, looks)
    if crossing and not drop_duplicates:
        shown = "\n".join(
            f"  {_place(given[a])} and {_place(given[b])}" for a, b in crossing[:SHOWN]
        )
        raise RefusedError(
            f"{len(crossing)} pairs of pictures show one place in two splits:\n{shown}\n"
            "Mend the splits, or leave the later one out with --drop-duplicates"
        )
    for pair in crossing:
        left_out.add(max(pair, key=lambda number: SPLITS.index(given[number].split)))
    if left_out:
        print(f"left out, because an earlier split shows the place: {len(left_out)}")
    return [picture for number, picture in enumerate(given) if number not in left_out]


def _place(picture: Picture) -> str:
    return f"{picture.name} ({picture.split})"


def _progress(total: int) -> Callable[[int], None]:
    def show(number: int) -> None:
        if sys.stderr.isatty() or number + 1 == total:
            print(f"\rcompared {number + 1} of {total}", end="", file=sys.stderr)
            if number + 1 == total:
                print(file=sys.stderr)

    return show


def table(rows: Sequence[ManifestRow]) -> str:
    """Say how many pictures and boxes of each source, view and split there are."""
    counts: Counter[tuple[str, str, str]] = Counter()
    boxes: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        key = row.source, row.view, row.split
        counts[key] += 1
        boxes[key] += row.boxes
    lines = [f"{'source':24} {'view':16} {'split':6} pictures  boxes"]
    lines += [
        f"{source:24} {view:16} {split:6} {counts[source, view, split]:8} {number:6}"
        for (source, view, split), number in sorted(boxes.items())
    ]
    return "\n".join(lines)


def _sources(given: argparse.Namespace) -> Iterable[Picture]:
    for folder in given.rdd:
        yield from packed_rdd(folder)
    for folder in given.voc:
        yield from voc(folder, given.classes)
    for folder in given.yolo:
        yield from yolo(folder, given.classes)
    for folder in given.packed:
        yield from _placed(folder, given)
    guesses = read_guesses(given.pseudo) if given.pseudo else {}
    for folder in given.dnit:
        yield from survey(folder, guesses=guesses)
    for file in given.clip:
        yield from background(file)


def _placed(folder: Path, given: argparse.Namespace) -> Iterable[Picture]:
    """Read a packed source, with the splits that the command line asks for."""
    pictures = list(packed(folder, given.classes))
    if folder.name in given.validate_on:
        return [replace(picture, split="val") for picture in pictures]
    return splits.in_order(pictures) if folder.name in given.in_order else pictures


def main() -> None:
    """Write the dataset folder named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    folders = {"type": Path, "action": "extend", "nargs": "+", "default": [], "metavar": "DIR"}
    parser.add_argument("--rdd", **folders, help="rdd.zip with its manifest")
    parser.add_argument("--voc", **folders, help="RDD2022 as published, or one country of it")
    parser.add_argument("--yolo", **folders, help="a YOLO folder, such as the review's export")
    parser.add_argument("--packed", **folders, help="NAME/NAME.zip with its manifest")
    parser.add_argument("--dnit", **folders, help="survey frames with masks")
    parser.add_argument("--pseudo", type=Path, metavar="CSV", help="a teacher's cracks for --dnit")
    parser.add_argument("--clip", **{**folders, "metavar": "FILE"}, help="video of sound road")
    parser.add_argument("--rendered", type=Path, help="data_samples/make.py frames")
    parser.add_argument("--classes", nargs="+", default=CLASSES)
    parser.add_argument("--hold-out", nargs="+", default=[], help="sources only to test on")
    names = {"nargs": "+", "default": [], "metavar": "NAME"}
    parser.add_argument("--in-order", **names, help="packed sources whose last quarter validates")
    parser.add_argument("--validate-on", **names, help="packed sources that are only validated on")
    parser.add_argument("--drop-duplicates", action="store_true")
    parser.add_argument("--windows", action="store_true", help="cut some out of wide pictures, too")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        pictures = prepared(
            _sources(given),
            drop_duplicates=given.drop_duplicates,
            held_out=given.hold_out,
            untested=[folder.name for folder in given.packed],
        )
    except (RefusedError, ValueError, OSError) as error:
        print(f"refused: {error}", file=sys.stderr)
        raise SystemExit(3) from error
    shown = with_windows(pictures) if given.windows else pictures
    rows = [write(picture, given.out) for picture in shown]
    if given.rendered:
        real = sum(row.split == "train" for row in rows)
        most = int(real * MAX_RENDERED_SHARE / (1 - MAX_RENDERED_SHARE))
        rows += [write(p, given.out) for p in rendered(given.rendered, most, given.classes)]
    write_manifest(given.out, rows)
    write_data_yaml(given.out, rows, given.classes)
    print(table(rows))


if __name__ == "__main__":
    main()
