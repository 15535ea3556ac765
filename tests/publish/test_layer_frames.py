"""What the layers hold: the promised fields and no others, every segment, places on the road."""

from dataclasses import replace

import geopandas
import numpy as np
import pytest
import shapely

from roadscan.model.layers import LAYERS
from roadscan.model.road import RegisterEntry
from roadscan.publish import layer_frames
from roadscan.publish.layer_frames import (
    Results,
    cells_layers,
    combined_lanes,
    damages_layer,
    drives_layer,
    segments_layer,
)
from roadscan.store.store import Store
from tests.publish.conftest import HOSTILE, NAME
from tests.store.sample_surveys import ORIGIN_M

SEGMENT_PROPERTIES = [
    "segment_id",
    "link_id",
    "direction",
    "street",
    "road_class",
    "surface",
    "from_m",
    "to_m",
    "length_m",
    "survey",
    "riss_pct",
    "afli_pct",
    "ofs_pct",
    "zw_riss",
    "zw_afli",
    "zw_ofs",
    "twsub",
    "twsub_basis",
    "score",
    "condition_class",
    "score_low",
    "score_high",
    "class_probability",
    "finding",
    "coverage",
    "cells",
    "views_mean",
    "confidence",
    "accuracy_m",
    "concern",
    "n_damages",
    "n_reviewed",
    "n_rejected",
    "reason",
    "lost",
    "scheme",
    "scheme_version",
    "model",
    "assessed_at",
    "street_key",
    "from_node",
    "to_node",
    "register",
    "from_station_m",
    "to_station_m",
    "from_street",
    "to_street",
    "towards",
]
DAMAGE_PROPERTIES = [
    "damage_id",
    "kind",
    "label",
    "link_id",
    "segment_id",
    "street",
    "offset_m",
    "left_m",
    "length_m",
    "width_m",
    "area_m2",
    "confidence",
    "n_observations",
    "n_passes",
    "n_passes_over",
    "first_seen",
    "last_seen",
    "accuracy_m",
    "photo",
    "review",
    "street_key",
    "from_node",
    "to_node",
    "register",
    "station_m",
    "from_street",
    "to_street",
    "towards",
]


@pytest.fixture(scope="module")
def segments(results: Results) -> geopandas.GeoDataFrame:
    return segments_layer(results)


@pytest.fixture(scope="module")
def cells(results: Results, store: Store) -> geopandas.GeoDataFrame:
    (layer,) = cells_layers(results, combined_lanes(store, results))
    return layer


def fields_of(layer: geopandas.GeoDataFrame) -> list[str]:
    return [name for name in layer.columns if name != "geometry"]


def test_a_segment_has_the_promised_fields_in_their_order(
    segments: geopandas.GeoDataFrame,
) -> None:
    assert fields_of(segments) == SEGMENT_PROPERTIES


def test_a_damage_has_the_promised_fields_in_their_order(results: Results) -> None:
    assert fields_of(damages_layer(results)) == DAMAGE_PROPERTIES


def test_every_segment_of_the_network_is_there_once(
    segments: geopandas.GeoDataFrame, results: Results
) -> None:
    # east 2 x 2, bend 2 x 3 (the rest of 50 m makes a third), setts one way 1
    assert segments["segment_id"].is_unique
    lanes = segments.groupby(["link_id", "direction"])["length_m"].sum().to_dict()
    assert lanes == pytest.approx(
        {
            ("east", "forward"): 40.0,
            ("east", "backward"): 40.0,
            ("bend", "forward"): 50.0,
            ("bend", "backward"): 50.0,
            ("setts", "forward"): 25.0,
        }
    )
    assert len(segments) == len(results.assessment.segments)


def test_a_segment_that_was_not_driven_has_no_score_and_says_so(
    segments: geopandas.GeoDataFrame,
) -> None:
    undriven = segments[segments["reason"] == "not_driven"]
    assert len(undriven) == len(segments) - 1
    empty = ["score", "condition_class", "twsub", "twsub_basis", "riss_pct", "assessed_at"]
    assert undriven[empty].isna().all(axis=None)
    assert (undriven["coverage"] == 0.0).all()


def test_a_scored_segment_says_what_its_score_rests_on(
    segments: geopandas.GeoDataFrame,
) -> None:
    row = segments.set_index("segment_id").loc["east:f:0"]
    assert (row["score"], row["condition_class"], row["twsub_basis"]) == (1.39, 1, "riss+ofs")
    assert np.isnan(row["afli_pct"])
    assert np.isnan(row["zw_afli"])
    assert row["reason"] is None
    assert row["assessed_at"] == "2026-06-10T08:26:52.3Z"
    assert (row["scheme"], row["survey"]) == ("ap9k", NAME)


def test_a_street_without_a_name_is_empty_not_blank(segments: geopandas.GeoDataFrame) -> None:
    assert set(segments["street"].dropna()) == {"Grüner Weg", HOSTILE}


def test_segments_lie_on_the_side_that_is_driven_on(segments: geopandas.GeoDataFrame) -> None:
    east = segments[segments["link_id"] == "east"].set_index("segment_id").geometry
    forward, backward = (
        shapely.get_coordinates(east[name]) - ORIGIN_M for name in ("east:f:0", "east:b:0")
    )
    assert forward == pytest.approx(np.array([(0, -1.5), (20, -1.5)]))
    assert backward == pytest.approx(np.array([(20, 1.5), (0, 1.5)]))


def test_a_damage_lies_in_the_lane_where_it_was_seen(results: Results) -> None:
    row = damages_layer(results).iloc[0]
    west, south, east, north = np.array(row.geometry.bounds) - np.tile(ORIGIN_M, 2)
    assert (west, east) == pytest.approx((3.1, 4.3))
    # driving east 1.5 m south of the middle, 0.5 m right to 0.3 m left of that
    assert (south, north) == pytest.approx((-2.0, -1.2))
    assert (row["offset_m"], row["left_m"]) == (3.7, -0.1)
    assert (row["length_m"], row["width_m"], row["area_m2"]) == (1.2, 0.8, 0.96)
    assert (row["first_seen"], row["last_seen"]) == (
        "2026-06-10T08:26:40.0Z",
        "2026-06-10T08:26:40.6Z",
    )


def test_a_drive_keeps_its_stretches_apart(results: Results) -> None:
    row = drives_layer(results).iloc[0]
    assert len(row.geometry.geoms) == 2
    assert (row["drive_id"], row["clock_offset_s"], row["clock_source"]) == (
        "drive-1",
        1.4,
        "motion",
    )
    assert row["started_at"] == "2026-06-10T08:26:40.0Z"


def test_cells_are_those_that_were_viewed_each_inside_its_segment(
    cells: geopandas.GeoDataFrame, segments: geopandas.GeoDataFrame
) -> None:
    assert len(cells) == 3 * (40 + 50)
    assert cells["cell_id"].is_unique
    lines = segments.set_index("segment_id").geometry
    middle = cells[cells["strip"] == 1]
    on_line = [
        lines[segment].distance(shape.centroid) < 0.2
        for segment, shape in zip(middle["segment_id"], middle.geometry, strict=True)
    ]
    assert all(on_line)


def test_a_hit_cell_says_by_what_and_for_which_indicator_it_counts(
    cells: geopandas.GeoDataFrame,
) -> None:
    hit = cells[cells["hits"].notna()]
    assert hit["cell_id"].tolist() == ["east:f:3:1", "east:f:4:1"]
    assert hit["hits"].tolist() == ["D40:1", "D40:1"]
    assert hit["ofs"].all()
    assert not hit[["riss", "afli"]].any(axis=None)


def test_many_cells_come_in_parts_that_are_together_the_same(
    results: Results, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = cells_layers(results, combined_lanes(store, results))
    monkeypatch.setattr(layer_frames, "CELLS_AT_ONCE", 100)
    parts = list(cells_layers(results, combined_lanes(store, results)))
    assert len(parts) > 1
    assert [cell for part in parts for cell in part["cell_id"]] == whole["cell_id"].tolist()


def test_a_survey_without_damages_and_views_has_empty_layers_with_all_fields(
    results: Results,
) -> None:
    nothing = replace(results, assessment=replace(results.assessment, damages=()))
    assert fields_of(damages_layer(nothing)) == DAMAGE_PROPERTIES
    (cells,) = cells_layers(nothing, [])
    assert len(cells) == 0
    assert fields_of(cells) == [field.name for field in LAYERS["cells"].fields]


def test_layers_are_in_the_metric_crs_of_the_network(results: Results) -> None:
    for layer in (segments_layer(results), damages_layer(results), drives_layer(results)):
        assert layer.crs.to_epsg() == 25833


def test_what_the_register_says_is_in_every_layer_with_a_link(
    results: Results, store: Store
) -> None:
    entry = RegisterEntry("11", "12", 200.0, 240.0, (("plz", "04275"),))
    junctions = ((0.0, "Mühlenweg"), (40.0, "Kirschweg"))
    links = tuple(
        replace(link, register=entry, junctions=junctions) for link in results.network.links
    )
    known = replace(results, network=replace(results.network, links=links))
    segments, damages = segments_layer(known), damages_layer(known)
    (cells,) = cells_layers(known, combined_lanes(store, known))
    for layer in (segments, damages, cells):
        assert set(layer["street_key"]) == {"0815"}
        assert set(layer["from_node"]) == {"11"}
        assert set(layer["register"]) == {'{"plz": "04275"}'}
    assert (segments["from_station_m"] == 200.0 + segments["from_m"]).all()
    assert (segments["to_station_m"] == 200.0 + segments["to_m"]).all()
    assert (damages["station_m"] == 200.0 + damages["offset_m"]).all()
    assert (cells["station_m"] == 200.5 + cells["row"]).all()
    east = segments[segments["link_id"] == "east"].iloc[0]
    assert (east["from_street"], east["to_street"]) == ("Mühlenweg", "Kirschweg")
    for _, segment in segments.iterrows():
        end = "to_street" if segment["direction"] == "forward" else "from_street"
        assert segment["towards"] == segment[end]
