"""The handbook is the same in German and in English."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

GERMAN, ENGLISH = ROOT / "docs/handbuch", ROOT / "docs/handbook"
TWINS = {
    "README.md": "README.md",
    "befahren.md": "driving.md",
    "gis.md": "gis.md",
    "netz.md": "network.md",
    "planung.md": "planning.md",
    "pruefen.md": "reviewing.md",
    "verwalten.md": "administering.md",
}
BOTH = [*GERMAN.glob("*.md"), *ENGLISH.glob("*.md")]


def shape(page: Path) -> dict[str, int]:
    """How many headings, rows of tables, steps, pictures and points a page has."""
    text = page.read_text(encoding="utf-8")
    marks = {"headings": "#+ ", "rows": r"\|", "steps": r"\d+\. ", "pictures": "!", "points": "- "}
    return {
        name: len(re.findall(f"^{mark}", text, flags=re.MULTILINE)) for name, mark in marks.items()
    }


def test_every_page_has_its_twin() -> None:
    assert {page.name for page in GERMAN.iterdir()} == set(TWINS)
    assert {page.name for page in ENGLISH.iterdir()} == set(TWINS.values())


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_shape(name: str) -> None:
    assert shape(GERMAN / name) == shape(ENGLISH / TWINS[name])


@pytest.mark.parametrize("page", BOTH, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_a_page_is_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").split()) <= 900


def test_the_pictures_are_told_to_be_rendered_and_small() -> None:
    assert "keine echte Straße" in (GERMAN / "README.md").read_text(encoding="utf-8")
    assert "no real road" in (ENGLISH / "README.md").read_text(encoding="utf-8")
    for picture in (ROOT / "docs/images").glob("web-*.jpg"):
        assert picture.stat().st_size < 150_000


@pytest.mark.parametrize("folder", [GERMAN, ENGLISH], ids=["handbuch", "handbook"])
def test_what_was_not_tried_says_so(folder: Path) -> None:
    text = (folder / "gis.md").read_text(encoding="utf-8")
    arcgis = text.split("## ArcGIS")[1].split("\n## ")[0]
    assert "nicht ausprobiert" in arcgis or "not tried" in arcgis
