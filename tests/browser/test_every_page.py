"""What holds for all pages, in both languages and widths."""

from urllib.parse import quote, urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe

from roadscan.serve.pages.page_routes import PAGES
from tests.browser.conftest import NARROW, WIDE

WITHOUT_LOGIN = ("/login", "/welcome", "/notices")
LAYERS = (
    "/ogc",
    "/ogc/api",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/segments",
    "/ogc/collections/segments/queryables",
    "/ogc/collections/segments/items",
    "/ogc/collections/segments/items/{id}",
)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


SIZES = {"de": (NARROW, WIDE), "en": (WIDE, NARROW)}
"""A page is loaded at the first size, then resized to the second."""


def assert_accessible_and_fits(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, (size, found.generate_report())
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("language", SIZES)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_accessible_and_fits(open_page, damaged, address, language):
    asked = f"{address}?{urlencode(damaged)}" if address == "/segment" else address
    page = open_page(asked, language, SIZES[language][0], logged_in=address not in WITHOUT_LOGIN)
    for size in SIZES[language]:
        page.wait_for_load_state("networkidle")
        assert_accessible_and_fits(page, size)
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("language", SIZES)
@pytest.mark.parametrize("address", LAYERS)
def test_a_page_of_the_layers_is_accessible_and_fits(open_page, damaged, address, language):
    own = {"survey": damaged["survey"]} if "/items" in address else {}
    asked = urlencode({**own, "f": "html", "lang": language})
    place = f"{address.format(id=quote(damaged['id']))}?{asked}"
    page = open_page(place, language, SIZES[language][0])
    for size in SIZES[language]:
        assert_accessible_and_fits(page, size)


@pytest.mark.parametrize("address", PAGES)
def test_every_control_of_a_page_is_reached_by_keyboard(open_page, damaged, address):
    asked = f"{address}?{urlencode(damaged)}"
    page = open_page(asked, logged_in=address not in WITHOUT_LOGIN)
    page.wait_for_load_state("networkidle")
    shown = page.locator("a, button, input, select").filter(visible=True)
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(shown.count() + 10):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)")
        )
    missed = shown.evaluate_all(
        "(all, reached) => all.filter(e => !e.disabled &&"
        " !reached.includes([...document.querySelectorAll('*')].indexOf(e))).map(e => e.outerHTML)",
        sorted(reached),
    )
    assert missed == []
