"""docs/errors.md and roadscan/errors.py list the same codes; no document names another one."""

import re
from pathlib import Path

import pytest

from roadscan.errors import EXIT_CODES, ExitCode
from tests.docs.pages import PAGES, name_of, rows, section, text_of

TABLE = {row[0].strip("`"): row[1:] for row in rows(text_of("docs/errors.md"))}


def test_every_code_is_listed_once_with_its_exit_code() -> None:
    listed = {code: int(cells[0]) for code, cells in TABLE.items()}
    assert listed == {code: int(exit_code) for code, exit_code in EXIT_CODES.items()}
    assert len(rows(text_of("docs/errors.md"))) == len(EXIT_CODES)


@pytest.mark.parametrize("code", EXIT_CODES)
def test_a_code_says_what_it_means_and_what_to_do(code: str) -> None:
    _, meaning, to_do = TABLE[code]
    assert len(meaning) > 10
    assert len(to_do) > 5


def test_every_exit_code_is_explained() -> None:
    text = text_of("docs/commands.md").split("## ")[0]
    assert {int(row[0]) for row in rows(text)} - {130} == {int(code) for code in ExitCode}


@pytest.mark.parametrize("code", EXIT_CODES)
def test_no_code_is_listed_that_nothing_raises(code: str) -> None:
    package = Path(__file__).parents[2] / "roadscan"
    sources = (p for p in package.rglob("*.py") if p.name != "errors.py" or p.parent != package)
    assert any(f'"{code}"' in path.read_text(encoding="utf-8") for path in sources)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_code_named_in_a_document_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    quoted = set(re.findall(r"^roadscan: (\w+):", text, flags=re.MULTILINE))
    assert quoted <= EXIT_CODES.keys()
    if "| code | when |" in text:
        told = {row[0].strip("`") for row in rows(section(text, "What can be wrong"))}
        assert told <= EXIT_CODES.keys()
