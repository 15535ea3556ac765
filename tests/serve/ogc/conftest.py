"""The layers of a town with two surveys, to a client in the process and over a real socket."""

import socket
import threading
import time
from collections.abc import Iterator

import pyproj
import pytest
import shapely
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from roadscan.serve.api_description import describe
from roadscan.serve.errors import tell_errors
from roadscan.serve.ogc.document_routes import layers_router
from roadscan.serve.ogc.operations import describe_layers
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.store.layers.layer_store import LayerStore
from tests.databases import open_on
from tests.store.sample_surveys import TOWN, survey
from tests.store.sample_town import SOUTH, STEP_DEG, WEST, damage, row, segments, source

SEGMENTS, DAMAGES, CELLS = 230, 12, 30
SURVEY = "Spring"
OLD = "Old, with a / and an ä"


def cell(number):
    x = WEST + number * STEP_DEG / 100
    return row(
        "cells",
        shapely.box(x, SOUTH, x + STEP_DEG / 100, SOUTH + STEP_DEG / 100),
        cell_id=f"L0:f:{number}:0",
        row=number,
        riss=number % 2 == 0,
        last_seen="2026-06-10T08:00:00.0Z",
    )


def drive():
    path = shapely.MultiLineString([[(WEST, SOUTH), (WEST + 0.1, SOUTH + 0.01)]])
    times = {"started_at": "2026-06-10T08:00:00.0Z", "ended_at": "2026-06-10T09:00:00.0Z"}
    return row("drives", path, drive_id="a1b2", survey=SURVEY, **times)


def utm_bounds():
    """Bounds of the segments in EPSG:25833, by pyproj alone."""
    xy = shapely.get_coordinates(shapely.from_wkb([one.geometry_wkb for one in segments(SEGMENTS)]))
    transformer = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:25833", always_xy=True)
    x, y = transformer.transform(xy[:, 0], xy[:, 1])
    return [x.min(), y.min(), x.max(), y.max()]


@pytest.fixture(scope="session")
def app(database, tmp_path_factory) -> Iterator[FastAPI]:
    with open_on(database, tmp_path_factory.mktemp("layers")) as store:
        store.put_network(TOWN)
        store.put_survey(survey())
        store.put_survey(survey(name=OLD))
        features = LayerStore(store.engine)
        features.put_features(
            source(SURVEY),
            {
                "segments": segments(SEGMENTS, SURVEY),
                "damages": [damage(k) for k in range(DAMAGES)],
                "drives": [drive()],
                "cells": [cell(k) for k in range(CELLS)],
            },
        )
        features.put_features(
            source(OLD, 1.0),
            {
                "segments": segments(5, OLD),
                "damages": [],
                "drives": [],
                "cells": [],
            },
        )
        made = FastAPI(openapi_url=None)
        tell_errors(made)
        describe(made)
        describe_layers(made)
        made.include_router(
            layers_router(features, store, lambda _: frozenset(COLLECTIONS), lambda *_: None)
        )
        yield made


@pytest.fixture(scope="session")
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def address(app: FastAPI) -> Iterator[str]:
    """The address of the landing page, served by uvicorn."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/ogc"
        server.should_exit = True
        thread.join()


@pytest.fixture
def get(client):
    """Ask for something below /ogc, as JSON; the status must be the one expected."""

    def ask(path, expected=200, **query):
        named = {name.replace("_", "-"): value for name, value in query.items()}
        answer = client.get(f"/ogc{path}", params=named)
        assert answer.status_code == expected, answer.text
        return answer.json()

    return ask


@pytest.fixture
def ids(client):
    """The features of all pages of a query, checked to be as many as was said."""

    def walk(collection, **query):
        named = {name.removesuffix("_").replace("__", "-"): v for name, v in query.items()}
        answer = client.get(f"/ogc/collections/{collection}/items", params=named)
        found, matched = [], None
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert page["numberReturned"] == len(page["features"])
            assert matched in {None, page["numberMatched"]}
            matched = page["numberMatched"]
            found += [feature["id"] for feature in page["features"]]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                assert len(found) == matched
                assert len(set(found)) == len(found)
                return found
            answer = client.get(following[0])

    return walk
