import html
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from roadscan.errors import RoadscanError
from roadscan.model.access import Role
from roadscan.serve.access.guard import COOKIE
from roadscan.serve.access.oidc_routes import LOGIN_COOKIE
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.pages.notices import MAX_OPERATOR, notices_of, read_operator
from roadscan.serve.pages.page_routes import PAGES, pages_router
from roadscan.serve.pages.texts import (
    LANGUAGE_COOKIE,
    LANGUAGES,
    notice_texts,
    texts,
)
from roadscan.serve.privacy_record import MEASURED, WORDS
from roadscan.serve.settings import BasemapSettings, OidcSettings, ServeSettings

ROOT = Path(__file__).parents[3]
DAY_S = 86400.0
TILES = BasemapSettings(
    url="https://tiles.town.example/{z}/{x}/{y}",
    origin="https://tiles.town.example",
    attribution="Town of Example",
)
LOGIN = OidcSettings(issuer="https://login.town.example/realms/town", client_id="roadscan")
EVERYTHING = {
    "operator": "Stadt Beispiel",
    "basemap": TILES,
    "oidc": LOGIN,
    "cookie_secure": True,
    "public_collections": frozenset(COLLECTIONS),
}
VARIANTS = [{}, EVERYTHING, {"deletes_raw": False}, {"picture_every_m": 0.0}]


def page_of(settings: ServeSettings, language: str = "en") -> str:
    app = FastAPI()
    app.include_router(pages_router(settings))
    answer = TestClient(app).get("/notices", params={"lang": language})
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def page_text(tmp_path):
    """Return the visible text of the page for a service with the given settings."""

    def of(language: str = "en", **changed: object) -> str:
        page = page_of(ServeSettings(data=tmp_path, **changed), language)
        main = page.split('<main id="main" tabindex="-1">')[1].split("</main>")[0]
        return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", "", main)))

    return of


def figures(text: str) -> list[str]:
    """Every number and address in a text, whichever language writes it."""
    found = re.findall(r"\d+(?:[.,]\d+)*|https?://\S+?(?=[:. ]*\s)|roadscan_\w+", text)
    return sorted(each.replace(",", ".") for each in found)


@pytest.mark.shared_service
def test_the_notices_are_public(client, key_of):
    assert client.get("/notices").status_code == 200
    for role in Role:
        assert client.get("/notices", headers=key_of(role)).status_code == 200


@pytest.mark.shared_service
@pytest.mark.parametrize("address", [*PAGES, "/ogc?f=html", "/ogc/conformance?f=html"])
def test_every_page_leads_to_both_parts_and_both_are_there(client, address):
    foot = client.get(address).text.split("<footer>")[1]
    page = client.get("/notices").text
    for part in re.findall(r'href="/notices#(\w+)"', foot):
        assert f'id="{part}"' in page
    assert foot.count('href="/notices#') == 2


def test_who_is_responsible_is_named_in_both_parts_as_text(tmp_path):
    operator = 'Town of <script>alert("x")</script> & sons\nroads@town.example'
    page = page_of(ServeSettings(data=tmp_path, operator=operator))
    shown = re.findall(r'<p class="operator">(.*?)</p>', page, re.DOTALL)
    assert [html.unescape(each) for each in shown] == [operator, operator]
    assert "<script>" not in page
    assert not any(notice_texts(language)["nobody_named"] in page for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_so_where_nobody_is_named_and_whom_to_ask(page_text, language):
    sentence = notice_texts(language)["nobody_named"]
    assert page_text(language).count(sentence) == 2
    assert re.search(r"Fragen Sie die Stadt|Ask the town", sentence)


def test_the_times_are_those_that_are_set(page_text):
    page = page_text(
        keep_raw_s=3 * DAY_S, upload_expires_s=DAY_S, session_s=90 * 60.0, picture_every_m=12.5
    )
    assert "3 days after assessment, at the latest 30 days after arrival" in page
    assert "1 day without another byte" in page
    assert page.count("1.5 hours") == 2
    assert "one for each 12.5 m driven" in page
    assert "7 days after assessment" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_does_not_promise_a_deletion_that_is_switched_off(page_text, language):
    own = [notice_texts(language)[key] for key in ("raw_long", "raw_long_by_hand")]
    promise, order = (re.split(r"{\w+}", text)[-1] for text in own)
    on, off = page_text(language), page_text(language, deletes_raw=False)
    assert (promise in on, order in on) == (True, False)
    assert (promise in off, order in off) == (False, True)


def test_without_pictures_of_the_road_only_those_of_damages_are_mentioned(page_text):
    assert "m driven" in page_text()
    assert "m driven" not in page_text(picture_every_m=0.0)


def test_only_what_is_public_is_called_so(page_text):
    assert "No result can be read without a login." in page_text()
    some = page_text(public_collections=frozenset({"damages", "segments"}))
    assert "Readable without a login: condition of the segments, damages." in some
    assert "Pictures are never public" in some


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_layer_that_could_be_public_has_a_name(page_text, name):
    for language in LANGUAGES:
        assert notice_texts(language)[f"layer_{name}"] in page_text(
            language, public_collections=frozenset({name})
        )


def test_other_servers_are_named_where_there_are_any_and_only_there(page_text):
    alone = page_text()
    assert "No page loads anything from another server." in alone
    assert "town.example" not in alone
    page = page_text(basemap=TILES, oidc=LOGIN)
    assert "loads its background from https://tiles.town.example" in page
    assert "led to login.town.example." in page
    assert "No page loads anything from another server." not in page


def test_the_cookies_are_those_that_the_service_sets(page_text):
    assert set(re.findall(r"roadscan_\w+", page_text())) == {COOKIE, LANGUAGE_COOKIE}
    assert set(re.findall(r"roadscan_\w+", page_text(oidc=LOGIN))) == {
        COOKIE,
        LANGUAGE_COOKIE,
        LOGIN_COOKIE,
    }
    assert "HTTPS" not in page_text()
    assert "sent over HTTPS only" in page_text(cookie_secure=True)


def test_the_program_sets_no_cookie_that_the_page_does_not_know():
    set_there = set()
    for path in (ROOT / "roadscan/serve").rglob("*.py"):
        set_there |= set(re.findall(r"set_cookie\(\s*(\w+)", path.read_text("utf-8")))
    assert set_there == {"COOKIE", "LOGIN_COOKIE", "LANGUAGE_COOKIE"}


@pytest.mark.parametrize("changed", VARIANTS)
def test_both_languages_state_the_same_figures_and_names(page_text, changed):
    german, english = (figures(page_text(language, **changed)) for language in ("de", "en"))
    assert german == english
    assert len(german) > 20


def test_both_languages_have_the_same_texts_with_the_same_places():
    german, english = notice_texts("de"), notice_texts("en")
    assert german.keys() == english.keys()
    for key, text in german.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", english[key]), key


def test_no_text_is_left_over(page_text):
    for language in LANGUAGES:
        pages = " ".join(page_text(language, **changed) for changed in VARIANTS)
        for key, text in notice_texts(language).items():
            if not key.startswith(("one_", "some_", "decimal_", "on_this_page")):
                parts = re.split(r"{\w+}", text)
                assert all(part in pages for part in parts), key


def test_the_figures_are_those_of_the_network_that_hides_people(page_text):
    assert all(MEASURED in page_text(language) for language in LANGUAGES)
    measured = WORDS["en"].figures
    for number, share in (("293", "0.96"), ("123", "0.85")):
        assert number in measured
        assert share in measured
        assert f"{float(share) * 100:.0f} %" in page_text()
    assert "225 were made and inspected" in (ROOT / "docs/privacy.md").read_text("utf-8")


def test_an_operator_keeps_its_line_breaks_and_no_blanks_around():
    assert read_operator(" Stadt X\r\nAmt 7 \n") == "Stadt X\nAmt 7"
    assert read_operator("") == ""


@pytest.mark.parametrize("text", ["x" * (MAX_OPERATOR + 1), "a\x00b", "a\x1b[2Jb", "a\u202eb"])
def test_an_operator_with_control_characters_or_too_long_is_refused(text):
    with pytest.raises(RoadscanError) as caught:
        read_operator(text)
    assert caught.value.code == "option_invalid"


def test_its_facts_are_a_value_made_of_the_settings_alone(tmp_path):
    settings = ServeSettings(data=tmp_path)
    assert notices_of(settings) == notices_of(settings)
    assert notices_of(settings).operator == ""


@pytest.mark.shared_service
def test_other_pages_do_not_load_the_texts_of_the_notices(client):
    assert notice_texts("de")["purpose"] not in client.get("/login?lang=de").text
    assert "purpose" not in texts("de")
