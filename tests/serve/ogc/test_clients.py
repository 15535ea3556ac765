"""Programs that people use, against a real server."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from owslib.ogcapi.features import Features
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from roadscan.model.layers import LAYERS
from roadscan.serve.ogc.request_parameters import MAX_LIMIT
from roadscan.serve.ogc.texts import COLLECTIONS
from tests.serve.ogc.conftest import CELLS, DAMAGES, SEGMENTS, utm_bounds

COUNTS = {"segments": SEGMENTS, "damages": DAMAGES, "drives": 1, "cells": CELLS}


def gdal(address, *options):
    command = [sys.executable, Path(__file__).with_name("gdal_reads.py"), address, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_gdal_reads_every_feature_of_every_layer(address):
    seen = gdal(address)
    assert {name: layer["count"] for name, layer in seen.items()} == COUNTS
    assert {name: layer["geometry"] for name, layer in seen.items()} == {
        name: schema.geometry_type for name, schema in LAYERS.items()
    }
    assert {layer["crs"] for layer in seen.values()} == {"OGC:CRS84"}
    assert seen["segments"]["ids"] == sorted(f"L{k}:f:0" for k in range(SEGMENTS))
    assert seen["segments"]["types"]["score"] == "float64"
    assert seen["segments"]["types"]["assessed_at"] == "datetime64[ms, UTC]"


def test_gdal_sees_numbers_where_no_feature_has_one(address):
    types = gdal(address, "PAGE_SIZE=10")["segments"]["types"]
    fields = LAYERS["segments"].fields
    numbers = [field.name for field in fields if field.type.value in {"number", "integer"}]
    assert {name: types[name] for name in numbers} == dict.fromkeys(numbers, "float64")
    assert types["reason"] == "object"


def test_gdal_pages_through_a_layer(address):
    assert gdal(address, "PAGE_SIZE=50")["segments"]["count"] == SEGMENTS


def test_gdal_reads_a_layer_in_another_crs(address):
    seen = gdal(address, "CRS=EPSG:25833")["segments"]
    assert seen["crs"] == "EPSG:25833"
    assert seen["count"] == SEGMENTS
    assert seen["bounds"] == pytest.approx(utm_bounds(), abs=0.002)


def test_owslib_finds_and_reads_the_layers(address):
    service = Features(f"{address}/")
    assert service.feature_collections() == list(COLLECTIONS)
    assert "title" in service.collection("segments")
    assert "properties" in service.collection_queryables("segments")
    page = service.collection_items("segments", limit=5, bbox=[12.0, 51.0, 12.003, 51.001])
    assert (page["numberMatched"], page["numberReturned"]) == (8, 5)
    assert service.collection_item("segments", "L7:f:0")["id"] == "L7:f:0"
    filtered = service.collection_items("segments", filter="score = 2")
    assert filtered["numberMatched"] == SEGMENTS / 5


def _may_be_taken(case):
    """A limit above the maximum is no error, says the standard, whatever the description says."""
    limit = str((case.query or {}).get("limit", ""))
    return [negative_data_rejection] if limit.isdecimal() and int(limit) > MAX_LIMIT else []


@pytest.mark.both_databases
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_schemathesis_finds_nothing(app, mode):
    """A bounded run; the long one is by hand, as docs/ogc.md says."""
    description = schemathesis.openapi.from_asgi("/ogc/api", app)
    seen = Counter()
    for operation in description.get_all_operations():

        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.ok().as_strategy(generation_mode=mode))
        def check(case):
            seen["cases"] += 1
            # That all data that fits the description is taken, it cannot say: filters have a
            # grammar, corners of a box an order, cursors and surveys are those that there are.
            case.call_and_validate(excluded_checks=[positive_data_acceptance, *_may_be_taken(case)])

        check()
    assert seen["cases"] > 60
