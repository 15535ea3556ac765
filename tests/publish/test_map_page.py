"""map.html opens without a network, and shows names without running them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from roadscan.model.score import STATEMENT
from tests.publish.conftest import HOSTILE, NAME

SCRIPTS = ["application/json", None]


class Page(HTMLParser):
    """A parsed page: tags, their attributes, the texts of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)


@pytest.fixture(scope="module")
def text(published: Path) -> str:
    return (published / "map.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture(scope="module")
def data(page: Page) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(page.scripts[0])
    return read


def test_the_page_asks_for_nothing_from_anywhere(text: str, page: Page) -> None:
    loading = {"src", "href", "srcset", "data", "action", "poster", "background"}
    assert [a for _, own in page.tags for a in own if a in loading] == []
    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|import)\s*\(", text)


def test_a_policy_forbids_the_page_to_load_anything(page: Page) -> None:
    (policy,) = [own["content"] for tag, own in page.tags if tag == "meta" and "http-equiv" in own]
    assert (policy or "").startswith("default-src 'none'")


def test_names_that_look_like_code_stay_text(page: Page, data: dict[str, Any]) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"img", "iframe", "b", "object", "embed", "base"}
    assert [own.get("type") for tag, own in page.tags if tag == "script"] == SCRIPTS
    assert not [a for _, own in page.tags for a in own if a.startswith("on")]
    assert HOSTILE in {segment["fields"]["street"] for segment in data["segments"]}


def test_the_script_never_makes_markup_of_what_it_shows(page: Page) -> None:
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in page.scripts[1]


def test_the_page_says_what_it_shows(page: Page, text: str) -> None:
    shown = " ".join(page.texts)
    assert STATEMENT in shown
    assert NAME in shown
    assert "rdd/openvino-f32" in shown
    assert "$" not in text.replace("${", "")


def test_every_segment_and_damage_is_on_the_page(data: dict[str, Any]) -> None:
    assert len(data["segments"]) == 11
    assert len(data["damages"]) == 1
    assert len(data["drives"]) == 1
    unscored = [s["fields"] for s in data["segments"] if s["fields"]["score"] is None]
    assert {fields["reason"] for fields in unscored} == {"not_driven"}
    assert data["damages"][0]["fields"]["kind"] in data["kinds"]
    for segment in data["segments"]:
        for x, y in (point for line in segment["lines"] for point in line):
            assert -5 <= x - data["west"] <= data["width"] + 5
            assert -5 <= data["north"] - y <= data["height"] + 5


def test_every_field_that_is_shown_has_its_meaning(data: dict[str, Any]) -> None:
    for feature in (data["segments"][0], data["damages"][0]):
        assert set(feature["fields"]) <= set(data["meanings"])
