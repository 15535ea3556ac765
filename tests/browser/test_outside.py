"""What leads a browser to another server where it is set: a background map, a login there."""

import io
import shutil

import pytest
from PIL import Image

from tests.browser.conftest import NARROW, WIDE
from tests.browser.town import serving
from tests.serve.access.fake_issuer import CLIENT, FakeIssuer
from tests.serve.access.fake_issuer import serving as issuing

TILES = "https://tiles.town.example"


@pytest.fixture(scope="module")
def issuer():
    with issuing() as fake:
        fake.secret = ""
        yield fake


@pytest.fixture(scope="module")
def town(assessed, tmp_path_factory, issuer):
    """A service with both, whose layers anybody may read."""
    data = shutil.copytree(assessed, tmp_path_factory.mktemp("outside") / "town")
    basemap = [
        f"--basemap={TILES}/{{z}}/{{x}}/{{y}}.png",
        "--basemap-attribution=© Town of Example",
    ]
    oidc = [f"--oidc-issuer={issuer.issuer}", f"--oidc-client-id={CLIENT}"]
    with serving(data, "--public-layers", "--workers=0", *basemap, *oidc) as running:
        yield running


@pytest.fixture
def tile() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (256, 256), (90, 160, 90)).save(picture, "PNG")
    return picture.getvalue()


@pytest.fixture
def page_at(chromium, town, tile):
    """Opens a page and gathers the other servers that it asked, and its complaints."""
    contexts = []

    def open_(address, language="de", size=WIDE):
        context = chromium.new_context(
            base_url=town.address,
            locale="de-DE" if language == "de" else "en-GB",
            viewport={"width": size[0], "height": size[1]},
        )
        context.set_default_timeout(120_000)
        contexts.append(context)
        page = context.new_page()
        asked, wrong = [], []
        own = (town.address, "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(own) else asked.append(r.url))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        cors = {"Access-Control-Allow-Origin": "*"}
        page.route(
            f"{TILES}/**",
            lambda route: route.fulfill(body=tile, content_type="image/png", headers=cors),
        )
        page.goto(address, wait_until="domcontentloaded")
        return page, asked, wrong

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_map_has_its_background_from_the_one_server_that_is_set(page_at, size, tmp_path):
    page, asked, wrong = page_at("/", size=size)
    page.get_by_text("© Town of Example").wait_for()
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(e => e.name.includes('tiles.town'))"
    )
    page.wait_for_timeout(1500)
    page.screenshot(path=tmp_path / "map.png")
    assert asked
    assert all(address.startswith(f"{TILES}/") for address in asked)
    assert wrong == []


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_login_there_comes_back_with_a_session_here(page_at, issuer: FakeIssuer, language):
    page, asked, _ = page_at(f"/login?back=/account&lang={language}", language)
    button = {
        "de": "Mit dem Konto der Verwaltung anmelden",
        "en": "Log in with your administration account",
    }
    page.get_by_role("link", name=button[language]).click()
    page.wait_for_url("**/account")
    page.locator("#who", has_text="Uli Muster").wait_for()
    assert {address.split("?")[0] for address in asked} == {f"{issuer.issuer}/auth"}
    page.locator("#logout").click()
    page.wait_for_url(f"{issuer.issuer}/logout**")
    page.goto("/login")
    assert page.locator("#who").inner_text() == ""


def test_a_login_that_fails_says_so_in_words(page_at, issuer: FakeIssuer):
    issuer.claims = {"nonce": "another"}
    page, _, _ = page_at("/login")
    page.get_by_role("link", name="Mit dem Konto der Verwaltung anmelden").click()
    page.get_by_text("hat die Anmeldung nicht bestätigt").wait_for()
    issuer.claims = {}
