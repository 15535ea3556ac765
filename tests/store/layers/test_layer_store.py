import json
from dataclasses import replace
from itertools import pairwise

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from roadscan.model.layers import LAYERS
from roadscan.store.layers import reader
from roadscan.store.layers.feature_tables import FEATURES, own_columns
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import (
    Always,
    Both,
    Compare,
    Either,
    Intersects,
    IsNull,
    Like,
    Not,
    OneOf,
    Operator,
    Selection,
)
from tests.databases import DATABASES, open_on
from tests.store.sample_town import SOUTH, STEP_DEG, WEST, damage, row, segments, source

COUNT = 230


@pytest.fixture(scope="module", params=DATABASES)
def town(request, tmp_path_factory):
    with open_on(request.param, tmp_path_factory.mktemp("town")) as store:
        features = LayerStore(store.engine)
        features.put_features(source(), {"segments": segments(COUNT)})
        yield features


@pytest.fixture(params=DATABASES)
def empty(request, tmp_path):
    with open_on(request.param, tmp_path) as store:
        yield LayerStore(store.engine)


ALL = Selection()


def ids(features, selection=ALL, limit=1000):
    with features.reading() as layers:
        layer = layers.layers("segments")[0]
        page = layers.page(layer, layers.places(layer, selection, None, limit))
        assert layers.count(layer, selection) == len(page)
    return [json.loads(placed.geojson)["id"] for placed in page]


def where(condition):
    return Selection(condition=condition)


def test_the_columns_are_the_fields_of_the_layers():
    for collection, schema in LAYERS.items():
        assert [c.name for c in own_columns(collection)] == [field.name for field in schema.fields]
    assert FEATURES.keys() == LAYERS.keys()


@settings(deadline=None, max_examples=40)
@given(limit=st.integers(1, 250))
def test_pages_put_together_are_the_layer(town, limit):
    with town.reading() as layers:
        layer = layers.layers("segments")[0]
        found, after = [], None
        while page := layers.page(layer, layers.places(layer, ALL, after, limit)):
            found += page
            after = page[-1].place
    assert [json.loads(placed.geojson)["id"] for placed in found] == [
        f"L{k}:f:0" for k in range(COUNT)
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(-5, 105), st.integers(-2, 8)),
    st.tuples(st.integers(0, 60), st.integers(0, 4)),
)
def test_a_box_finds_what_touches_it_and_nothing_else(town, corner, size):
    west, south = (WEST + corner[0] * STEP_DEG * 0.7, SOUTH + corner[1] * STEP_DEG * 0.4)
    area = shapely.box(west, south, west + size[0] * STEP_DEG, south + size[1] * STEP_DEG)
    if 0 in size:
        corners = shapely.get_coordinates(area)
        area = shapely.LineString(corners[:3:2]) if any(size) else shapely.Point(corners[0])
    expected = [
        json.loads(placed.geojson)["id"]
        for placed in segments(COUNT)
        if shapely.from_wkb(placed.geometry_wkb).intersects(area)
    ]
    assert ids(town, Selection(area)) == expected
    assert ids(town, where(Intersects(shapely.to_wkb(area)))) == expected


def test_bounds_that_meet_are_not_enough():
    first = next(segments(1))
    line = shapely.from_wkb(first.geometry_wkb)
    beside = shapely.box(WEST, SOUTH + STEP_DEG * 0.4, WEST + STEP_DEG * 0.1, SOUTH + STEP_DEG)
    assert shapely.box(*line.bounds).intersects(beside)
    assert not line.intersects(beside)


def test_an_area_that_is_no_box_is_held_against_the_geometry_itself(town):
    corner = shapely.Polygon([(WEST, SOUTH), (WEST + STEP_DEG * 3, SOUTH), (WEST, SOUTH + 0.003)])
    expected = [
        json.loads(placed.geojson)["id"]
        for placed in segments(COUNT)
        if shapely.from_wkb(placed.geometry_wkb).intersects(corner)
    ]
    assert ids(town, Selection(corner)) == expected
    assert 3 < len(expected) < COUNT


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare("condition_class", Operator.EQ, 2), lambda k: k % 5 < 4 and k % 4 == 1),
        (Compare("condition_class", Operator.NE, 2), lambda k: k % 5 < 4 and k % 4 != 1),
        (Not(Compare("condition_class", Operator.EQ, 2)), lambda k: k % 5 < 4 and k % 4 != 1),
        (Compare("condition_class", Operator.EQ, 2**63 - 1), lambda _: False),
        (Compare("condition_class", Operator.GT, 2.5), lambda k: k % 5 < 4 and k % 4 in {2, 3}),
        (OneOf("condition_class", (1, 2.5, 2**40)), lambda k: k % 5 < 4 and k % 4 == 0),
        (Compare("score", Operator.GE, 3.0), lambda k: k % 5 in {2, 3}),
        (Compare("score", Operator.LT, 3.0), lambda k: k % 5 in {0, 1}),
        (IsNull("score"), lambda k: k % 5 == 4),
        (Not(IsNull("score")), lambda k: k % 5 < 4),
        (OneOf("street", ("Street 1", "Street 3")), lambda k: k % 7 in {1, 3}),
        (Like("street", "%eet 1"), lambda k: k % 7 == 1),
        (Like("street", "street 1"), lambda _: False),
        (Like("street", "S_____ 6"), lambda k: k % 7 == 6),
        (Like("street", "*"), lambda _: False),
        (Like("street", "[A-Z]%"), lambda _: False),
        (Like("street", r"S\%"), lambda _: False),
        (Both((Compare("score", Operator.EQ, 1.0), Like("street", "%1"))), lambda k: k % 35 == 15),
        (Either((IsNull("score"), Like("street", "%1"))), lambda k: k % 5 == 4 or k % 7 == 1),
        (Compare("assessed_at", Operator.LE, "2026-06-10T10:00:03.5+02:00"), lambda k: k < 4),
        (Compare("assessed_at", Operator.EQ, "2026-06-10T08:00:02.5Z"), lambda k: k == 2),
        (Compare("street", Operator.EQ, "x' OR '1'='1"), lambda _: False),
        (Always(holds=True), lambda _: True),
        (Always(holds=False), lambda _: False),
    ],
    ids=lambda value: "expected" if callable(value) else str(value),
)
def test_conditions_mean_what_they_say(town, condition, expected):
    assert ids(town, where(condition)) == [f"L{k}:f:0" for k in range(COUNT) if expected(k)]


def test_a_selection_asked_for_again_comes_from_the_cache(empty, monkeypatch):
    empty.put_features(source(), {"segments": segments(3)})
    asked = []
    real = reader.clause
    monkeypatch.setattr(reader, "clause", lambda *given: asked.append(given) or real(*given))
    first, second = (ids(empty, where(Always(holds=True))) for _ in range(2))
    assert first == second
    assert len(first) == 3
    assert len(asked) == 1


def test_a_result_larger_than_the_cache_is_returned_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "CACHE_BYTES", 0)
    with open_on("sqlite", tmp_path) as store:
        features = LayerStore(store.engine)
        features.put_features(source(), {"segments": segments(3)})
        assert len(ids(features, where(Always(holds=True)))) == 3


def test_a_condition_on_no_property_is_refused(town):
    with pytest.raises(KeyError):
        ids(town, where(Compare("1; DROP TABLE editions", Operator.EQ, 1)))


def test_a_pattern_takes_signs_of_other_languages_as_they_are(empty):
    names = ["a*b", "a?b", "a[b]", "a%b", "a_b", "a\\b", "aXb"]
    rows = [
        row("segments", shapely.Point(12, 51), segment_id=str(k), street=name)
        for k, name in enumerate(names)
    ]
    empty.put_features(source(), {"segments": rows})
    for name in names:
        exact = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        assert ids(empty, where(Like("street", exact))) == [str(names.index(name))]
    assert len(ids(empty, where(Like("street", "a_b")))) == 6


def test_a_feature_is_found_by_its_id(town):
    with town.reading() as layers:
        layer = layers.layers("segments")[0]
        assert layers.feature(layer, "L7:f:0").place == 7
        with pytest.raises(KeyError):
            layers.feature(layer, "L7:f:0' OR 1=1 --")


def test_values_come_in_the_order_of_the_fields(town):
    with town.reading() as layers:
        layer = layers.layers("segments")[0]
        wkb, *values = next(layers.values(layer, ALL))
        some = next(layers.values(layer, ALL, ("segment_id", "assessed_at")))
    assert shapely.from_wkb(wkb).coords[0] == (WEST, SOUTH)
    assert values[0] == "L0:f:0"
    assert list(some[1:]) == ["L0:f:0", "2026-06-10T08:00:00.5Z"]


def test_a_layer_knows_its_extent_and_its_time(town):
    with town.reading() as layers:
        layer = layers.layers("segments")[0]
    assert layer.features == COUNT
    assert layer.bounds_deg == pytest.approx((12.0, 51.0, 12.0995, 51.0025))
    assert layer.interval_s == (1781078400.5, 1781078628.5)


def test_the_newest_survey_comes_first(empty):
    for name, latest_s in (("Old", 1.0), ("New", 3.0), ("Middle", 2.0)):
        empty.put_features(source(name, latest_s), {"segments": segments(1, name)})
    with empty.reading() as layers:
        found = [layer.source.survey for layer in layers.layers("segments")]
    assert found == ["New", "Middle", "Old"]


def test_a_survey_beside_another_does_not_show_in_it(empty):
    for name in ("One", "Two"):
        empty.put_features(source(name), {"segments": segments(9, name)})
    everywhere = Selection(shapely.box(-180, -90, 180, 90))
    with empty.reading() as layers:
        for layer in layers.layers("segments"):
            page = layers.page(layer, layers.places(layer, everywhere, None, 100))
            found = {json.loads(placed.geojson)["properties"]["survey"] for placed in page}
            assert found == {layer.source.survey}
            assert layers.count(layer, everywhere) == 9


def test_a_version_changes_with_the_content_only(empty):
    versions = []
    for street in ("A", "A", "B"):
        empty.put_features(source(), {"segments": segments(5, street=street)})
        with empty.reading() as layers:
            versions.append(layers.layers("segments")[0].version)
    assert versions[0] == versions[1] != versions[2]


def test_a_new_edition_takes_the_place_of_the_old_one_whole(empty):
    empty.put_features(source(), {"segments": segments(50), "damages": [damage(1)]})
    empty.put_features(source(), {"segments": segments(20), "damages": []})
    assert len(ids(empty)) == 20
    with empty.reading() as layers:
        assert layers.layers("damages")[0].features == 0
        assert layers.layers("damages")[0].bounds_deg is None
    with empty._engine.connect() as db:
        left = {"editions": 1, "served_segments": 20, "served_damages": 0}
        if db.dialect.name == "sqlite":
            left["served_segments_bounds"] = 20
        for table, expected in left.items():
            assert db.scalar(text(f"SELECT count(*) FROM {table}")) == expected  # noqa: S608


def test_a_reader_keeps_what_it_began_with(empty):
    empty.put_features(source(), {"segments": segments(50)})
    with empty.reading() as layers:
        layer = layers.layers("segments")[0]
        first = layers.page(layer, layers.places(layer, ALL, None, 30))
        empty.put_features(source(), {"segments": segments(10)})
        rest = layers.page(layer, layers.places(layer, ALL, first[-1].place, 30))
    assert len(first + rest) == 50
    assert len(ids(empty)) == 10


def test_what_a_killed_run_left_is_never_seen_and_goes_with_the_next(empty):
    def killed():
        yield from segments(5000)
        raise KeyboardInterrupt

    empty.put_features(source(), {"segments": segments(3)})
    with pytest.raises(KeyboardInterrupt):
        empty.put_features(source(), {"segments": killed()})
    assert len(ids(empty)) == 3
    empty.put_features(source(), {"segments": segments(4)})
    with empty._engine.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM served_segments")) == 4


def test_of_two_runs_at_once_the_later_one_stays(empty):
    def overtaken():
        yield from segments(3)
        empty.put_features(source(), {"segments": segments(7)})

    empty.put_features(source(), {"segments": overtaken()})
    assert len(ids(empty)) == 7
    with empty._engine.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM served_segments")) == 7


def test_places_go_on_from_one_edition_to_the_next(empty):
    empty.put_features(source(), {"segments": segments(10)})
    empty.put_features(source(), {"segments": segments(10, street="Other")})
    with empty.reading() as layers:
        layer = layers.layers("segments")[0]
        page = layers.page(layer, layers.places(layer, ALL, 4, 10))
    assert all(b.place == a.place + 1 for a, b in pairwise(page))
    assert json.loads(page[0].geojson)["id"] == "L5:f:0"


def test_a_feature_without_geometry_is_in_every_box_and_touches_nothing(empty):
    nowhere = row("segments", shapely.Point(12, 51), segment_id="x")
    lost = replace(nowhere, geometry_wkb=None)
    empty.put_features(source(), {"segments": [lost]})
    assert ids(empty) == ["x"]
    for area in (shapely.box(1, 2, 3, 4), shapely.Point(5, 6)):
        assert ids(empty, Selection(area)) == ["x"]
        assert ids(empty, where(Intersects(shapely.to_wkb(area)))) == []
        assert ids(empty, where(Not(Intersects(shapely.to_wkb(area))))) == []
