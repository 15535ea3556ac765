import html
import re

import pytest
from starlette.testclient import TestClient

from roadscan.errors import RoadscanError
from roadscan.serve.app import create_app
from roadscan.serve.pages.basemap import POLICY, read_basemap
from roadscan.serve.pages.page_routes import PAGES
from roadscan.serve.town import Town

TILES = "https://tiles.town.example/1.0.0/grey/{z}/{y}/{x}.png"
WMS = (
    "https://maps.town.example:8443/wms?SERVICE=WMS&REQUEST=GetMap&VERSION=1.3.0&LAYERS=grey&STYLES="
    "&CRS=EPSG:3857&BBOX={bbox-epsg-3857}&WIDTH=256&HEIGHT=256&FORMAT=image/png"
)
WHOSE = '© Town of <b>Example</b> & "others"'


def refused(url, attribution=WHOSE):
    with pytest.raises(RoadscanError) as caught:
        read_basemap(url, attribution)
    assert caught.value.code == "option_invalid"
    return caught.value.message


@pytest.fixture
def with_basemap(store, settings):
    told = settings.model_copy(update={"basemap": read_basemap(TILES, WHOSE)})
    with TestClient(create_app(Town(told, store))) as client:
        yield client


@pytest.mark.parametrize(
    ("url", "origin"),
    [(TILES, "https://tiles.town.example"), (WMS, "https://maps.town.example:8443")],
)
def test_tiles_and_wms_are_taken_with_the_origin_that_browsers_may_ask(url, origin):
    found = read_basemap(url, WHOSE)
    assert (found.url, found.origin) == (url, origin)


def test_without_an_address_there_is_none():
    assert read_basemap("", "") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.town.example/{z}/{x}/{y}.png",
        "//tiles.town.example/{z}/{x}/{y}.png",
        "file:///etc/passwd?{z}{x}{y}",
        "javascript:alert(1)//{z}{x}{y}",
        "https://me:secret@tiles.town.example/{z}/{x}/{y}",
        "https://127.0.0.1/{z}/{x}/{y}",
        "https://[::1]/{z}/{x}/{y}",
        "https://169.254.169.254/latest/{z}/{x}/{y}",
        "https://localhost/{z}/{x}/{y}",
        "https://{z}.example/{x}/{y}",
        "https://tiles.example;script-src */{z}/{x}/{y}",
        "https://tiles.example/{z}/{x}/{y};script-src *",
        "https://tiles.example/{z}/{x}/{y}'",
        "https://tiles.example/{z}/{x}/{y}\nX: y",
        "https://tiles.example/{z}/{x}/{y}" + "a" * 1000,
        "https://*.example/{z}/{x}/{y}",
    ],
)
def test_what_is_no_https_address_of_a_named_host_is_refused(url):
    assert "is not the address of a tile server" in refused(url)


@pytest.mark.parametrize(
    "path", ["", "style.json", "{z}/{x}", "{z}/{x}/{y}/{z}", "{z}/{x}/{y}/{s}", "{bbox-epsg-25832}"]
)
def test_an_address_without_places_for_the_tile_is_refused(path):
    assert "has no placeholders" in refused(f"https://tiles.town.example/{path}")


def test_a_map_whose_owner_is_not_named_is_refused():
    assert "--basemap-attribution is missing" in refused(TILES, " ")
    assert "--basemap is missing" in refused("")


def test_the_map_page_has_the_address_and_whose_map_it_is_as_text(with_basemap):
    page = with_basemap.get("/").text
    assert html.unescape(re.search(r'data-basemap="([^"]+)"', page)[1]) == TILES
    shown = re.search(r'<p id="attribution">([^<]+)</p>', page)[1]
    assert html.unescape(shown) == WHOSE


def test_one_host_more_is_allowed_on_the_map_page_and_nowhere_else(with_basemap, client):
    plain = client.get("/").headers[POLICY]
    widened = with_basemap.get("/").headers[POLICY]
    origin = " https://tiles.town.example"
    changed = {
        new for old, new in zip(plain.split("; "), widened.split("; "), strict=True) if old != new
    }
    assert {part.split(" ")[0] for part in changed} == {"img-src", "connect-src"}
    assert all(part.endswith(origin) for part in changed)
    assert "unsafe" not in widened
    for address in PAGES.keys() - {"/"}:
        assert with_basemap.get(address).headers[POLICY] == plain


def test_without_one_the_map_page_names_no_other_server(client):
    page = client.get("/")
    assert "http" not in page.headers[POLICY]
    assert "data-basemap" not in page.text
