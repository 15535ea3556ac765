import json

import geopandas
import pyogrio
import pytest
import shapely

from roadscan.model.layers import LAYERS
from roadscan.publish.layer_frames import load_results
from roadscan.publish.served_features import (
    FRONT,
    geometries_json,
    publish_features,
    scored_first,
)
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Selection
from tests.publish.conftest import HOSTILE, NAME
from tests.store.sample_surveys import assessment


@pytest.fixture(scope="module")
def features(store):
    served = LayerStore(store.engine)
    publish_features(store, served, load_results(store, NAME))
    return served


def served(features, collection):
    with features.reading() as reader:
        layer = reader.layers(collection)[0]
        page = reader.page(layer, reader.places(layer, Selection(), None, 10_000))
        values = list(reader.values(layer, Selection()))
    return layer, [json.loads(placed.geojson) for placed in page], values


def layer_id(collection):
    return LAYERS[collection].id_field


@pytest.mark.parametrize("collection", list(LAYERS))
def test_what_is_served_is_what_is_exported(features, published, collection):
    layer, found, _ = served(features, collection)
    exported = pyogrio.read_dataframe(published / "roadscan.gpkg", layer=collection)
    exported = exported.to_crs("EPSG:4326").set_index(layer_id(collection), drop=False)
    exported = exported.loc[[feature["id"] for feature in found]]
    assert layer.features == len(found) == len(exported) > 0
    for feature, (_, row) in zip(found, exported.iterrows(), strict=True):
        own = feature["properties"]
        assert feature["id"] == next(iter(own.values())) == row.iloc[0]
        assert list(own) == [field.name for field in LAYERS[collection].fields]
        for name, value in own.items():
            if value is None:
                assert row[name] is None or row[name] != row[name]
            else:
                assert value == row[name]
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shapely.equals_exact(shape, row.geometry, tolerance=1e-6, normalize=True)
        assert feature["geometry"]["type"] == LAYERS[collection].geometry_type


def test_the_columns_hold_what_the_text_says(features):
    for collection in LAYERS:
        _, found, values = served(features, collection)
        for feature, (wkb, *columns) in zip(found, values, strict=True):
            assert list(feature["properties"].values()) == columns
            shape = shapely.from_geojson(json.dumps(feature["geometry"]))
            assert shapely.equals_exact(shape, shapely.from_wkb(wkb), tolerance=1e-7)


def test_rings_turn_as_rfc_7946_wants_them(features):
    for feature in served(features, "damages")[1]:
        ring = shapely.LinearRing(feature["geometry"]["coordinates"][0])
        assert shapely.is_ccw(ring)


def test_names_come_out_as_they_are(features):
    streets = {one["properties"]["street"] for one in served(features, "segments")[1]}
    assert HOSTILE in streets


def test_new_results_make_the_served_layers_stale(store, features):
    assert features.unserved() == ()
    store.put_assessment(NAME, assessment())
    assert features.unserved() == (NAME,)
    publish_features(store, features, load_results(store, NAME))
    assert features.unserved() == ()


def test_coordinates_are_rounded_as_asked():
    shapes = [shapely.Point(1.23456789, 2), None]
    assert geometries_json(shapes, 3) == ['{"type":"Point","coordinates":[1.235,2.0]}', None]


def undriven_first(scores):
    names = [f"L{k}:f:0" for k in range(len(scores))]
    return geopandas.GeoDataFrame(
        {"segment_id": names, "score": scores}, geometry=[None] * len(names)
    )


def test_a_few_segments_with_a_score_come_first_so_that_qgis_sees_numbers():
    scores = [float("nan")] * 40 + [2.0] * 20
    ordered = scored_first(undriven_first(scores), ())
    assert ordered["score"].head(FRONT).notna().all()
    ids = ordered["segment_id"].tolist()
    assert ids == [f"L{k}:f:0" for k in (*range(40, 40 + FRONT), *range(40), *range(50, 60))]
    again = scored_first(undriven_first([1.0] * 60), ids[:FRONT])
    assert again["segment_id"].tolist() == ids, "a client may be paging through them"
    unscored = undriven_first([float("nan")] * 60)
    assert scored_first(unscored, ())["segment_id"].tolist() == unscored["segment_id"].tolist()


def test_the_front_of_a_layer_is_kept_when_it_is_published_again(store, features):
    before = features.first_ids(NAME, FRONT)
    assert len(before) > 0
    publish_features(store, features, load_results(store, NAME))
    assert features.first_ids(NAME, FRONT) == before
    assert features.first_ids("unknown", FRONT) == ()
