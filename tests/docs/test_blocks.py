"""What the program knows itself stands in the documents as it is now."""

from pathlib import Path

import pytest

from docs import reference
from tests.docs.pages import ROOT, name_of, same_but_for_rounding

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


@pytest.mark.skipif(
    not (ROOT / "out/demo/truth_check.json").is_file(), reason="make demo was not run here"
)
@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name_of)
def test_the_results_of_the_demo_are_those_of_this_version(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", reference.COLUMNS)
    text = page.read_text(encoding="utf-8")
    new = reference.refreshed(text, with_demo=True)
    assert same_but_for_rounding(text, new), "run: make demo docs"


def test_results_that_are_not_those_of_this_version_are_found() -> None:
    shown = "recall 88 %, scores off by 0.164"
    assert same_but_for_rounding(shown, "recall 87 %, scores off by 0.171")
    assert not same_but_for_rounding(shown, "recall 80 %, scores off by 0.164")
    assert not same_but_for_rounding(shown, "recall 88 %, scores of 0.164")
