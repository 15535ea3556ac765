"""QGIS itself opens what we write and serve, finds the style in it, and draws the classes."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import geopandas
import pyogrio
import pytest

from roadscan.model.access import Role
from roadscan.pipeline.scheme import load_scheme
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import open_town
from tests.browser.town import Service, assess, serving
from tests.small_drive import SmallDrive

PYTHON = "/usr/bin/python3"
"""The system's: PyQGIS belongs to its Python and to no other."""
LOOK = Path(__file__).parent / "look.py"
LAYERS = ("segments", "damages", "drives", "cells")
FEW_PX = 30
START_S = 300.0


@pytest.fixture(scope="module")
def town(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    if given.returncode:
        pytest.skip("PyQGIS is not installed (Debian: python3-qgis)")
    data = tmp_path_factory.mktemp("qgis") / "town"
    assess(small_drive, data)
    return data


@pytest.fixture(scope="module")
def service(town: Path) -> Iterator[Service]:
    with serving(town) as running:
        yield running


@pytest.fixture(scope="module")
def seen(town: Path, service: Service) -> dict[str, Any]:
    """What QGIS tells of the exported GeoPackage, of one from the service, and of its layer."""
    with open_town(ServeSettings(data=town)) as opened:
        accounts = opened.accounts
        account = accounts.add("QGIS", Role.VIEWER, None)
        _, key = accounts.add_key(account.account_id, "QGIS", Role.VIEWER, 3600.0)
    address = f"{service.address}/ogc"
    served = town.parent / "served.gpkg"
    _wait_for_layers(address, key)
    served.write_bytes(_get(f"{address}/collections/segments/items?f=gpkg", key))
    asked = [PYTHON, LOOK, town / "roadscan.gpkg", served, address, key, town.parent]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(town.parent)}
    done = subprocess.run(
        asked, check=True, stdout=subprocess.PIPE, timeout=300, env=environment, text=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def layers(town: Path) -> dict[str, geopandas.GeoDataFrame]:
    """The exported layers, read by GDAL of another version."""
    return {name: pyogrio.read_dataframe(town / "roadscan.gpkg", layer=name) for name in LAYERS}


def test_all_layers_of_the_geopackage_are_read_in_their_crs(seen, layers):
    assert set(seen["exported"]) == set(LAYERS)
    for name, layer in layers.items():
        own = seen["exported"][name]
        assert (own["count"], own["read"]) == (len(layer), len(layer)), name
        assert own["crs"] == layer.crs.to_string()
        assert set(layer.columns) - {"geometry"} <= set(own["fields"])


def test_the_style_is_found_in_the_geopackage_and_taken(seen):
    for own in (*seen["exported"].values(), seen["served"]["segments"]):
        assert own["styles"] == 1
        assert own["renderer"] == "RuleRenderer"


def test_the_legend_has_every_class_of_the_scheme_and_not_assessed(seen):
    classes = load_scheme("ap9k").classes
    for own in (seen["exported"]["segments"], seen["served"]["segments"]):
        assert len(own["rules"]) == len(classes) + 1
        for one in classes:
            assert any(rule.startswith(f"{one.number} ") for rule in own["rules"])
        assert "not assessed" in own["rules"]


@pytest.mark.parametrize("picture", ["exported", "served", "live"])
def test_classes_are_drawn_in_their_colours_and_the_rest_in_grey(seen, layers, picture):
    colours = seen[f"{picture}_colours"]
    there = set(layers["segments"]["condition_class"].dropna())
    assert there
    for one in load_scheme("ap9k").classes:
        drawn = colours.get(one.colour.lower(), 0)
        assert (drawn > FEW_PX) == (one.number in there), (one, drawn)
    if layers["segments"]["score"].isna().any():
        greys = [n for name, n in colours.items() if "#808080" <= name <= "#a0a0a0"]
        assert sum(greys) > FEW_PX


def test_the_layer_of_a_running_service_is_read_with_a_key_as_password(seen, layers):
    live = seen["live"]
    assert live["valid"]
    assert live["count"] == live["read"] == len(layers["segments"])
    assert live["crs"] == "EPSG:4326"  # QGIS's name for CRS84, which 3.22 asks for
    assert {"segment_id", "score", "condition_class", "reason"} <= set(live["fields"])


def test_without_a_right_key_qgis_gets_no_layer(seen):
    assert seen["refused"] is False


def _wait_for_layers(address: str, key: str) -> None:
    """Wait until a worker has made the layers; until then they are empty."""
    ends = time.monotonic() + START_S
    while not json.loads(_get(f"{address}/collections/segments/items?limit=1", key))["features"]:
        if time.monotonic() > ends:
            raise TimeoutError(address)
        time.sleep(0.5)


def _get(url: str, key: str) -> bytes:
    asked = Request(url, headers={"X-API-Key": key})  # noqa: S310 -- our own address
    with urlopen(asked, timeout=60) as answer:  # noqa: S310 -- our own address
        content: bytes = answer.read()
    return content
