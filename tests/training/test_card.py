"""A new model has a card whose figures evaluate.py can fill."""

from pathlib import Path

from training.card import CARD, END, START, write_first_card


def test_a_new_folder_gets_a_card_with_a_place_for_the_figures(tmp_path: Path) -> None:
    folder = tmp_path / "rdd-own"
    folder.mkdir()
    assert write_first_card(folder, 2, ["D00", "D40"])
    text = (folder / CARD).read_text(encoding="utf-8")
    assert text.startswith("# rdd-own, version 2\n")
    assert "D00, D40" in text
    assert text.index(START) < text.index(END)


def test_a_card_that_somebody_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("mine")
    assert not write_first_card(tmp_path, 1, ["D00"])
    assert (tmp_path / CARD).read_text() == "mine"
