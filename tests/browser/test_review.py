"""The review page: by key, by button, and back again."""

import re
from typing import Any

from playwright.sync_api import expect

expect.set_options(timeout=30_000)  # as long as the pages' other tests wait


def waiting(page: Any) -> int:
    page.locator("#standing", has_text="Noch zu prüfen").wait_for()
    return int(page.locator("#standing").inner_text().split(": ")[1].split(",")[0])


def press(page: Any, key: str) -> None:
    """Press a key once the page is done with what came before: meanwhile it takes none."""
    page.locator("#main:not([aria-busy])").wait_for()
    page.keyboard.press(key)


def test_damages_are_judged_by_key_and_a_verdict_is_undone(open_page):
    page = open_page("/review")
    before = waiting(page)
    title = page.locator("#damage-title")
    expect(title).to_contain_text(f"1 von {before}")
    first = title.inner_text()
    page.locator("#damage-photo img").wait_for()
    page.keyboard.press("j")
    expect(title).to_contain_text(f"2 von {before}")
    page.keyboard.press("k")
    expect(title).to_have_text(first)
    page.keyboard.press("r")
    expect(page.locator("#standing")).to_contain_text(f"Noch zu prüfen: {before - 1},")
    expect(page.locator("#said")).to_contain_text("kein Schaden")
    expect(page.locator("#decisions tr").first).to_contain_text("Ada")
    press(page, "u")
    expect(page.locator("#standing")).to_contain_text(f"Noch zu prüfen: {before},")
    expect(title).to_have_text(first)
    expect(page.locator("#decisions tr").first).to_contain_text("zurückgenommen")


def test_a_reason_is_kept_and_no_key_counts_while_it_is_typed(open_page):
    page = open_page("/review")
    before = waiting(page)
    page.get_by_label("Begründung (freiwillig").fill("")
    page.get_by_label("Begründung (freiwillig").press_sequentially("Narbe, kurz")
    assert waiting(page) == before
    page.get_by_role("button", name="Trifft zu").click()
    expect(page.locator("#decisions tr").first).to_contain_text("Narbe, kurz")
    expect(page.locator("#agreement")).to_contain_text("100 %")
    page.locator("#decisions").get_by_role("button", name="Zurücknehmen").first.click()
    expect(page.locator("#standing")).to_contain_text(f"Noch zu prüfen: {before},")


def test_keys_can_be_switched_off(open_page):
    page = open_page("/review")
    before = waiting(page)
    page.get_by_label(re.compile("Tasten benutzen")).uncheck()
    page.keyboard.press("r")
    page.keyboard.press("j")
    expect(page.locator("#damage-title")).to_contain_text(f"1 von {before}")
    page.get_by_label(re.compile("Tasten benutzen")).check()


def test_a_damage_gets_another_name(open_page):
    page = open_page("/review")
    before = waiting(page)
    page.locator("#kinds button:not([disabled])").first.click()
    expect(page.locator("#decisions tr").first).to_contain_text(re.compile(": ist "))
    press(page, "u")
    expect(page.locator("#standing")).to_contain_text(f"Noch zu prüfen: {before},")
