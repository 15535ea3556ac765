"""The documents, taken apart for the tests."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "models").rglob("*.md"),
        *(ROOT / folder / "README.md" for folder in ("data_samples", "training")),
    ]
)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fenced(text: str, *languages: str) -> list[str]:
    """Blocks of code in some languages; "" is a block that names none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [block for language, block in found if language in languages]


def words_in_code(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Cells of the tables of a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = {k - 1 for k, row in enumerate(cells) if set("".join(row)) <= {"-", ":"}}
    return [row for k, row in enumerate(cells) if not {k, k - 1} & heads]


def anchors(text: str) -> set[str]:
    """What headings are called in links, as GitHub makes it."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def same_but_for_rounding(shown: str, now: str) -> bool:
    """Tell whether two outputs are the same but for what another processor may change.

    Its rounding may tip a box over a threshold: a count may be off by one, a measure by 5 %.
    """
    (words, numbers), (words_now, numbers_now) = map(_words_and_numbers, (shown, now))
    near = (
        abs(a - b) <= max(1.0, 0.05 * abs(b)) for a, b in zip(numbers, numbers_now, strict=False)
    )
    return words == words_now and all(near)


def _words_and_numbers(text: str) -> tuple[str, list[float]]:
    number = re.compile(r"-?\d+(?:\.\d+)?")
    words = re.sub(r"[\s━─]+", " ", number.sub("#", text))
    return words, [float(found) for found in number.findall(text)]
