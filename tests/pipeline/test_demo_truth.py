"""How right a run is: counted against damage that is known, and only in lanes that were driven."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyproj import Transformer

from roadscan.assess.segmentation import segments_of
from roadscan.pipeline.demo_truth import TruthCheck, check_against_truth
from roadscan.pipeline.run import RunResult, run
from roadscan.pipeline.scheme import load_scheme
from roadscan.read.network import read_network
from tests.small_drive import DAMAGES, EPSG, LANE_M, NORTH_M, WEST_M, SmallDrive


@pytest.fixture(scope="module")
def done(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run(
        [small_drive.video],
        network=small_drive.network,
        track=small_drive.track,
        camera=small_drive.camera,
        model=f"replay:{small_drive.detections}",
        out=tmp_path_factory.mktemp("done"),
        offset_s=0.0,
        privacy_model="none",
    )


def feature(kind: str, from_m: float, to_m: float, right_m: float, left_m: float) -> dict[str, Any]:
    """Write one damage as data_samples/make.py does; its cells are those of the link's lane."""
    link_id, start_m = ("HS-1", 0.0) if from_m < 130.0 else ("HS-2", 130.0)
    corners = [(from_m, right_m), (to_m, right_m), (to_m, left_m), (from_m, left_m)]
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    ring = [
        list(to_degrees.transform(WEST_M + along, NORTH_M - LANE_M + across))
        for along, across in [*corners, corners[0]]
    ]
    rows = range(int(from_m - start_m), int(to_m - start_m))
    properties = {
        "kind": kind,
        "link_id": link_id,
        "direction": "forward",
        "in_lane": True,
        "cells": [[row, 1] for row in rows],
    }
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def checked(
    done: RunResult, drive: SmallDrive, folder: Path, features: list[dict[str, Any]]
) -> TruthCheck:
    path = folder / "truth.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    scheme = load_scheme("ap9k")
    network = read_network(drive.network, scheme.lane_width_m)
    segments = segments_of(network, scheme)
    return check_against_truth(path, done.out / "roadscan.gpkg", network, segments, scheme)


def test_damage_that_was_found_is_found(
    done: RunResult, small_drive: SmallDrive, tmp_path: Path
) -> None:
    truth = checked(done, small_drive, tmp_path, [feature(*damage) for damage in DAMAGES])
    assert truth.recall == 1.0
    assert truth.precision == 1.0
    assert (truth.kinds["D40"].true, truth.kinds["D40"].found) == (2, 2)
    assert truth.segments == done.record.segments.assessed
    assert truth.score_error_mean is not None
    assert truth.score_error_mean < 1.0


def test_damage_elsewhere_or_of_another_kind_is_not(
    done: RunResult, small_drive: SmallDrive, tmp_path: Path
) -> None:
    beyond = [(k, a + 10.0, b + 10.0, r, t) for k, a, b, r, t in DAMAGES if k == "D40"]
    other = [("D10", *damage[1:]) for damage in DAMAGES if damage[0] == "D20"]
    truth = checked(done, small_drive, tmp_path, [feature(*damage) for damage in beyond + other])
    assert truth.recall == 0.0
    assert truth.precision == 0.0
    assert truth.kinds["D10"].found == 0


def test_damage_in_a_lane_that_was_not_driven_is_not_asked_for(
    done: RunResult, small_drive: SmallDrive, tmp_path: Path
) -> None:
    features = [feature(*damage) for damage in DAMAGES]
    for k, change in enumerate(({"direction": "backward"}, {"in_lane": False})):
        features[k]["properties"] |= change
    truth = checked(done, small_drive, tmp_path, features)
    assert sum(kind.true for kind in truth.kinds.values()) == len(DAMAGES) - 2
    assert truth.recall == 1.0
