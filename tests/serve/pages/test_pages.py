import re
from importlib.resources import files

import pytest

from roadscan.serve.pages.page_routes import MAPLIBRE, PAGES, STATIC
from roadscan.serve.pages.texts import texts

TEXT_KEY = re.compile(r"""\btext\("(\w+)"[,)]|\bt\.(\w+)""")


@pytest.mark.shared_service
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_its_frame_in_both_languages(client, address, language):
    answer = client.get(address, params={"lang": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert texts(language)[f"{PAGES[address]}_title"] in answer.text
    assert "built-in" not in answer.text


@pytest.mark.shared_service
@pytest.mark.parametrize("address", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(client, address):
    html = client.get(address).text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert not re.search(r"\son\w+=|style=", html)
    inline = re.findall(r"<script(?![^>]*src=)([^>]*)>", html)
    assert all('type="application/json"' in attributes for attributes in inline)


@pytest.mark.shared_service
@pytest.mark.parametrize("address", PAGES)
def test_what_a_page_loads_is_there(client, address):
    html = client.get(address).text
    for place in re.findall(r'(?:src|href)="(/static/[^"]+)"', html):
        answer = client.get(place)
        assert answer.status_code == 200, place
        assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.shared_service
def test_the_map_library_comes_from_its_package(client):
    for name in MAPLIBRE:
        assert len(client.get(f"/static/vendor/{name}").content) > 10_000
    assert not list(STATIC.rglob("maplibre*"))


@pytest.mark.shared_service
@pytest.mark.parametrize("name", ["../app.py", "vendor/../../settings.py", "%2e%2e/app.py", "x.js"])
def test_nothing_else_can_be_had(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_every_text_that_a_page_or_module_asks_for_exists():
    templates = files("roadscan.serve.pages").joinpath("templates")
    sources = [path.read_text() for path in STATIC.glob("*.js")]
    sources += [path.read_text() for path in templates.iterdir()]
    asked = {a or b for source in sources for a, b in TEXT_KEY.findall(source)}
    assert asked - texts("de").keys() == set()
