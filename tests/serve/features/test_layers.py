"""Who may read which layer, in the whole service."""

import pytest
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.features.texts import COLLECTIONS
from roadscan.serve.settings import ServeSettings
from roadscan.store.features import FeatureStore
from tests.store.town import segments, source

ROUTES = ("", "/items", "/items/L0:f:0", "/queryables")


@pytest.fixture
def town(store, tmp_path):
    FeatureStore(store.engine).put_features(source(), {"segments": segments(3), "damages": []})

    def make(public=frozenset()):
        settings = ServeSettings(
            data=tmp_path / "town", free_disk_reserve_bytes=0, public_collections=public
        )
        return TestClient(create_app(settings, store))

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


def test_before_anything_was_assessed_the_layers_are_empty(store, tmp_path, key_of):
    client = TestClient(create_app(ServeSettings(data=tmp_path / "town"), store))
    key = key_of(Role.VIEWER)
    for name in COLLECTIONS:
        url = f"/ogc/collections/{name}"
        assert client.get(f"{url}?f=html", headers=key).status_code == 200
        assert client.get(url, headers=key).json()["extent"] == {}
        assert client.get(f"{url}/items", headers=key).json()["features"] == []
        assert client.get(f"{url}/items?f=html", headers=key).status_code == 200
        assert client.get(f"{url}/items?f=csv", headers=key).status_code == 200
        assert client.get(f"{url}/items?f=gpkg", headers=key).json()["code"] == "layer_unknown"
