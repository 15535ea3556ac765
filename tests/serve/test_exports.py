"""Who took a layer away as a file stands in the audit log."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.ogc.downloads import EXPORTED
from roadscan.serve.town import Town
from roadscan.store.layers.layer_store import LayerStore
from tests.store.sample_surveys import TOWN, survey
from tests.store.sample_town import damage, segments, source

SEGMENTS = 12
ITEMS = "/ogc/collections/segments/items"


@pytest.fixture
def client(store, settings) -> Iterator[TestClient]:
    """A town with one survey, whose segments anybody may read."""
    store.put_network(TOWN)
    store.put_survey(survey(name="Spring"))
    layers = {"segments": segments(SEGMENTS), "damages": [damage(0)], "drives": [], "cells": []}
    LayerStore(store.engine).put_features(source("Spring"), layers)
    public = settings.model_copy(update={"public_collections": frozenset({"segments"})})
    with TestClient(create_app(Town(public, store)), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def exports(accounts):
    """What the audit log says of exports, oldest first: who, and what."""

    def told():
        lines = [line for line in accounts.audit_log(100) if line.action == EXPORTED]
        return [(line.who, line.subject) for line in reversed(lines)]

    return told


@pytest.mark.parametrize("f", ["csv", "gpkg", "fgb"])
def test_a_file_is_on_record_with_who_took_it_and_how_much_was_in_it(client, key_of, exports, f):
    answer = client.get(ITEMS, params={"f": f}, headers=key_of(Role.PLANNER))
    assert answer.status_code == 200
    assert exports() == [("planner 0", f"segments.{f}, {SEGMENTS} features, survey 'Spring'")]


@pytest.mark.both_databases
def test_what_was_taken_is_counted_not_what_there_is(client, key_of, exports):
    reader = key_of(Role.VIEWER)
    client.get(ITEMS, params={"f": "csv", "filter": "score = 2"}, headers=reader)
    client.get(ITEMS, params={"f": "csv", "limit": 5}, headers=reader)
    client.get("/ogc/collections/damages/items?f=gpkg", headers=reader)
    assert [what.split(", survey")[0] for _, what in exports()] == [
        "segments.csv, 3 features",
        "segments.csv, 5 features",
        "damages.gpkg, 1 features",
    ]


def test_a_file_of_a_public_layer_taken_by_nobody_known_is_on_record_as_that(client, exports):
    assert client.get(ITEMS, params={"f": "csv"}).status_code == 200
    assert [who for who, _ in exports()] == ["anonymous"]


def test_a_page_a_refusal_and_what_the_caller_has_already_are_no_exports(client, exports):
    assert client.get(ITEMS, params={"f": "json"}).status_code == 200
    assert client.head(ITEMS, params={"f": "csv"}).status_code == 200
    assert client.get(ITEMS, params={"f": "csv", "filter": "x"}).status_code == 400
    assert client.get("/ogc/collections/damages/items?f=csv").status_code == 401
    assert exports() == []
    tag = client.get(ITEMS, params={"f": "csv"}).headers["etag"]
    again = client.get(ITEMS, params={"f": "csv"}, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert len(exports()) == 1


def test_a_file_that_cannot_be_put_on_record_is_not_handed_out(client, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("roadscan.store.town.accounts.Accounts.record", full)
    assert client.get(ITEMS, params={"f": "csv"}).status_code == 500
