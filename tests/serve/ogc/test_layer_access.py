"""Who may read which layer, in the whole service."""

import pyogrio
import pytest
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.ogc.tiles import MAX_ZOOM, TILING
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town
from roadscan.store.layers.layer_store import LayerStore
from tests.store.sample_town import damage, segments, source

ROUTES = ("", "/items", "/items/L0:f:0", "/queryables", "/feature-schema")


@pytest.fixture
def town(store, tmp_path):
    LayerStore(store.engine).put_features(source(), {"segments": segments(3), "damages": []})

    def make(public=frozenset()):
        settings = ServeSettings(
            data=tmp_path / "town", free_disk_reserve_bytes=0, public_collections=public
        )
        return TestClient(create_app(Town(settings, store)))

    return make


@pytest.mark.parametrize("route", ROUTES)
def test_a_layer_is_for_those_who_may_read(town, key_of, route):
    client = town()
    url = f"/ogc/collections/segments{route}"
    refused = client.get(url)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert client.get(url, headers={"X-API-Key": "rsk_wrong"}).status_code == 401
    for role in Role:
        assert client.get(url, headers=key_of(role)).status_code == 200


def test_gis_programs_show_the_key_as_a_password(town, key_of):
    key = key_of(Role.VIEWER)["X-API-Key"]
    assert town().get("/ogc/collections", auth=("anything", key)).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
def test_a_public_layer_is_for_everybody_and_no_other_is(town, route):
    client = town(frozenset({"segments"}))
    assert client.get(f"/ogc/collections/segments{route}").status_code == 200
    assert client.get(f"/ogc/collections/damages{route}").status_code == 401
    listed = client.get("/ogc/collections").json()["collections"]
    assert [one["id"] for one in listed] == ["segments"]


def test_the_list_of_layers_tells_nobody_what_is_not_public(town):
    assert town().get("/ogc/collections").status_code == 401
    for path in ("", "/conformance", "/api"):
        assert town().get(f"/ogc{path}").status_code == 200


@pytest.mark.both_databases
def test_before_anything_was_assessed_the_layers_are_empty(store, tmp_path, key_of):
    client = TestClient(create_app(Town(ServeSettings(data=tmp_path / "town"), store)))
    key = key_of(Role.VIEWER)
    for name in COLLECTIONS:
        url = f"/ogc/collections/{name}"
        assert client.get(f"{url}?f=html", headers=key).status_code == 200
        assert client.get(url, headers=key).json()["extent"] == {}
        assert client.get(f"{url}/items", headers=key).json()["features"] == []
        assert client.get(f"{url}/items?f=html", headers=key).status_code == 200
        assert client.get(f"{url}/items?f=csv", headers=key).status_code == 200
        assert client.get(f"{url}/items?f=gpkg", headers=key).content.startswith(b"SQLite format 3")
        assert client.get(f"{url}/tiles/{TILING}", headers=key).status_code == 200
        tile = client.get(f"{url}/tiles/{TILING}/{MAX_ZOOM}/0/0", headers=key)
        assert (tile.status_code, tile.content) == (204, b"")


def test_an_empty_geopackage_has_a_style_and_the_fields_of_its_layer(store, tmp_path, key_of):
    client = TestClient(create_app(Town(ServeSettings(data=tmp_path / "town"), store)))
    answer = client.get("/ogc/collections/segments/items?f=gpkg", headers=key_of(Role.VIEWER))
    path = tmp_path / "empty.gpkg"
    path.write_bytes(answer.content)
    read = pyogrio.read_info(path, layer="segments")
    assert read["features"] == 0
    assert {"score", "condition_class"} <= set(read["fields"])
    assert "layer_styles" in pyogrio.list_layers(path)[:, 0]


@pytest.fixture
def two_surveys(store, settings, key_of):
    """An older survey with damages, a newer one whose edition has segments alone."""
    features = LayerStore(store.engine)
    features.put_features(source("Spring", 1.0), {"segments": [], "damages": [damage(0)]})
    features.put_features(source("Autumn", 2.0), {"segments": segments(3, "Autumn")})
    with TestClient(create_app(Town(settings, store))) as client:
        client.headers.update(key_of(Role.VIEWER))
        yield client


@pytest.mark.both_databases
@pytest.mark.parametrize("asked", ["", "?survey=Autumn"])
def test_a_survey_without_a_layer_shows_an_empty_one_and_not_that_of_another(two_surveys, asked):
    url = "/ogc/collections/damages"
    page = two_surveys.get(f"{url}/items{asked}").json()
    assert (page["numberMatched"], page["features"]) == (0, [])
    assert two_surveys.get(f"{url}/items?survey=Spring").json()["numberMatched"] == 1
    listed = two_surveys.get(url).json()["surveys"]
    assert [(one["survey"], one["features"]) for one in listed] == [("Autumn", 0), ("Spring", 1)]
    found = two_surveys.get(f"{url}/items/D0{asked}")
    assert (found.status_code, found.json()["code"]) == (404, "feature_unknown")
    tile = two_surveys.get(f"{url}/tiles/{TILING}/16/0/0{asked}")
    assert tile.status_code == 204
    file = two_surveys.get(f"{url}/items?f=csv&{asked.removeprefix('?')}")
    assert len(file.text.splitlines()) == 1


def test_there_is_still_no_layer_of_a_survey_that_is_not(two_surveys):
    answer = two_surveys.get("/ogc/collections/damages/items?survey=Winter")
    assert (answer.status_code, answer.json()["code"]) == (404, "survey_unknown")
