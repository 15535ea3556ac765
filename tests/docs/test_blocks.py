"""What the program knows itself stands in the documents as it is now."""

from pathlib import Path

import pytest

from docs import reference
from tests.docs.pages import name_of

WITH_BLOCKS = [page for page in reference.pages() if reference.BLOCK.search(page.read_text())]


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name_of)
def test_the_blocks_of_a_document_are_those_of_the_program(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", reference.COLUMNS)
    text = page.read_text(encoding="utf-8")
    assert reference.refreshed(text) == text, "run: make docs"


def test_a_block_that_has_gone_out_of_date_is_written_anew() -> None:
    old = "before\n<!-- fields: drives -->\n| old |\n<!-- end -->\nafter\n"
    new = reference.refreshed(old)
    assert "old" not in new
    assert "| `drive_id` |" in new
    assert reference.refreshed(new) == new


def test_every_command_and_layer_has_its_block() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in WITH_BLOCKS)
    for command, _ in reference.commands():
        assert f"<!-- options: {command} -->" in text
    for layer in reference.LAYERS:
        assert f"<!-- fields: {layer} -->" in text
