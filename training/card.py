"""The model card: what evaluate.py writes into it, and what a person has to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

CARD: Final = "CARD.md"
START: Final = "<!-- figures -->"
END: Final = "<!-- end of figures -->"
"""Between these two lines evaluate.py writes the figures."""

_FIRST: Final = """\
# {name}, version {version}

Finds road damage in pictures from a vehicle: {classes}.

**Write here in two sentences what it is good for, and what it misses.**

## Licences
Weights and program: AGPL-3.0-or-later (the ultralytics package and its weights are AGPL-3.0).
Pictures taught: **name each source with its authors and licence.**

## What it was taught
**Sources, views, numbers of pictures, what is labelled in them, and how they were split**
(`manifest.csv` of the dataset folder has all of it).

## How
**The commands as run, pixels, epochs, how long on what.**

## Figures on test pictures
Never used for training or choosing; the columns "95 %" are intervals from drawing scenes.

{start}
`python -m training.evaluate --model {folder} --data DATA --write` writes them here.
{end}
"""


def write_first_card(folder: Path, version: int, classes: Sequence[str]) -> bool:
    """Write a card to be filled in, unless the folder has one; tell whether it was written."""
    path = folder / CARD
    if path.exists():
        return False
    text = _FIRST.format(
        name=folder.name,
        version=version,
        classes=", ".join(classes),
        folder=folder.as_posix(),
        start=START,
        end=END,
    )
    path.write_text(text, encoding="utf-8")
    return True
